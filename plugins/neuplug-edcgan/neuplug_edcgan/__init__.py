"""EDCGAN: DCGAN with an ELU and alpha-dropout discriminator for neuplug: what the plugin offers."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_generators() -> Iterable[Component]:
    """Offer ``edcgan``."""
    yield Component(
        "edcgan",
        "neuplug_edcgan.generator:EDCGAN",
        "DCGAN whose discriminator has ELU and alpha-dropout, no batch norm",
    )
