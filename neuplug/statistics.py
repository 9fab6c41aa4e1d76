"""Means with intervals, and the verdict on a paired difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

Verdict = Literal["helps", "no evidence", "harms", "one repeat"]
CONFIDENCE = 0.95
SAME = 1e-12
"""Below this standard error values are equal but for rounding."""


@dataclass(frozen=True)
class Estimate:
    """A mean over repeats with its 95 % interval; the bounds are ``None`` for a single value."""

    mean: float
    low: float | None
    high: float | None
    n: int


def estimate(values: Sequence[float]) -> Estimate:
    """The mean and Student's t interval of independent values.

    Args:
        values: One number for each repeat, at least one.

    Raises:
        ValueError: If there is no value.
    """
    if not len(values):
        raise ValueError("no values to estimate a mean from")
    array = np.asarray(values, dtype=np.float64)
    mean = float(array.mean())
    if len(array) == 1:
        return Estimate(mean, None, None, 1)
    error = float(stats.sem(array))
    if error < SAME:
        return Estimate(mean, mean, mean, len(array))
    low, high = stats.t.interval(CONFIDENCE, len(array) - 1, loc=mean, scale=error)
    return Estimate(mean, float(low), float(high), len(array))


def paired_verdict(ours: Sequence[float], theirs: Sequence[float]) -> tuple[Estimate, Verdict]:
    """The mean difference over paired repeats with its interval, and what may be said of it.

    Args:
        ours: A score for each repeat, larger is better.
        theirs: The score of the arm compared with, same repeats in the same order.

    Returns:
        The estimate of ``ours - theirs`` and *helps* (interval above zero), *harms* (below),
        *no evidence* (it holds zero, or all differences are equal, which leaves no spread to
        judge by), or *one repeat* where no interval can be had.

    Raises:
        ValueError: If the repeats do not pair up.
    """
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} and {len(theirs)} repeats do not pair up")
    difference = estimate([a - b for a, b in zip(ours, theirs, strict=True)])
    if difference.low is None or difference.high is None:
        return difference, "one repeat"
    if difference.high - difference.low < SAME:
        return difference, "no evidence"  # equal differences say nothing of their spread
    if difference.low > 0:
        return difference, "helps"
    if difference.high < 0:
        return difference, "harms"
    return difference, "no evidence"
