"""How a metric of an evaluator is shown: in words, in percent, with the digits that it bears.

The words and what is a share are the evaluator's own: :class:`neuplug.Evaluator`. Light.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict

from neuplug import statistics
from neuplug.experiment.results.conclusions import Mean
from neuplug.report import verdicts

LOW, HIGH, DEVIATION = ENDS = ("low", "high", "std")
"""Ends of the names of what belongs to a metric: see :class:`neuplug.Evaluation`."""


def belongs_to_another(metric: str, others: Collection[str]) -> bool:
    """Whether it is an end of the interval of another metric, or its standard deviation.

    Args:
        metric: Its name, such as ``kid crazing low``.
        others: All names of the same evaluator and arm: the end of a name has a meaning only where
            the metric itself is there, and that of an interval where both its ends are.
    """
    whole, _, end = metric.rpartition(" ")
    needed = {LOW: [whole, f"{whole} {HIGH}"], HIGH: [whole, f"{whole} {LOW}"], DEVIATION: [whole]}
    return end in needed and all(name in others for name in needed[end])


def words(metric: str, terms: Mapping[str, str]) -> str:
    """``kid crazing`` as ``kernel inception distance, crazing``.

    Args:
        metric: Its name.
        terms: The evaluator's.
    """
    if metric.startswith("n "):
        return f"images, {metric[2:]}"
    if term := max(_beginnings(metric, terms), key=len, default=""):
        rest = metric[len(term) :]
        metric = terms[term] + (f",{rest}" if re.match(r" \w", rest) else rest)
    return re.sub(r"\[([^\]]*)\]( (?=\w))?", lambda m: f" ({m[1]}){', ' if m[2] else ''}", metric)


def is_share(metric: str, values: Sequence[float], shares: Iterable[str]) -> bool:
    """Whether a metric is a part of a whole: its evaluator says so, and so it is."""
    return any(_beginnings(metric, shares)) and all(0 <= value <= 1 for value in values)


def _beginnings(metric: str, starts: Iterable[str]) -> list[str]:
    """Those that the name begins with, up to the end of a word."""
    return [start for start in starts if re.match(rf"{re.escape(start)}(?!\w)", metric)]


def is_count(metric: str, values: Sequence[float]) -> bool:
    """Whether it is a number of images, such as ``n real``."""
    return metric.startswith("n ") and all(value.is_integer() for value in values)


def shown(values: Sequence[float], *, share: bool) -> dict[str, str]:
    """``middle`` and ``spread`` of a metric over repeats.

    The half of the interval has two significant digits and the mean as many after the point. A
    share is in percent, and its interval ends where shares do.

    Args:
        values: One for each repeat.
        share: Whether they are parts of a whole.
    """
    found = Mean(**asdict(statistics.estimate(values)))
    half = 0.0 if found.low is None or found.high is None else (found.high - found.low) / 2
    look = _look(half, 2, share=share) if half else _look(found.mean, 3, share=share)
    return verdicts.stat(found, look)


def within(
    lows: Sequence[float], highs: Sequence[float], deviations: Sequence[float], *, share: bool
) -> str:
    """``[18 … 31], sd 0.12``: the spread that a metric has within a repeat; means over repeats.

    The interval of a share ends where shares do.

    Args:
        lows: Lower ends of its interval, one for each repeat; may be empty, as all of these.
        highs: The upper ends.
        deviations: Its standard deviations.
        share: Whether they are parts of a whole.
    """
    parts = []
    if lows and highs:
        low, high = (statistics.estimate(ends).mean for ends in (lows, highs))
        half = (high - low) / 2
        look = _look(half, 2, share=share) if half else _look(low, 3, share=share)
        ends = verdicts.bounded(Mean(mean=(low + high) / 2, low=low, high=high, n=len(lows)), look)
        parts.append(f"[{verdicts.interval(ends, look)}]")
    if deviations:
        mean = statistics.estimate(deviations).mean
        parts.append(f"sd {verdicts.number(mean, _look(mean, 2, share=share))}")
    return ", ".join(parts)


def _look(value: float, significant: int, *, share: bool) -> verdicts.Metric:
    """How to show numbers with so many significant digits of a value, which is one of them."""
    scale = 100.0 if share else 1.0
    return verdicts.Metric("", "%" if share else "", scale, _digits(scale * value, significant))


def _digits(value: float, significant: int) -> int:
    """Digits after the point that show so many significant ones."""
    if value == 0 or not math.isfinite(value):
        return 0 if value == 0 else significant
    leading = math.floor(math.log10(abs(value)))
    if float(f"{abs(value):.{significant - 1}e}") >= 10 ** (leading + 1):
        leading += 1  # 9.96 is 10
    return min(max(significant - 1 - leading, 0), 9)
