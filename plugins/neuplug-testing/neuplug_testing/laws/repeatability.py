"""No hidden randomness."""

from __future__ import annotations

import pickle

from neuplug_testing.elsewhere import ElsewhereError
from neuplug_testing.law import Broken, Unchecked, law
from neuplug_testing.laws.plugins import KINDS
from neuplug_testing.subjects import ComponentSubject
from neuplug_testing.work import alike

# Another process may add numbers up in another order
ELSEWHERE = 1e-3

SOURCE = {
    "augmenter": "the generator that augment is given",
    "generator": "context.seed in fit and seed in sample",
    "classifier": "torch's own state, which build is called with",
    "evaluator": "context.seed",
}


@law(
    *KINDS,
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


@law(
    "augmenter",
    "generator",
    "classifier",
    advice="Take every random number from what is handed over; no seed of its own. An augmenter "
    "that has no randomness says deterministic = True.",
)
def other_seed_other_result(subject: ComponentSubject) -> None:
    """Another seed comes to another result."""
    if subject.component.control:
        raise Unchecked("it is a control, which adds nothing new")
    if getattr(subject.component, "deterministic", False):
        raise Unchecked("it says that it is deterministic")
    (_, one), (_, other) = subject.worked(), subject.worked(seed=2)
    if alike(one.value, other.value):
        raise Broken(f"Seeds 1 and 2 give the same: it does not use {SOURCE[subject.kind]}.")


@law(
    *KINDS,
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
    *KINDS,
    advice="Keep lambdas, open files, locks and local classes out of self: make them where they "
    "are used, or leave them out in __getstate__.",
)
def pickles(subject: ComponentSubject) -> None:
    """It can be sent to a process that was started anew, before and after its work, and works."""
    run, _ = subject.worked()
    if isinstance(subject.new_elsewhere, ElsewhereError):
        raise Broken(f"Sent to another process, {subject.new_elsewhere}.")
    used = _pickled(run.component)
    if used and used == _pickled(subject.make()):
        return
    try:
        subject.elsewhere(run.component, 1)
    except ElsewhereError as error:
        raise Broken(f"Sent to another process after its work, {error}.") from error


def _pickled(component: object) -> bytes:
    try:
        return pickle.dumps(component)
    except Exception:
        return b""


@law(
    *KINDS,
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


LAWS = (
    same_seed_same_result,
    other_seed_other_result,
    leaves_global_randomness_alone,
    pickles,
    same_result_in_another_process,
)
