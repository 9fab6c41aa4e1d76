"""What augmenters and partly mixers owe besides; some augmenters work with their neighbour."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from neuplug.plugins.component import Augmenter, Mixer
from neuplug.plugins.registry import discover
from neuplug_testing.law import Broken, Unchecked, law, may_fail, must_work
from neuplug_testing.laws.conduct import check_random
from neuplug_testing.pictures import Format, training_set
from neuplug_testing.probes import global_random_states
from neuplug_testing.subjects import ComponentSubject
from neuplug_testing.work import alike, on_batch

# Which of 24 images are others: irregular, so that each shift or pairing meets the rest
OTHERS = (8, 11, 12, 14, 17, 18, 22)

# To see fused augmenters with: how many images, and the pixels of a side within which it does not
# matter where exactly something is
FEW, BLOCK = 12, 8


@law("augmenter", "mixer")
def every_batch_is_new(subject: ComponentSubject) -> None:
    """The next batch from the same generator is changed in another way.

    Draw from the generator itself, which each draw moves on; its initial_seed() stays the same for
    every batch.
    """
    check_random(subject)
    used: Augmenter | Mixer = subject.worked().component
    images, rng = training_set(subject.form).images, torch.Generator().manual_seed(1)
    one, other = (on_batch(used, images, rng) for _ in range(2))
    if alike(one, other):
        raise Broken("Two batches in a row are changed alike.")


@law("augmenter", "mixer")
def workers_differ(subject: ComponentSubject) -> None:
    """Copies of a used one in two workers, each with a seed of its own, differ.

    Keep no generator in self: the copies that loader workers get would all go on from the same
    state.
    """
    check_random(subject)
    used = subject.worked().component
    with may_fail("it does not get there; see the law pickles"):
        one, other = (subject.elsewhere(used, seed) for seed in (2, 3))
    if alike(one, other):
        raise Broken("Two workers with different seeds repeat each other's random numbers.")


def _called(subject: ComponentSubject, images: Tensor) -> tuple[Any, Tensor]:
    """What a used object makes of images, and the state that it leaves its generator in."""
    used: Augmenter | Mixer = subject.worked().component
    rng = torch.Generator().manual_seed(1)
    with global_random_states(1):  # what reads them breaks another law
        changed = on_batch(used, images.clone(), rng)
    return changed, rng.get_state()


def check_repeatable(subject: ComponentSubject) -> None:
    """Go on only if new objects do the same with the same seed.

    Raises:
        Unchecked: If they do not.
    """
    if not alike(subject.value(), subject.value(number=1)):
        raise Unchecked("not even two new objects do the same; see same-seed-same-result")


@law("augmenter", "mixer")
def calls_keep_no_state(subject: ComponentSubject) -> None:
    """A used object does the same to the same images with an equal generator, call after call.

    Keep nothing in self that a call changes, such as a count of calls or an image that was seen:
    what is done to a batch must not depend on what came before it.
    """
    check_repeatable(subject)
    first = subject.worked()
    images = training_set(subject.form).images
    (one, _), (other, _) = (_called(subject, images) for _ in range(2))
    new = first.moved or alike(one, first.done.value)  # or else a global generator had its part
    if not (new and alike(one, other)):
        raise Broken("The same images with an equal generator give another result the second time.")


@law("augmenter")
def changes_each_image_by_itself(subject: ComponentSubject) -> None:
    """With an equal generator, what becomes of an image does not depend on the others.

    Change each image in its place and by itself: no shuffling, no mixing and no statistics of the
    batch, which holds images of all classes, whose labels stay as they are.
    """
    check_repeatable(subject)
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
        raise Broken("When some images of a batch change, the results of the others change too.")


class _Negative(Augmenter):
    """Another plugin's augmenter, of which no other knows anything."""

    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        return 255 - images


def _neighbours(subject: ComponentSubject) -> Iterator[tuple[str, Augmenter, Augmenter]]:
    """Augmenters that may follow, each twice: one to be fused with, one to be left alone."""
    yield "another of its kind", subject.make(), subject.make()
    mine = subject.provided
    for provided in discover().of_kind("augmenter"):
        if provided.distribution == mine.distribution and provided.name != mine.name:
            with contextlib.suppress(Exception):  # another component's faults, told of there
                sibling = ComponentSubject(provided)
                found = sibling.make(), sibling.make()
                found[0].check_images(subject.form.channels, subject.form.image_size)
                yield provided.name, *found
    yield "another plugin's augmenter", _Negative(), _Negative()


def _changed(form: Format, *augmenters: Augmenter) -> Tensor:
    """Smooth images after the augmenters in turn: resampling hardly blurs them further."""
    rng = torch.Generator().manual_seed(1)
    rough = training_set(form).images[:FEW].float()
    images = F.avg_pool2d(rough, 5, stride=1, padding=2, count_include_pad=False).byte()
    for augmenter in augmenters:
        images = augmenter.augment(images, rng)
    return images


def _looks(images: Tensor) -> Tensor:
    """Mean and deviation of every block: the same wherever exactly in it noise has fallen."""
    levels = images.float()
    mean, square = (F.avg_pool2d(part, BLOCK, ceil_mode=True) for part in (levels, levels.square()))
    return torch.stack([mean, (square - mean.square()).clamp(min=0).sqrt()])


def _gap(one: Tensor, other: Tensor) -> float:
    return float((_looks(one) - _looks(other)).abs().mean())


@law("augmenter")
def fusing_does_both(subject: ComponentSubject) -> None:
    """What ``fuse`` returns does what the two do in turn, and both stay as they are.

    Return None for every augmenter that it does not know, first of all another plugin's, and else a
    new object that does both with what the two would draw from the generator.
    """
    subject.worked()
    if getattr(subject.component, "fuse", None) is Augmenter.fuse:
        return
    for name, following, untouched in _neighbours(subject):
        first, form = subject.make(), subject.form
        with must_work(f"fuse fails with {name}"):
            fused = first.fuse(following)
        if not torch.equal(_changed(form, first), _changed(form, subject.make())):
            raise Broken(f"Asked to fuse with {name}, it is changed itself.")
        if fused is None:
            continue
        if not isinstance(fused, Augmenter):
            raise Broken(f"With {name} fuse returns a {type(fused).__name__}.")
        if not torch.equal(_changed(form, following), _changed(form, untouched)):
            raise Broken(f"Fused with {name}, it leaves that one changed.")
        _does_both(form, first, following, fused, name)


def _does_both(
    form: Format, first: Augmenter, following: Augmenter, fused: Augmenter, name: str
) -> None:
    """Nothing less than the two in turn may be closer to what they do at once.

    With random numbers of its own it would as a rule be closer to the images as they were.
    """
    in_turn = _changed(form, first, following)
    with must_work(f"Fused with {name} it fails"):
        at_once = _changed(form, fused)
    if at_once.dtype != in_turn.dtype or at_once.shape != in_turn.shape:
        raise Broken(
            f"Fused with {name} it returns {at_once.dtype} {tuple(at_once.shape)} instead of "
            f"{in_turn.dtype} {tuple(in_turn.shape)}."
        )
    gap = _gap(at_once, in_turn)
    for less, images in {
        "images that nothing was done to": _changed(form),
        "what the first does alone": _changed(form, first),
        "what the second does alone": _changed(form, following),
    }.items():
        if _gap(at_once, images) < gap:
            raise Broken(f"Fused with {name} it is nearer to {less} than to the two in turn.")
