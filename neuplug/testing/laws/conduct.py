"""What a component must leave alone while it works."""

from __future__ import annotations

from neuplug.testing.law import Broken, Unchecked, law
from neuplug.testing.laws.plugins import KINDS
from neuplug.testing.probes import growth
from neuplug.testing.subjects import ComponentSubject
from neuplug.testing.watch import Watch
from neuplug.testing.work import again


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


LAWS = (changes_nothing_in_place, stays_offline, writes_nowhere_else, memory_does_not_grow)
