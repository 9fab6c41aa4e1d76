"""What a component must leave alone while it works."""

from __future__ import annotations

import reprlib

from neuplug_testing.law import Broken, Unchecked, law
from neuplug_testing.laws.plugins import KINDS
from neuplug_testing.probes import growth
from neuplug_testing.subjects import ComponentSubject
from neuplug_testing.watch import Watch
from neuplug_testing.work import again


@law(*KINDS, advice="Work on a copy: tensor.clone(), or operations without a trailing underscore.")
def changes_nothing_in_place(subject: ComponentSubject) -> None:
    """The tensors that it is given stay as they are."""
    _, done = subject.worked()
    if done.changed:
        raise Broken(f"It changes the {' and '.join(done.changed)} that it is given in place.")


@law(
    *KINDS,
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
    *KINDS,
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
    *KINDS,
    advice="Change such a thing within a with statement that puts it back, as torch.no_grad(), "
    "warnings.catch_warnings() and contextlib.chdir() do, and join every thread.",
)
def leaves_the_process_as_it_is(subject: ComponentSubject) -> None:
    """Torch's settings, the environment, the working folder, warnings and threads are as before."""
    run, _ = subject.worked(number=1)  # the first one imports libraries, which have their own ways
    if run.settings:
        raise Broken(f"It {', and '.join(run.settings)}.")


@law(
    *KINDS,
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
    *KINDS,
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


LAWS = (
    changes_nothing_in_place,
    stays_offline,
    writes_nowhere_else,
    leaves_the_process_as_it_is,
    prints_nothing,
    memory_does_not_grow,
)
