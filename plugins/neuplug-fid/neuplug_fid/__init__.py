"""FID, KID, precision and recall and more, on torch-fidelity: what the plugin offers."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_evaluators() -> Iterable[Component]:
    """Offer ``fid``."""
    yield Component(
        "fid",
        "neuplug_fid.evaluator:FID",
        "FID, KID, precision/recall, density/coverage of generated images, with intervals",
    )
