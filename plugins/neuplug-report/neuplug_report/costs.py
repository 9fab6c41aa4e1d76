"""The page's section on what the classifiers cost."""

from __future__ import annotations

from typing import Any

from neuplug.experiment.results.conclusions import Summary
from neuplug.experiment.results.model import RunResults
from neuplug.experiment.summary import wording
from neuplug.experiment.summary.costs import costs
from neuplug_report.stats import stat


def how_measured(results: RunResults) -> str:
    """The conditions of the figures, in a sentence or two."""
    height, width = results.data.imgsz
    threads = sorted({cost.profile.threads for cost in costs(results)})
    on = " or ".join(f"{n} thread{'s' * (n != 1)}" for n in threads)
    return (
        f"Multiply-adds are those of convolutions and dense layers for one image of "
        f"{height} x {width}. The time is the median for one image "
        f"({results.protocol.device}, {on}), measured while other jobs may have run: it compares "
        "these classifiers and is no benchmark."
    )


def page_view(results: RunResults) -> dict[str, Any] | None:
    """The section of the page; ``None`` where nothing was measured."""
    found = costs(results)
    if not found:
        return None
    rows = [
        {
            "classifier": cost.classifier,
            "parameters": wording.magnitude(cost.profile.parameters),
            "multiply_adds": wording.magnitude(cost.profile.multiply_adds),
            "latency": wording.brief(cost.profile.latency_ms),
            "plain": _accuracy(cost.plain),
            "best": _accuracy(cost.best),
        }
        for cost in found
    ]
    return {"rows": rows, "note": how_measured(results)}


def _accuracy(entry: Summary | None) -> dict[str, str]:
    about = {"arm": entry.arm, "n": str(entry.n)} if entry else {"arm": "", "n": ""}
    return about | stat(entry)
