"""The verdict by itself, on scores from wherever they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from neuplug.experiment.analysis.statistics import holm, paired_difference, verdict
from neuplug.experiment.results import PairedDifference, Verdict


@dataclass(frozen=True)
class Comparison:
    """How an arm does beside another.

    Attributes:
        difference: In the unit of the scores, with its 95 % interval.
        adjusted_p: After Holm's correction for all arms compared; ``None`` for a single repeat.
        verdict: *helps*, *no evidence*, *harms* or *one repeat*.
    """

    difference: PairedDifference
    adjusted_p: float | None
    verdict: Verdict


def compare(
    scores: Mapping[str, Sequence[ArrayLike]],
    items: Sequence[ArrayLike] | None = None,
    *,
    baseline: str = "none",
) -> dict[str, Comparison]:
    """Compare arms with one of them, image by image, and say what may be said.

    Statistics and verdict are those of :func:`neuplug.compose`; see
    :func:`neuplug.paired_difference`.

    Args:
        scores: Arm to one array for each repeat: a number for each test image, larger is better,
            such as whether it was classified rightly. In a repeat all arms have the same images in
            the same order.
        items: For each repeat which test images these are, as numbers or names; images of one
            object have one. By default all repeats have the same images, each by itself.
        baseline: The arm that the others are compared with.

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
    if baseline not in scores:
        raise ValueError(f"no arm {baseline!r} to compare with; there are {', '.join(scores)}")
    arrays = {arm: [np.asarray(s, dtype=np.float64) for s in each] for arm, each in scores.items()}
    base = arrays.pop(baseline)
    if items is None and len({len(each) for each in base}) > 1:
        raise ValueError(
            "repeats have different numbers of test images: say which they are (items)"
        )
    names = [np.asarray(i) for i in ([range(len(s)) for s in base] if items is None else items)]
    found = {}
    for arm, ours in arrays.items():
        if [s.shape for s in ours] != [s.shape for s in base]:
            raise ValueError(f"{arm} and {baseline} have different repeats or test images")
        differences = [a - b for a, b in zip(ours, base, strict=True)]
        found[arm] = paired_difference(differences, names, comparisons=len(arrays))
    certain = [d.p for d in found.values() if d.p is not None]
    adjusted = iter(holm(certain))
    results = {}
    for arm, difference in found.items():
        p = next(adjusted) if difference.p is not None else None
        results[arm] = Comparison(difference, p, verdict(difference, p))
    return results
