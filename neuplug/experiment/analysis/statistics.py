"""Means with intervals, paired differences over repeats and test images, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special  # not scipy.stats, which takes two seconds to load

from neuplug.experiment.results import Mean, PairedDifference, Verdict

CONFIDENCE = 0.95
POWER = 0.8
# Below this standard error values are equal but for rounding
SAME = 1e-12


def estimate(values: Sequence[float]) -> Mean:
    """The mean and Student's t interval of independent values.

    Args:
        values: One number for each repeat, at least one.

    Raises:
        ValueError: If there is no value.

    Example:
        >>> found = neuplug.estimate([0.90, 0.92, 0.94])
        >>> round(found.mean, 3), round(found.low, 3), round(found.high, 3), found.n
        (0.92, 0.87, 0.97, 3)
    """
    if not len(values):
        raise ValueError("no values to estimate a mean from")
    array = np.asarray(values, dtype=np.float64)
    mean = float(array.mean())
    if len(array) == 1:
        return Mean(mean=mean, low=None, high=None, n=1)
    error = float(array.std(ddof=1)) / math.sqrt(len(array))
    half = 0.0 if error < SAME else _critical(len(array) - 1, 1 - CONFIDENCE) * error
    return Mean(mean=mean, low=mean - half, high=mean + half, n=len(array))


def paired_difference(
    differences: Sequence[NDArray[Any]], items: Sequence[NDArray[Any]], *, comparisons: int = 1
) -> PairedDifference:
    """How two arms differ, for other draws of the training images and other test images alike.

    Two things vary: the repeat (its training images and seeds) and the test image, which comes back
    in many repeats. An interval over repeats alone is one for these test images. The squared
    standard error here is the two-way cluster-robust one of Cameron, Gelbach and Miller (Journal of
    Business & Economic Statistics 29, 2011): that of repeats, plus that of images, less that of an
    image in a repeat, which both contain; never less than any of the three. The interval is
    Student's. Its degrees of freedom are Satterthwaite's (Biometrics Bulletin 2, 1946), of what
    repeats and images contribute, but at most twice what repeats leave: where these seem to agree
    by chance, as many as images have would be too many. Simulated with no difference, p below 0.05
    came in at most 5.4 of 100 cases (3 and 5 repeats, 240 and 780 images, little to much variation
    by repeat), p below 0.005 in at most 1.3 with 3 repeats and 0.6 with 5; with 2 repeats or 30
    images p below 0.05 in at most 6.9.

    Where few images differ their variance says little, and their number says what may be. Of N
    images no more than 1 - 0.025^(1/N) have an event that none of them showed, about 3.7/N (Hanley
    and Lippman-Hand, JAMA 249, 1983): with fewer than six images that differ, or all alike, the
    interval is no narrower than that. And k images, were each as likely to differ one way as the
    other, differ all the same way in 2 of 2^k cases (sign test): p is never below that.

    It speaks of draws from the images at hand: repeats whose training sets overlap are more alike
    than new collections of images would be.

    Args:
        differences: For each repeat the scores of one arm less those of the other, one for each
            test image, such as -1, 0 and 1 for being right.
        items: For each repeat which test images these are, so that a repeat's scores and another's
            of the same image are known as such. Images of one object or place are no independent
            evidence: give them one number, and they count as one.
        comparisons: How many are corrected for together by :func:`holm`, which asks the clearest
            of them for so many times smaller a p-value. Only ``detectable`` depends on it.

    Raises:
        ValueError: If there is no repeat, a repeat without images, scores and images do not
            match, or a score is not finite.

    Example:
        >>> differences = [np.array([1, 0, 0, 1, 0]), np.array([0, 0, 1, 1, 0])]
        >>> found = neuplug.paired_difference(differences, [np.arange(5)] * 2)
        >>> found.effect, round(found.low, 2), round(found.high, 2), found.n, found.items
        (0.4, -0.4, 1.2, 2, 5)
    """
    if not len(differences) or any(not len(scores) for scores in differences):
        raise ValueError("nothing to compare: each repeat needs test images")
    if [len(scores) for scores in differences] != [len(names) for names in items]:
        raise ValueError("scores and test images do not match")
    if not all(np.isfinite(scores).all() for scores in differences):
        raise ValueError("a score is not a finite number")
    n = len(differences)
    known, images = np.unique(np.concatenate(items), return_inverse=True)
    effect = float(np.mean([scores.mean() for scores in differences]))
    if n == 1:
        return PairedDifference(
            effect=effect, low=None, high=None, p=None, detectable=None, n=1, items=len(known)
        )
    squared_error, freedom = _squared_error(differences, images, effect)
    error = math.sqrt(squared_error)
    half = _critical(freedom, 1 - CONFIDENCE) * error
    p = float(2 * special.stdtr(freedom, -abs(effect) / error)) if error else float(effect == 0)
    detectable = _noncentrality(freedom, (1 - CONFIDENCE) / comparisons) * error
    differing = len(np.unique(images[np.concatenate(differences) != 0]))
    p = max(p, min(1.0, 2 * 0.5**differing))
    if not error or differing < _telling(1):
        unseen = 1 - ((1 - CONFIDENCE) / 2) ** (1 / len(known))
        half = max(half, unseen * (1 + abs(effect)))  # scores are from -1 to 1
    telling = _telling(comparisons)
    if not error or differing < telling:
        detectable = max(detectable, _share_that_shows(telling, len(known)))
    return PairedDifference(
        effect=effect,
        low=effect - half,
        high=effect + half,
        p=p,
        detectable=detectable,
        n=n,
        items=len(known),
    )


def _telling(comparisons: int) -> int:
    """How many images must differ, all the same way, for a sign test to call it a difference."""
    return math.ceil(math.log2(2 * comparisons / (1 - CONFIDENCE)))


def _share_that_shows(fewest: int, images: int) -> float:
    """The share of all images that must differ for so many of these to do so in 80 % of cases."""
    if images < fewest:
        return 1.0
    return float(special.betaincinv(fewest, images - fewest + 1, POWER))


def _critical(freedom: float, level: float) -> float:
    """What Student's t exceeds, either way, in this share of cases."""
    return float(special.stdtrit(freedom, 1 - level / 2))


