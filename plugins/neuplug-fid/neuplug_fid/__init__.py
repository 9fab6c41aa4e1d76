"""FID, KID, precision and recall, Inception score, on torch-fidelity: what the plugin offers."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_evaluators() -> Iterable[Component]:
    """Offer ``fid``."""
    yield Component(
        "fid",
        "neuplug_fid.evaluator:FID",
        "FID, KID, precision/recall and Inception score of generated images",
    )
