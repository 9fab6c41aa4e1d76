"""What the arms cost: minutes of work, and minutes for a point of accuracy gained. Light."""

from __future__ import annotations

from typing import Any

from neuplug.experiment.results.conclusions import ArmCost, Comparison
from neuplug.experiment.results.model import RunResults
from neuplug.experiment.summary import wording
from neuplug_report.stats import stat

_NOTE = (
    "Minutes of one repeat, the mean over all repeats: fitting the arm's generators, making images "
    "in advance, training the classifier (with images that are changed on the fly), and their sum. "
    "A fit that several arms or classifiers share counts in full for each, as if each were alone. "
    "A result that was stored already counts with the time that it took when it was made. "
    "Minutes for a point are the sum over the points of test accuracy gained beside {baseline}; "
    "their interval is that of the gain, the minutes being taken as they are. The times are those "
    "of this machine, while other jobs may have run.{search}"
)
_SEARCH = " The amounts that were tried and not chosen do not count."


def page_view(results: RunResults) -> dict[str, Any] | None:
    """The tables of the page, one for each classifier; ``None`` where nothing was recorded."""
    if not results.arm_costs:
        return None
    gains = {(c.arm, c.classifier): c for c in results.compared()}
    tables = [
        {
            "classifier": classifier,
            "rows": [
                {
                    "arm": row.arm,
                    "minutes": [
                        _minutes(row.generators_seconds),
                        _minutes(row.images_seconds),
                        _minutes(row.training_seconds),
                        _minutes(row.seconds),
                    ],
                    "n": row.n,
                    **_gain(row, gains.get((row.arm, classifier))),
                }
                for row in results.arm_costs
                if row.classifier == classifier
            ],
        }
        for classifier in results.classifiers
    ]
    baseline = "none with as many real images" if results.sizes else "none"
    note = _NOTE.format(baseline=baseline, search=_SEARCH if results.doses else "")
    return {"tables": tables, "note": note}


def _minutes(seconds: float) -> str:
    return wording.brief(seconds / 60) if seconds else wording.MISSING


def _gain(row: ArmCost, gain: Comparison | None) -> dict[str, Any]:
    """The points gained and what one costs, or why there is no such number."""
    nothing = {"middle": wording.MISSING, "spread": ""}
    if gain is None:
        return {"points": nothing, "price": nothing, "why": "the baseline", "kind": ""}
    points = stat(gain)
    kind = gain.verdict.replace(" ", "-")
    price, low, high = row.minutes_per_point, row.low, row.high
    if price is None:
        return {"points": points, "price": nothing, "why": "nothing gained", "kind": kind}
    ends, why = "", ""
    if low is None:
        why = "one repeat: no interval"
    elif high is None:
        ends = f"(from {wording.brief(low)})"
        why = "no upper end: the gain's interval holds zero"
    else:
        ends = f"({wording.brief(low)} {wording.ELLIPSIS} {wording.brief(high)})"
        if gain.verdict == "no evidence":
            why = f"not clear among {gain.family} comparisons"
    cost = {"middle": wording.brief(price), "spread": ends}
    return {"points": points, "price": cost, "why": why, "kind": kind}
