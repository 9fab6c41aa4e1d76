"""What mixers owe besides."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from neuplug.experiment.steps.generate import SUM_ROUNDING, check_targets
from neuplug.plugins.component import Mixer
from neuplug_testing.law import Broken, Unchecked, law, may_fail, must_work
from neuplug_testing.laws.augmenters import check_repeatable
from neuplug_testing.pictures import training_set
from neuplug_testing.probes import global_random_states
from neuplug_testing.subjects import ComponentSubject
from neuplug_testing.work import alike, mixed_batch, one_hot

# By which a class's share of an image's targets and of its grey levels may differ: ways to count
# may, and what forgets the other image differs by one half or more
CLOSE = 0.25
# Batches in which that is looked for, since a mixer may leave some as they are
BATCHES = 8


def _mix(subject: ComponentSubject, images: Tensor, labels: Tensor, seed: int = 1) -> Any:
    """What a used object makes of a batch."""
    used: Mixer = subject.worked().component
    rng = torch.Generator().manual_seed(seed)
    with global_random_states(1):  # what reads them breaks another law
        return mixed_batch(used, images.clone(), one_hot(labels), rng)


def _shares(targets: Tensor, labels: Tensor) -> Tensor:
    """The same targets, if these are shares.

    Raises:
        Unchecked: If they are not.
    """
    with may_fail("its targets are no shares; see the law targets-are-shares"):
        check_targets(targets, tuple(one_hot(labels).shape))
    return targets


@law("mixer", fast=True)
def targets_are_shares(subject: ComponentSubject) -> None:
    """Its targets are float32 (N, classes) from 0 to 1, and each row sums to 1.

    Give each image the same mean of two rows as of two images: targets * kept + targets[partners] *
    (1 - kept), with kept from 0 to 1 and float32.
    """
    labels = training_set(subject.form).labels
    try:
        check_targets(subject.value()["targets"], tuple(one_hot(labels).shape))
    except (TypeError, ValueError) as wrong:
        said = str(wrong)
        raise Broken(f"{said[:1].upper()}{said[1:]}.") from None


@law("mixer")
def targets_say_what_images_show(subject: ComponentSubject) -> None:
    """Black images of one class and white ones of another become as white as their targets say.

    Take images and targets by the same indices and in the same shares, those of the pixels that an
    image really has from each.
    """
    images = training_set(subject.form).images
    labels = torch.arange(len(images)) % 2
    images = torch.empty_like(images).copy_((labels * 255).view(-1, 1, 1, 1))
    for seed in range(BATCHES):
        mixed = _mix(subject, images, labels, seed)
        shares = _shares(mixed["targets"], labels)[:, 1]
        white = mixed["images"].float().mean((1, 2, 3)) / 255
        i = int((white - shares).abs().argmax())
        if abs(white[i] - shares[i]) > CLOSE:
            raise Broken(
                f"It makes an image that is {white[i]:.0%} white, of which the class of white "
                f"images has a share of {shares[i]:.0%}."
            )


@law("mixer")
def classes_have_no_order(subject: ComponentSubject) -> None:
    """If two classes change places, their columns of the targets do, and images are as before.

    Use a class's number for nothing but to tell classes apart: classes are in the order of their
    names.
    """
    check_repeatable(subject)
    train = training_set(subject.form)
    one = _mix(subject, train.images, train.labels)
    if not alike(one, _mix(subject, train.images, train.labels)):
        raise Unchecked("not even the same batch comes out alike; see calls-keep-no-state")
    other = _mix(subject, train.images, 1 - train.labels)
    expected = one["images"], _shares(one["targets"], train.labels).flip(1)
    found = other["images"], _shares(other["targets"], train.labels)
    for what, before, after in zip(("images", "targets"), expected, found, strict=True):
        if not torch.allclose(before.float(), after.float(), atol=SUM_ROUNDING):
            raise Broken(f"When the classes change places, it makes other {what} of a batch.")


@law("mixer")
def takes_a_batch_of_one_class(subject: ComponentSubject) -> None:
    """A batch may have images of one class alone; no other class then has a share of them.

    Look for a partner among the images that are there, the image itself if there is no other, and
    take targets from nothing but theirs.
    """
    subject.worked()
    mine = training_set(subject.form).of_class(1)
    with must_work("With images of one class alone it fails"):
        mixed = _mix(subject, mine.images, mine.labels)
    others = float(_shares(mixed["targets"], mine.labels)[:, 0].max())
    if others > SUM_ROUNDING:
        raise Broken(f"It gives a class of which no image is in the batch a share of {others:.1%}.")
