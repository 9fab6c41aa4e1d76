"""Controls for neuplug: arms that add nothing new, to measure augmentation against."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters() -> Iterable[Component]:
    """Offer ``oversample``, ``class_weights``."""
    yield Component(
        "oversample",
        "neuplug_controls.oversample:Oversample",
        "control: the same images more often",
    )
    yield Component(
        "class_weights",
        "neuplug_controls.class_weights:ClassWeights",
        "control: images of scarce classes count more in the loss",
    )


@hookimpl
def neuplug_generators() -> Iterable[Component]:
    """Offer ``duplicate``."""
    yield Component(
        "duplicate",
        "neuplug_controls.duplicate:Duplicate",
        "control: copies of training images passed off as generated ones",
    )
