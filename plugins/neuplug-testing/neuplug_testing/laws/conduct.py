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
from neuplug_testing.work import ROUNDING, again, alike

SOURCE = {
    "augmenter": "the generator that augment is given",
    "mixer": "the generator that mix is given",
    "generator": "context.seed in fit and seed in sample",
    "classifier": "torch's own state, which build is called with",
    "evaluator": "context.seed",
}


@law()
def same_seed_same_result(subject: ComponentSubject) -> None:
    """A new object with the same seed comes to the same result.

    Draw all that is random from the seed or generator that is handed over, and keep nothing from
    one object to the next.
    """
    if not alike(subject.value(), subject.value(number=1)):
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


@law("augmenter", "mixer", "generator", "classifier")
def other_seed_other_result(subject: ComponentSubject) -> None:
    """Another seed comes to another result.

    Take every random number from what is handed over; no seed of its own. An augmenter that has no
    randomness says deterministic = True.
    """
    check_random(subject)
    if alike(subject.value(), subject.value(seed=2)):
        raise Broken(f"Seeds 1 and 2 give the same: it does not use {SOURCE[subject.kind]}.")


@law()
def leaves_global_randomness_alone(subject: ComponentSubject) -> None:
    """The global generators of Python, NumPy and torch are neither read nor moved.

    Seed a generator of its own, numpy.random.default_rng(seed) or torch.Generator(), or wrap what
    draws from torch's state into neuplug.seeded(seed, device).
    """
    if moved := subject.worked().moved:
        raise Broken(f"It moves the global state of {' and '.join(moved)}.")
    one, again, other = subject.value(), subject.value(number=1), subject.value(world=2)
    if alike(one, again) and not alike(one, other):
        raise Broken("Its result depends on a global generator's state.")


@law()
def pickles(subject: ComponentSubject) -> None:
    """It can be sent to a process that was started anew, before and after its work, and works.

    Keep lambdas, open files, locks and local classes out of self: make them where they are used, or
    leave them out in __getstate__.
    """
    used = subject.worked().component
    if isinstance(subject.new_elsewhere, ElsewhereError):
        raise Broken(f"Sent to another process, {subject.new_elsewhere}.")
    with contextlib.suppress(Exception):  # what cannot be pickled is told of below
        if pickle.dumps(used) == pickle.dumps(subject.make()):
            return
    try:
        subject.elsewhere(used, 1)
    except ElsewhereError as error:
        raise Broken(f"Sent to another process after its work, {error}.") from error


@law()
def same_result_in_another_process(subject: ComponentSubject) -> None:
    """A process started anew comes to the same result.

    Derive seeds by neuplug.derive_seed, not by hash(), which differs from process to process; sort
    what comes out of a set or a folder.
    """
    one, other = subject.value(), subject.new_elsewhere
    if isinstance(other, ElsewhereError):
        raise Unchecked("it does not get there; see the law pickles")
    if not alike(one, subject.value(number=1)):
        raise Unchecked("not even here are two results the same; see same-seed-same-result")
    if not alike(one, other, ROUNDING):
        raise Broken("Another process gives another result with the same seed.")


@law(fast=True)
def changes_nothing_in_place(subject: ComponentSubject) -> None:
    """The tensors that it is given stay as they are.

    Work on a copy: tensor.clone(), or operations without a trailing underscore.
    """
    if changed := subject.worked().done.changed:
        raise Broken(f"It changes the {' and '.join(changed)} that it is given in place.")


@law(fast=True)
def stays_offline(subject: ComponentSubject) -> None:
    """It reaches for no network.

    Ask for nothing online without an option that says so and is off by default; let the user put a
    file in place.
    """
    watch = subject.watched()
    if watch.connections:
        raise Broken(f"It asks for {watch.connections[0]}.")
    _saw_everything(watch)


@law(fast=True)
def writes_nowhere_else(subject: ComponentSubject) -> None:
    """It writes below its folder alone, but for caches, and the working folder stays empty.

    Write figures below context.folder, passing files with the module tempfile, and nothing else.
    """
    watch = subject.watched()
    if watch.files:
        raise Broken(f"It writes {watch.files[0]}.")
    _saw_everything(watch)


@law(fast=True)
def leaves_the_process_as_it_is(subject: ComponentSubject) -> None:
    """What there is one of in a process is as before: torch's settings, signals, threads and so on.

    Change such a thing within a with statement that puts it back, as torch.no_grad(),
    warnings.catch_warnings(), matplotlib.rc_context() and contextlib.chdir() do, and join every
    thread.
    """
    # the first run imports libraries, which have their own ways
    if settings := subject.worked(number=1).settings:
        raise Broken(f"It {', and '.join(settings)}.")


@law(fast=True)
def prints_nothing(subject: ComponentSubject) -> None:
    """It writes nothing to the standard output, by Python or past it.

    Leave the standard output to the command, whose --json a program reads: warnings go into the
    FitRecord or the Evaluation, live figures to context.progress, all else to the module logging.
    """
    if printed := subject.worked().printed:
        raise Broken(f"It prints {reprlib.repr(printed[0])}.")


def _saw_everything(watch: Watch) -> None:
    if watch.processes:
        raise Unchecked(
            f"it starts another process ({watch.processes[0]}), which cannot be watched from here"
        )


@law()
def memory_does_not_grow(subject: ComponentSubject) -> None:
    """Calling it again and again leaves nothing behind.

    Look for lists and caches that every call adds to, for tensors kept with their gradients (use
    detach() or no_grad), and close every figure.
    """
    used, form, folder = subject.worked().component, subject.form, subject.folder()
    if left := growth(lambda i: again(subject.kind, used, form, 10 + i, folder)):
        raise Broken(f"Its memory grows: {left}.")
