"""What augmenters that work at once with their neighbour owe."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from neuplug.plugins.augmenter import Augmenter
from neuplug.plugins.registry import discover
from neuplug_testing.law import Broken, law
from neuplug_testing.pictures import Format, training_set
from neuplug_testing.subjects import ComponentSubject, told

IMAGES = 12
# Pixels of a side within which it does not matter where exactly something is
BLOCK = 8


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
    rough = training_set(form).images[:IMAGES].float()
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


@law(
    "augmenter",
    advice="Return None for every augmenter that it does not know, first of all another plugin's, "
    "and else a new object that does both with what the two would draw from the generator.",
)
def fusing_does_both(subject: ComponentSubject) -> None:
    """What ``fuse`` returns does what the two do in turn, and both stay as they are."""
    subject.worked()
    if getattr(subject.component, "fuse", None) is Augmenter.fuse:
        return
    for name, following, untouched in _neighbours(subject):
        first, form = subject.make(), subject.form
        try:
            fused = first.fuse(following)
        except Exception as error:
            raise Broken(f"fuse fails with {name}: {told(error)}.") from error
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
    try:
        at_once = _changed(form, fused)
    except Exception as error:
        raise Broken(f"Fused with {name} it fails: {told(error)}.") from error
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


LAWS = (fusing_does_both,)
