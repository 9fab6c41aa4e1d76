"""t-SNE maps of real beside generated images, on openTSNE for neuplug: what the plugin offers."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_evaluators() -> Iterable[Component]:
    """Offer ``tsne``."""
    yield Component(
        "tsne",
        "neuplug_tsne.evaluator:TSNE",
        "t-SNE maps of real beside generated images, class by class",
    )
