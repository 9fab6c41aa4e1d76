"""How a metric of an evaluator is shown: in words, in percent, with the digits that it bears."""

from __future__ import annotations

import math
from collections.abc import Sequence

from neuplug import Metric
from neuplug.experiment.analysis.statistics import estimate
from neuplug.experiment.results import Mean
from neuplug.experiment.summary import wording
from neuplug_report.stats import span, stat


def words(metric: Metric) -> str:
    """``kernel inception distance, crazing``."""
    return ", ".join(filter(None, (metric.label or metric.name, metric.class_name)))


def unit(metric: Metric) -> str:
    """``% ↑``: what it is measured in, and whether higher or lower is better."""
    better = {True: "↑", False: "↓", None: ""}[metric.higher_is_better]
    named = {"share": "%", "images": ""}.get(metric.unit, metric.unit)
    return " ".join(filter(None, (named, better)))


def shown(metrics: Sequence[Metric]) -> dict[str, str]:
    """``middle``, ``spread`` and ``within`` of a metric over repeats.

    The half of the interval has two significant digits and the mean as many after the point. A
    share is in percent, and its interval ends where shares do. Within a repeat, as means over the
    repeats, there are its interval, its deviation and the value of real images:
    ``[18 … 31], sd 0.12, real 24``.

    Args:
        metrics: One for each repeat.
    """
    share = metrics[0].unit == "share"
    within = [_interval(metrics, share), _deviation(metrics, share), _reference(metrics, share)]
    aside = {"within": ", ".join(filter(None, within))}
    if metrics[0].unit == "images":
        return {"middle": span([int(m.value) for m in metrics]), "spread": ""} | aside
    found = estimate([m.value for m in metrics])
    return stat(found, _look(found, share)) | aside


def _interval(metrics: Sequence[Metric], share: bool) -> str:
    ends = [(m.low, m.high) for m in metrics if m.low is not None and m.high is not None]
    if not ends:
        return ""
    low, high = (estimate(found).mean for found in zip(*ends, strict=True))
    found = Mean(mean=(low + high) / 2, low=low, high=high, n=len(ends))
    look = _look(found, share)
    return f"[{wording.interval(wording.bounded(found, look), look)}]"


def _deviation(metrics: Sequence[Metric], share: bool) -> str:
    found = [m.std for m in metrics if m.std is not None]
    if not found:
        return ""
    mean = estimate(found).mean
    return f"sd {wording.number(mean, _digits(mean, 2, share))}"


def _reference(metrics: Sequence[Metric], share: bool) -> str:
    found = [m.reference for m in metrics if m.reference is not None]
    if not found:
        return ""
    mean = estimate(found)
    return f"real {wording.number(mean.mean, _look(mean, share))}"


def _look(found: Mean, share: bool) -> wording.Metric:
    """How to show a mean: by two digits of half of its interval, else by three of its own."""
    half = 0.0 if found.low is None or found.high is None else (found.high - found.low) / 2
    return _digits(half, 2, share) if half else _digits(found.mean, 3, share)


def _digits(value: float, significant: int, share: bool) -> wording.Metric:
    """How to show numbers with so many significant digits of a value, which is one of them."""
    scale = 100.0 if share else 1.0
    return wording.Metric("", "%" if share else "", scale, _after(scale * value, significant))


def _after(value: float, significant: int) -> int:
    """Digits after the point that show so many significant ones."""
    if value == 0 or not math.isfinite(value):
        return 0 if value == 0 else significant
    leading = math.floor(math.log10(abs(value)))
    if float(f"{abs(value):.{significant - 1}e}") >= 10 ** (leading + 1):
        leading += 1  # 9.96 is 10
    return min(max(significant - 1 - leading, 0), 9)
