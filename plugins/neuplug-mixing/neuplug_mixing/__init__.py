"""Mixing of a batch's images for neuplug: mixup, cutmix, and patches within a class."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl

_MIXERS = "neuplug_mixing.mixers"


@hookimpl
def neuplug_augmenters() -> Iterable[Component]:
    """Offer the three mixers."""
    yield Component("mixup", f"{_MIXERS}:Mixup", "weighted means of two images", mixes=True)
    yield Component("cutmix", f"{_MIXERS}:Cutmix", "a box of another image", mixes=True)
    yield Component(
        "patchmix", f"{_MIXERS}:Patchmix", "a box of another image of the same class", mixes=True
    )
