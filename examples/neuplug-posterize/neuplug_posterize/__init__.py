"""Posterize for neuplug."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters() -> Iterable[Component]:
    """Offer ``posterize``."""
    yield Component("posterize", "neuplug_posterize.augmenter:Posterize", "fewer grey levels")
