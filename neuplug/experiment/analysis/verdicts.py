"""What may be said of differences: p-values adjusted for their number, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from neuplug.errors import expect
from neuplug.experiment.analysis.statistics import Paired, paired_differences
from neuplug.experiment.results import LEVEL, MARGIN, PairedDifference, Verdict


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number: Holm (Scandinavian Journal of Statistics 6, 1979).

    Calling those below 0.05 differences calls any at all by mistake in at most 5 % of cases.

    Raises:
        ValueError: If one is no number from 0 to 1.

    Example:
        >>> neuplug.holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError("a p-value is not a number from 0 to 1")
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def verdict(
    difference: PairedDifference,
    adjusted_p: float | None,
    adjusted_equivalent: float | None = None,
    sign: int = 1,
    level: float = LEVEL,
) -> Verdict:
    """What may be said of a difference.

    Args:
        difference: Of two arms.
        adjusted_p: Its p-value after :func:`holm`; ``None`` for a single repeat.
        adjusted_equivalent: Likewise ``p_equivalent``; ``None``: nothing is called equivalent.
        sign: 1 where a larger value is better, else -1.
        level: What adjusted p-values are compared with: 0.05, or less at one of several looks.

    Returns:
        *helps* or *harms* where the adjusted p-value is below the level; else *equivalent* where
        the other is, else *no evidence*; *one repeat* where no interval can be had.

    Example:
        >>> gain = neuplug.PairedDifference(
        ...     effect=0.02, low=0.01, high=0.03, p=0.004, p_equivalent=1.0, detectable=0.014, n=5,
        ...     items=300
        ... )
        >>> neuplug.verdict(gain, adjusted_p=0.008), neuplug.verdict(gain, adjusted_p=0.06)
        ('helps', 'no evidence')
        >>> neuplug.verdict(gain, adjusted_p=0.06, adjusted_equivalent=0.01)
        'equivalent'
    """
    if adjusted_p is None:
        return "one repeat"
    if adjusted_p < level:
        return "helps" if sign * difference.effect > 0 else "harms"
    small = adjusted_equivalent is not None and adjusted_equivalent < level
    return "equivalent" if small else "no evidence"


@dataclass(frozen=True)
class Comparison:
    """How an arm does beside another.

    Attributes:
        difference: In the unit of the scores, with its 95 % interval.
        adjusted_p: After Holm's correction for all arms compared; ``None`` for a single repeat.
        adjusted_equivalent: Likewise of the claim that the difference is less than the margin.
        verdict: *helps*, *equivalent*, *no evidence*, *harms* or *one repeat*.
    """

    difference: PairedDifference
    adjusted_p: float | None
    adjusted_equivalent: float | None
    verdict: Verdict


def compare(
    scores: Mapping[str, Sequence[ArrayLike]],
    items: Sequence[ArrayLike] | None = None,
    *,
    baseline: str = "none",
    margin: float = MARGIN,
) -> dict[str, Comparison]:
    """Compare arms with one of them, image by image, and say what may be said.

    Statistics and verdict are those of :func:`neuplug.compose`, which besides holds the test images
    of each class against that class alone; see :func:`neuplug.paired_difference`.

    Args:
        scores: Arm to one array for each repeat: a number for each test image, larger is better,
            such as whether it was classified rightly. In a repeat all arms have the same images in
            the same order.
        items: For each repeat which test images these are, as numbers or names; images of one
            object have one. By default all repeats have the same images, each by itself.
        baseline: The arm that the others are compared with.
        margin: What a difference may be and still count as none, in the unit of the scores.

    Returns:
        Arm to what was found, without the baseline.

    Raises:
        ValueError: If arms differ in repeats or images, there is no baseline, or a score is not
            finite.

    Example:
        >>> right = {"none": [[1, 0, 0, 1], [0, 0, 1, 1]], "flip": [[1, 0, 0, 1], [0, 0, 1, 1]]}
        >>> found = neuplug.compare(right)["flip"]
        >>> found.verdict, found.difference.effect, found.difference.n
        ('no evidence', 0.0, 2)
    """
    expect(scores, Mapping, "scores", "a mapping of arms to arrays")
    if baseline not in scores:
        raise ValueError(f"no arm {baseline!r} to compare with; there are {', '.join(scores)}")
    arrays = {arm: [np.asarray(s, dtype=np.float64) for s in each] for arm, each in scores.items()}
    base = arrays.pop(baseline)
    if items is None and len({len(each) for each in base}) > 1:
        raise ValueError(
            "repeats have different numbers of test images: say which they are (items)"
        )
    names = [np.asarray(i) for i in ([range(len(s)) for s in base] if items is None else items)]
    family = []
    for arm, ours in arrays.items():
        if [s.shape for s in ours] != [s.shape for s in base]:
            raise ValueError(f"{arm} and {baseline} have different repeats or test images")
        family.append(Paired([a - b for a, b in zip(ours, base, strict=True)], names))
    found = paired_differences(family, margin=margin)
    adjusted = zip(
        adjusted_for_all([d.p for d in found]),
        adjusted_for_all([d.p_equivalent for d in found]),
        strict=True,
    )
    return {
        arm: Comparison(difference, *p, verdict(difference, *p))
        for arm, difference, p in zip(arrays, found, adjusted, strict=True)
    }


def adjusted_for_all(
    p_values: Sequence[float | None], times: Sequence[int] | None = None
) -> list[float | None]:
    """p-values after :func:`holm`; those of single repeats are ``None`` and stay so.

    Args:
        p_values: Of one family.
        times: What each is multiplied by before; by default nothing.
    """
    each = zip(p_values, times or [1] * len(p_values), strict=True)
    known = iter(holm([min(1.0, p * n) for p, n in each if p is not None]))
    return [None if p is None else next(known) for p in p_values]
