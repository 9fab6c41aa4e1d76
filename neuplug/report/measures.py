"""How a metric of an evaluator is shown: in words, in percent, with the digits that it bears.

The words and what is a share are the evaluator's own: :class:`neuplug.Evaluator`. Light.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from neuplug import statistics
from neuplug.report import verdicts

_ENDS = {
    "low": "lower end of its interval",
    "high": "upper end of its interval",
    "std": "standard deviation over sets",
}


def words(metric: str, others: Collection[str], terms: Mapping[str, str]) -> str:
    """``kid crazing low`` as ``kernel inception distance, crazing, lower end of its interval``.

    Args:
        metric: Its name.
        others: All names of the same evaluator: the end of a name is an end of an interval only
            where the metric itself is there.
        terms: The evaluator's.
    """
    whole, _, end = metric.rpartition(" ")
    if end in _ENDS and whole in others:
        return f"{words(whole, others, terms)}, {_ENDS[end]}"
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
    scale = 100.0 if share else 1.0
    estimate = statistics.estimate(values)
    mean, low, high = estimate.mean, estimate.low, estimate.high
    if low is None or high is None:
        return {"middle": _fixed(mean, scale, _digits(scale * mean, 3)), "spread": "one repeat"}
    half = (high - low) / 2
    digits = _digits(scale * half, 2) if half else _digits(scale * mean, 3)
    middle = _fixed(mean, scale, digits)
    if share and (low < 0 or high > 1):
        ends = [_fixed(min(max(end, 0.0), 1.0), scale, digits) for end in (low, high)]
        return {"middle": middle, "spread": f"({ends[0]} {verdicts.ELLIPSIS} {ends[1]})"}
    return {"middle": middle, "spread": f"{verdicts.PLUS_MINUS} {_fixed(half, scale, digits)}"}


def _digits(value: float, significant: int) -> int:
    """Digits after the point that show so many significant ones."""
    if value == 0 or not math.isfinite(value):
        return 0 if value == 0 else significant
    leading = math.floor(math.log10(abs(value)))
    if float(f"{abs(value):.{significant - 1}e}") >= 10 ** (leading + 1):
        leading += 1  # 9.96 is 10
    return min(max(significant - 1 - leading, 0), 9)


def _fixed(value: float, scale: float, digits: int) -> str:
    """With a true minus; a dash where there is no number."""
    return verdicts.number(value, verdicts.Metric("", "", scale, digits))
