"""Whether a generator copies its training images, for neuplug: what the plugin offers."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_evaluators() -> Iterable[Component]:
    """Offer ``memorization``."""
    yield Component(
        "memorization",
        "neuplug_memorization.evaluator:Memorization",
        "how many generated images are copies of training images, with the closest pairs",
    )
