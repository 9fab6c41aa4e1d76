"""What augmenters owe besides."""

from __future__ import annotations

import torch

from neuplug.testing.elsewhere import ElsewhereError
from neuplug.testing.law import Broken, Unchecked, law
from neuplug.testing.pictures import training_set
from neuplug.testing.subjects import ComponentSubject


def _random(subject: ComponentSubject) -> None:
    if subject.component.control:
        raise Unchecked("it is a control, which adds nothing new")
    if getattr(subject.component, "deterministic", False):
        raise Unchecked("it says that it is deterministic")


@law(
    "augmenter",
    advice="Draw from the generator itself, which each draw moves on; its initial_seed() stays the "
    "same for every batch.",
)
def every_batch_is_new(subject: ComponentSubject) -> None:
    """The next batch from the same generator is changed in another way."""
    _random(subject)
    run, _ = subject.worked()
    images, rng = training_set(subject.form).images, torch.Generator().manual_seed(1)
    one, other = (run.component.augment(images, rng) for _ in range(2))
    if torch.equal(one, other):
        raise Broken("Two batches in a row are changed alike.")


@law(
    "augmenter",
    advice="Keep no generator in self: the copies that loader workers get would all go on from the "
    "same state.",
)
def workers_differ(subject: ComponentSubject) -> None:
    """Copies of a used augmenter in two workers, each with a seed of its own, differ."""
    _random(subject)
    run, _ = subject.worked()
    try:
        one, other = (subject.elsewhere(run.component, seed) for seed in (2, 3))
    except ElsewhereError as error:
        raise Unchecked("it does not get there; see the law pickles") from error
    if torch.equal(one, other):
        raise Broken("Two workers with different seeds repeat each other's random numbers.")


LAWS = (every_batch_is_new, workers_differ)
