"""DCGAN (Radford et al. 2016) for neuplug."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_generators() -> Iterable[Component]:
    """Offer ``dcgan``."""
    yield Component(
        "dcgan",
        "neuplug_dcgan.generator:DCGAN",
        "deep convolutional GAN, any size from 28 to 256, grey or RGB",
    )
