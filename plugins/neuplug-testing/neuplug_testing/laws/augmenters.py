"""What augmenters owe besides."""

from __future__ import annotations

import torch
from torch import Tensor

from neuplug_testing.elsewhere import ElsewhereError
from neuplug_testing.law import Broken, Unchecked, law
from neuplug_testing.pictures import training_set
from neuplug_testing.probes import global_random_states
from neuplug_testing.subjects import ComponentSubject
from neuplug_testing.work import alike

# Which of 24 images are others: irregular, so that each shift or pairing meets the rest
OTHERS = (8, 11, 12, 14, 17, 18, 22)


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


def _called(subject: ComponentSubject, images: Tensor) -> tuple[Tensor, Tensor]:
    """What a used object makes of images, and the state that it leaves its generator in."""
    run, _ = subject.worked()
    rng = torch.Generator().manual_seed(1)
    with global_random_states(1):  # what reads them breaks another law
        changed: Tensor = run.component.augment(images.clone(), rng)
    return changed, rng.get_state()


def _repeatable(subject: ComponentSubject) -> None:
    (_, one), (_, other) = subject.worked(), subject.worked(number=1)
    if not alike(one.value, other.value):
        raise Unchecked("not even two new objects do the same; see same-seed-same-result")


@law(
    "augmenter",
    advice="Keep nothing in self that a call changes, such as a count of calls or an image that "
    "was seen: what is done to a batch must not depend on what came before it.",
)
def calls_keep_no_state(subject: ComponentSubject) -> None:
    """A used object does the same to the same images with an equal generator, call after call."""
    _repeatable(subject)
    run, first = subject.worked()
    images = training_set(subject.form).images
    (one, _), (other, _) = (_called(subject, images) for _ in range(2))
    new = run.moved or torch.equal(one, first.value)  # or else a global generator had its part
    if not (new and torch.equal(one, other)):
        raise Broken("The same images with an equal generator come out otherwise the second time.")


@law(
    "augmenter",
    advice="Change each image in its place and by itself: no shuffling, no mixing and no "
    "statistics of the batch, which holds images of all classes, whose labels stay as they are.",
)
def changes_each_image_by_itself(subject: ComponentSubject) -> None:
    """With an equal generator, what becomes of an image does not depend on the others."""
    _repeatable(subject)
    images = training_set(subject.form).images
    others = images.clone()
    others[list(OTHERS)] = 255 - images[list(OTHERS)]
    one, end = _called(subject, images)
    if not torch.equal(one, _called(subject, images)[0]):
        raise Unchecked("not even the same images come out alike; see calls-keep-no-state")
    other, other_end = _called(subject, others)
    # an image may decide how much is drawn for it, and so what is left for those after it
    comparable = len(images) if torch.equal(end, other_end) else min(OTHERS)
    same = [i for i in range(comparable) if i not in OTHERS]
    if not torch.equal(one[same], other[same]):
        raise Broken("Where some images of a batch are others, the rest come out otherwise too.")


LAWS = (every_batch_is_new, workers_differ, calls_keep_no_state, changes_each_image_by_itself)
