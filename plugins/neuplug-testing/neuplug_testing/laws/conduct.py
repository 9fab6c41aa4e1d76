"""What a component does to the world, and what its result follows from."""

from __future__ import annotations

import contextlib
import pickle
import reprlib

from neuplug_testing.elsewhere import ElsewhereError
from neuplug_testing.law import Broken, Unchecked, law
from neuplug_testing.probes import growth
from neuplug_testing.subjects import ComponentSubject
from neuplug_testing.watch import Watch
from neuplug_testing.work import again, alike

# Another process may add numbers up in another order
ELSEWHERE = 1e-3

SOURCE = {
    "augmenter": "the generator that augment is given",
    "generator": "context.seed in fit and seed in sample",
    "classifier": "torch's own state, which build is called with",
    "evaluator": "context.seed",
}


@law(
    advice="Draw all that is random from the seed or generator that is handed over, and keep "
    "nothing from one object to the next.",
)
def same_seed_same_result(subject: ComponentSubject) -> None:
    """A new object with the same seed comes to the same result."""
    (_, one), (_, other) = subject.worked(), subject.worked(number=1)
    if not alike(one.value, other.value):
        raise Broken(
            f"Two new objects with the same seed differ: {SOURCE[subject.kind]} does not decide "
            "everything."
        )


def check_random(subject: ComponentSubject) -> None:
    """Go on only if the component is one whose results should differ with the seed.

    Raises:
        Unchecked: Says why they need not.
    """
    if subject.component.control:
        raise Unchecked("it is a control, which adds nothing new")
    if getattr(subject.component, "deterministic", False):
        raise Unchecked("it says that it is deterministic")


@law(
    "augmenter",
    "generator",
    "classifier",
    advice="Take every random number from what is handed over; no seed of its own. An augmenter "
    "that has no randomness says deterministic = True.",
)
def other_seed_other_result(subject: ComponentSubject) -> None:
    """Another seed comes to another result."""
    check_random(subject)
    (_, one), (_, other) = subject.worked(), subject.worked(seed=2)
    if alike(one.value, other.value):
        raise Broken(f"Seeds 1 and 2 give the same: it does not use {SOURCE[subject.kind]}.")


@law(
    advice="Seed a generator of its own, numpy.random.default_rng(seed) or torch.Generator(), or "
    "wrap what draws from torch's state into neuplug.seeded(seed, device).",
)
def leaves_global_randomness_alone(subject: ComponentSubject) -> None:
    """The global generators of Python, NumPy and torch are neither read nor moved."""
    run, one = subject.worked()
    if run.moved:
        raise Broken(f"It moves the global state of {' and '.join(run.moved)}.")
    _, again = subject.worked(number=1)
    _, other = subject.worked(world=2)
    if alike(one.value, again.value) and not alike(one.value, other.value):
        raise Broken("Its result depends on a global generator's state.")


@law(
    advice="Keep lambdas, open files, locks and local classes out of self: make them where they "
    "are used, or leave them out in __getstate__.",
)
def pickles(subject: ComponentSubject) -> None:
    """It can be sent to a process that was started anew, before and after its work, and works."""
    run, _ = subject.worked()
    if isinstance(subject.new_elsewhere, ElsewhereError):
        raise Broken(f"Sent to another process, {subject.new_elsewhere}.")
    with contextlib.suppress(Exception):  # what cannot be pickled is told of below
        if pickle.dumps(run.component) == pickle.dumps(subject.make()):
            return
    try:
        subject.elsewhere(run.component, 1)
    except ElsewhereError as error:
        raise Broken(f"Sent to another process after its work, {error}.") from error


@law(
    advice="Derive seeds by neuplug.derive_seed, not by hash(), which differs from process to "
    "process; sort what comes out of a set or a folder.",
)
def same_result_in_another_process(subject: ComponentSubject) -> None:
    """A process started anew comes to the same result."""
    _, one = subject.worked()
    other = subject.new_elsewhere
    if isinstance(other, ElsewhereError):
        raise Unchecked("it does not get there; see the law pickles")
    _, again = subject.worked(number=1)
    if not alike(one.value, again.value):
        raise Unchecked("not even here are two results the same; see same-seed-same-result")
    if not alike(one.value, other, ELSEWHERE):
        raise Broken("Another process comes to another result with the same seed.")


@law(advice="Work on a copy: tensor.clone(), or operations without a trailing underscore.")
def changes_nothing_in_place(subject: ComponentSubject) -> None:
    """The tensors that it is given stay as they are."""
    _, done = subject.worked()
    if done.changed:
        raise Broken(f"It changes the {' and '.join(done.changed)} that it is given in place.")


@law(
    advice="Ask for nothing online without an option that says so and is off by default; let the "
    "user put a file in place.",
)
def stays_offline(subject: ComponentSubject) -> None:
    """It reaches for no network."""
    watch = subject.watched()
    if watch.connections:
        raise Broken(f"It asks for {watch.connections[0]}.")
    _saw_everything(watch)


@law(
    advice="Write figures below context.folder, passing files with the module tempfile, and "
    "nothing else.",
)
def writes_nowhere_else(subject: ComponentSubject) -> None:
    """It writes below its folder alone, but for caches, and the working folder stays empty."""
    watch = subject.watched()
    if watch.files:
        raise Broken(f"It writes {watch.files[0]}.")
    _saw_everything(watch)


@law(
    advice="Change such a thing within a with statement that puts it back, as torch.no_grad(), "
    "warnings.catch_warnings() and contextlib.chdir() do, and join every thread.",
)
def leaves_the_process_as_it_is(subject: ComponentSubject) -> None:
    """Torch's settings, the environment, the working folder, warnings and threads are as before."""
    run, _ = subject.worked(number=1)  # the first one imports libraries, which have their own ways
    if run.settings:
        raise Broken(f"It {', and '.join(run.settings)}.")


@law(
    advice="Leave the standard output to the command, whose --json a program reads: warnings go "
    "into the FitRecord or the Evaluation, live figures to context.progress, all else to the "
    "module logging.",
)
def prints_nothing(subject: ComponentSubject) -> None:
    """It writes nothing to the standard output."""
    run, _ = subject.worked()
    if run.printed:
        raise Broken(f"It prints {reprlib.repr(run.printed.splitlines()[0])}.")


def _saw_everything(watch: Watch) -> None:
    if watch.processes:
        raise Unchecked(
            f"it starts another process ({watch.processes[0]}), which cannot be watched from here"
        )


@law(
    advice="Look for lists and caches that every call adds to, for tensors kept with their "
    "gradients (use detach() or no_grad), and close every figure.",
)
def memory_does_not_grow(subject: ComponentSubject) -> None:
    """Calling it again and again leaves nothing behind."""
    run, _ = subject.worked()
    form, folder = subject.form, subject.folder()
    left = growth(lambda i: again(subject.kind, run.component, form, 10 + i, folder))
    if left:
        raise Broken(f"Its memory grows: {left}.")
