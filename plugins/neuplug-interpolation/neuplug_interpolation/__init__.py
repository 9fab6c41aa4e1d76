"""Latent interpolation between images for neuplug: what the plugin offers."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_evaluators() -> Iterable[Component]:
    """Offer ``interpolation``."""
    yield Component(
        "interpolation",
        "neuplug_interpolation.evaluator:Interpolation",
        "walks through a generator's latent space, beside plain cross-fading",
    )