@cache
def _noncentrality(freedom: float, level: float) -> float:
    """The true difference, in standard errors, that a two-sided t test finds with that power."""
    return float(special.nctdtrinc(freedom, 1 - POWER, _critical(freedom, level)))


def _squared_error(
    differences: Sequence[NDArray[Any]], images: NDArray[np.int64], effect: float
) -> tuple[float, float]:
    """The two-way variance of the mean, from each score's part in it; its degrees of freedom."""
    n, count = len(differences), int(images.max()) + 1
    ends = np.cumsum([len(scores) for scores in differences])[:-1]
    parts = np.stack(
        [
            np.bincount(members, (scores - effect) / (n * len(scores)), count)
            for scores, members in zip(differences, np.split(images, ends), strict=True)
        ]
    )  # (repeats, images): the part of each image in each repeat
    over_repeats = float((parts.sum(1) ** 2).sum()) * n / (n - 1)
    over_images = float((parts.sum(0) ** 2).sum()) * count / max(1, count - 1)
    alone = float((parts**2).sum())
    whole = max(over_repeats + over_images - alone, over_repeats, over_images, alone)
    if whole < SAME**2:
        return 0.0, 1.0
    of_images = (whole - over_repeats) ** 2 / max(1, count - 1)
    freedom = whole**2 / (over_repeats**2 / (n - 1) + of_images)
    return whole, min(max(1.0, freedom), 2.0 * (n - 1))


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


def verdict(difference: PairedDifference, adjusted_p: float | None) -> Verdict:
    """What may be said of a difference.

    Args:
        difference: Larger is better.
        adjusted_p: Its p-value after :func:`holm`; ``None`` for a single repeat.

    Returns:
        *helps* or *harms* where the adjusted p-value is below 0.05, else *no evidence*; *one
        repeat* where no interval can be had.

    Example:
        >>> gain = neuplug.PairedDifference(
        ...     effect=0.02, low=0.01, high=0.03, p=0.004, detectable=0.014, n=5, items=300
        ... )
        >>> neuplug.verdict(gain, adjusted_p=0.008), neuplug.verdict(gain, adjusted_p=0.06)
        ('helps', 'no evidence')
    """
    if adjusted_p is None:
        return "one repeat"
    if adjusted_p >= 1 - CONFIDENCE:
        return "no evidence"
    return "helps" if difference.effect > 0 else "harms"


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
    adjusted = holm(certain) if certain else [None] * len(found)
    return {
        arm: Comparison(difference, p, verdict(difference, p))
        for (arm, difference), p in zip(found.items(), adjusted, strict=True)
    }
