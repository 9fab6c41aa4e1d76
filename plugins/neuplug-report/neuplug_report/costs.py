"""The page's section on cost: minutes of each arm and for a gain, and the classifiers."""

from __future__ import annotations

from typing import Any

from neuplug.experiment.parts import ArmCost
from neuplug.experiment.results import Comparison, RunResults, Summary
from neuplug.experiment.summary import wording
from neuplug_report.stats import brief, magnitude, stat

_NOTE = (
    "Minutes of one repeat, the mean over all repeats: fitting the arm's generators, making images "
    "in advance, training the classifier (with images that are changed on the fly), and their sum. "
    "A fit that several arms or classifiers share counts in full for each, as if each were alone. "
    "A result that was stored already counts with the time that it took when it was made. "
    "Minutes for a {unit} are the sum over the {unit}s of {metric} gained beside {baseline}; "
    "their interval is that of the gain, the minutes being taken as they are. The times are those "
    "of this machine, while other jobs may have run.{search}"
)
_SEARCH = " The amounts that were tried and not chosen do not count."


def of_arms(results: RunResults) -> dict[str, Any] | None:
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
    baseline = "none with as many real images" if results.arms[0].size else "none"
    shown = wording.decisive(results.metric)
    about = {"unit": shown.differences.removesuffix("s"), "metric": f"test {shown.name}"}
    search = _SEARCH if results.doses else ""
    note = _NOTE.format(**about, baseline=baseline, search=search)
    return {"tables": tables, "note": note, "unit": about["unit"]}


def _minutes(seconds: float) -> str:
    return brief(seconds / 60) if seconds else wording.MISSING


def _gain(row: ArmCost, gain: Comparison | None) -> dict[str, Any]:
    """What is gained and what that costs, or why there is no such number."""
    nothing = {"middle": wording.MISSING, "spread": ""}
    if gain is None:
        return {"points": nothing, "price": nothing, "why": "the baseline", "kind": ""}
    shown = wording.decisive(gain.metric)
    points = stat(gain, shown)
    kind = gain.verdict.replace(" ", "-")
    ends_of = (gain.high, gain.low)[:: shown.sign]
    price, low, high = (per_point(row.seconds, g, shown) for g in (gain.effect, *ends_of))
    if price is None:
        return {"points": points, "price": nothing, "why": "nothing gained", "kind": kind}
    ends, why = "", ""
    if low is None:
        why = "one repeat: no interval"
    elif high is None:
        ends = f"(from {brief(low)})"
        why = "no upper end: the gain's interval holds zero"
    else:
        ends = f"({brief(low)} {wording.ELLIPSIS} {brief(high)})"
        if gain.verdict == "no evidence":
            why = f"not clear among {gain.family} comparisons"
    cost = {"middle": brief(price), "spread": ends}
    return {"points": points, "price": cost, "why": why, "kind": kind}


def per_point(seconds: float, gain: float | None, shown: wording.Metric) -> float | None:
    """Minutes for each point, or nat, of the metric gained; ``None`` where none is."""
    points = None if gain is None else shown.sign * shown.scale * gain
    return seconds / 60 / points if points is not None and points > 0 else None


# The classifiers.


def of_classifiers(results: RunResults) -> dict[str, Any]:
    """The table of the page: each beside the best that it reached."""
    rows, shown = [], wording.decisive(results.metric)
    for name, profile in results.profiles.items():
        plain, best = plain_and_best(results, name)
        rows.append(
            {
                "classifier": name,
                "parameters": magnitude(profile.parameters),
                "multiply_adds": magnitude(profile.multiply_adds),
                "latency": brief(profile.latency_ms),
                "plain": _reached(plain, shown),
                "best": _reached(best, shown),
            }
        )
    return {"rows": rows, "note": _how_measured(results)}


def plain_and_best(results: RunResults, classifier: str) -> tuple[Summary | None, Summary | None]:
    """The best arm's own baseline and the best arm, so that both saw as many real images."""
    arms = results.by_name
    found = [m for arm in arms if (m := results.decisive(arm, classifier)) is not None]
    sign = wording.decisive(results.metric).sign
    order = sorted(found, key=lambda entry: -sign * entry.mean)
    best = next((entry for entry in order if entry.arm != arms[entry.arm].against), None)
    if best is None:
        return next(iter(order), None), None
    return results.decisive(arms[best.arm].against, classifier), best


def _how_measured(results: RunResults) -> str:
    """The conditions of the figures, in a sentence or two."""
    height, width = results.data.imgsz
    threads = sorted({profile.threads for profile in results.profiles.values()})
    on = " or ".join(f"{n} thread{'s' * (n != 1)}" for n in threads)
    return (
        f"Multiply-adds are those of convolutions and dense layers for one image of "
        f"{height} x {width}. The time is the median for one image "
        f"({results.protocol.device}, {on}), measured while other jobs may have run: it compares "
        "these classifiers and is no benchmark."
    )


def _reached(entry: Summary | None, shown: wording.Metric) -> dict[str, str]:
    about = {"arm": entry.arm, "n": str(entry.n)} if entry else {"arm": "", "n": ""}
    return about | stat(entry, shown)
