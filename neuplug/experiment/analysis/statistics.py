"""Means with intervals, and paired differences over repeats and test images."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special  # not scipy.stats, which takes two seconds to load

from neuplug.experiment.analysis.variance import ROUNDING, Error, ErrorParts, error_parts, errors
from neuplug.experiment.results import CONFIDENCE, LEVEL, MARGIN, Mean, PairedDifference

POWER = 0.8

# Repeats beyond which nobody is told how many would do
MOST_REPEATS = 100


class Paired(NamedTuple):
    """The scores of two arms on the same test images.

    Attributes:
        differences: For each repeat those of one less those of the other.
        items: For each repeat which test images these are.
        differing: For each repeat where the two answer differently; by default where the scores
            differ, which those of some metrics do in every image.
        images: How many test images the metric rests on: those of a class for its recall; by
            default all.
    """

    differences: Sequence[NDArray[Any]]
    items: Sequence[NDArray[Any]]
    differing: Sequence[NDArray[np.bool_]] | None = None
    images: int | None = None


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
    half = Error(error, len(array) - 1).critical(1 - CONFIDENCE) * error
    half = 0.0 if error**2 < ROUNDING else half
    return Mean(mean=mean, low=mean - half, high=mean + half, n=len(array))


def estimate_scores(
    scores: Sequence[NDArray[Any]],
    items: Sequence[NDArray[Any]],
    strata: NDArray[np.int64] | None = None,
    images: int | None = None,
) -> Mean:
    """The mean of scores of test images, with an interval for other repeats and images alike.

    Args:
        scores: For each repeat one for each test image, such as 1 for being right and 0.
        items: For each repeat which test images these are, as of :func:`paired_difference`.
        strata: As of :func:`paired_differences`.
        images: How many test images the metric rests on; by default all.

    Raises:
        ValueError: As :func:`paired_difference`.
    """
    found = _mean(Paired(scores, items, images=images), strata)
    if len(scores) == 1:
        return Mean(mean=found.effect, low=None, high=None, n=1)
    [error] = errors([error_parts(scores, found.images, found.effect, found.strata)])
    half = error.critical(1 - CONFIDENCE) * error.standard
    if not error.standard:  # all alike, which other images need not be
        half = _unseen(found.telling)
    return Mean(mean=found.effect, low=found.effect - half, high=found.effect + half, n=len(scores))


def paired_difference(
    differences: Sequence[NDArray[Any]],
    items: Sequence[NDArray[Any]],
    *,
    margin: float = MARGIN,
    comparisons: int = 1,
) -> PairedDifference:
    """How two arms differ, for other draws of the training images and other test images alike.

    An interval over repeats alone is one for these test images; this one is Student's with the
    two-way error and the degrees of freedom of ``neuplug.experiment.analysis.variance``.

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
        margin: What a difference may be and still count as none, in the unit of the scores.
        comparisons: How many are corrected for together by :func:`neuplug.holm`, which asks the
            clearest for so many times smaller a p-value. Only ``detectable`` depends on it.

    Raises:
        ValueError: If there is no repeat, a repeat without images, scores and images do not
            match, or a score is not finite.

    Example:
        >>> differences = [np.array([1, 0, 0, 1, 0]), np.array([0, 0, 1, 1, 0])]
        >>> found = neuplug.paired_difference(differences, [np.arange(5)] * 2)
        >>> found.effect, round(found.low, 2), round(found.high, 2), found.n, found.items
        (0.4, -0.4, 1.2, 2, 5)
    """
    pairs = [Paired(differences, items)]
    return paired_differences(pairs, margin=margin, comparisons=comparisons)[0]


def paired_differences(
    family: Sequence[Paired],
    *,
    margin: float = MARGIN,
    comparisons: int | None = None,
    strata: NDArray[np.int64] | None = None,
    level: float = LEVEL,
) -> list[PairedDifference]:
    """How arms differ from others, where comparisons lend one another their errors of repeats.

    In simulated families of six equal arms with 3 and 5 repeats, one arm varying eight times as
    much or none, calling adjusted p-values below 0.05 differences was a mistake in at most 7.5 % of
    300 runs, and so was calling differences of just the margin equivalent
    (``tests/experiment/analysis/test_variance.py``).

    Args:
        family: Comparisons of one question with one classifier, as of :func:`paired_difference`.
        margin: Likewise.
        comparisons: Likewise; by default the number of these.
        strata: Of each item, which are numbers from 0, the class, where every draw of test images
            has as many of each: int64.
        level: What adjusted p-values are going to be compared with. Only ``detectable`` and how
            much would be enough depend on it.

    Raises:
        ValueError: As :func:`paired_difference`.
    """
    means = [_mean(pair, strata) for pair in family]
    parts = {
        place: error_parts(mean.scores, mean.images, mean.effect, mean.strata)
        for place, mean in enumerate(means)
        if len(mean.scores) > 1
    }
    known = dict(zip(parts, errors([*parts.values()]), strict=True))
    share = level / (comparisons or len(family))
    return [
        _judged(mean, known[place], margin, share, parts[place]) if place in known else mean.alone()
        for place, mean in enumerate(means)
    ]


@dataclass(frozen=True, eq=False)
class _Mean:
    """A mean difference over repeats, and what it is of.

    Attributes:
        scores: For each repeat the differences.
        images: Which image each is of, from 0, of all repeats in turn.
        strata: Of each image the class.
        count: How many images there are.
        telling: On how many of them the metric rests.
        differing: How many of them the two arms have answered differently.
        effect: The mean.
    """

    scores: Sequence[NDArray[Any]]
    images: NDArray[np.int64]
    strata: NDArray[np.int64] | None
    count: int
    telling: int
    differing: int
    effect: float

    def alone(self) -> PairedDifference:
        """Of one repeat, which says nothing about others."""
        unknown = dict.fromkeys(("low", "high", "p", "p_equivalent", "detectable"))
        about = {"effect": self.effect, "n": 1, "items": self.count}
        return PairedDifference.model_validate(unknown | about)


def _mean(pair: Paired, strata: NDArray[np.int64] | None) -> _Mean:
    differences, items = pair.differences, pair.items
    if not len(differences) or any(not len(scores) for scores in differences):
        raise ValueError("nothing to compare: each repeat needs test images")
    if [len(scores) for scores in differences] != [len(names) for names in items]:
        raise ValueError("scores and test images do not match")
    if not all(np.isfinite(scores).all() for scores in differences):
        raise ValueError("a score is not a finite number")
    known, images = np.unique(np.concatenate(items), return_inverse=True)
    effect = float(np.mean([scores.mean() for scores in differences]))
    apart = pair.differing or [scores != 0 for scores in differences]
    differing = len(np.unique(images[np.concatenate(apart)]))
    classes = None if strata is None else strata[known]
    telling = min(len(known), pair.images or len(known))
    return _Mean(differences, images, classes, len(known), telling, differing, effect)


def _judged(
    mean: _Mean, error: Error, margin: float, level: float, parts: ErrorParts
) -> PairedDifference:
    """The interval of a mean and what it allows for, if p is going to be compared with a level."""
    effect, differing, more = mean.effect, mean.differing, 0.0
    half = error.critical(1 - CONFIDENCE) * error.standard
    p = max(min(1.0, 2 * error.beyond(abs(effect))), min(1.0, 2 * 0.5**differing))
    equivalent = error.beyond(margin - abs(effect)) if abs(effect) < margin else 1.0
    detectable = noncentrality(error.freedom, level) * error.standard
    if not error.standard or differing < _telling(1 - CONFIDENCE):
        half = max(half, _unseen(mean.telling) * (1 + abs(effect)))  # scores are from -1 to 1
        more = max(0.0, margin - abs(effect)) / (1 + abs(effect))
        equivalent = max(equivalent, (1 - more) ** mean.telling)
    telling = _telling(level)
    if not error.standard or differing < telling:
        detectable = max(detectable, _share_that_shows(telling, mean.telling))
    images = float(np.mean([len(scores) for scores in mean.scores]))
    repeats, images_needed = enough(parts, abs(effect), margin, level, images)
    if more and (fewest := math.log(level) / math.log1p(-more)) > mean.telling:
        repeats, images_needed = None, int(float(f"{fewest:.2g}"))
    return PairedDifference(
        effect=effect,
        low=effect - half,
        high=effect + half,
        p=p,
        p_equivalent=equivalent,
        detectable=detectable,
        enough_repeats=repeats,
        enough_images=images_needed,
        n=len(mean.scores),
        items=mean.count,
    )


def enough(
    parts: ErrorParts, effect: float, margin: float, level: float, images: float
) -> tuple[int | None, int | None]:
    """About how many repeats, or else test images, would decide, if the effect is as it seems.

    Nothing is borrowed from other comparisons, so that fewer may do.

    Args:
        parts: The squared error as it is.
        effect: Its absolute value.
        margin: What a difference may be and still count as none.
        level: What the p-value of this comparison is going to be compared with.
        images: Test images of a repeat.
    """
    # to find the difference, or that it is less than the margin
    aims = [(effect, 1 - level / 2), (margin - effect, 1 - level)]

    def decided(n: int, times: float) -> bool:
        error, power = math.sqrt(parts.squared(n, times)), special.stdtrit(n - 1, POWER)
        return any((special.stdtrit(n - 1, q) + power) * error <= aim for aim, q in aims)

    repeats = range(MOST_REPEATS + 1)
    least = bisect_left(repeats, True, lo=parts.n + 1, key=lambda n: decided(n, 1.0))
    if least in repeats:
        return least, None
    growths = [1.05**step for step in range(1, 95)]  # up to a hundredfold
    place = bisect_left(growths, True, key=lambda times: decided(parts.n, times))
    return None, int(float(f"{growths[place] * images:.2g}")) if place < len(growths) else None


def _unseen(images: int) -> float:
    """The share of all images that may have what none of so many has shown."""
    return 1 - float(((1 - CONFIDENCE) / 2) ** (1 / images))


def _telling(level: float) -> int:
    """How many images must differ, all the same way, for a sign test to call it a difference."""
    return math.ceil(math.log2(2 / level))


def _share_that_shows(fewest: int, images: int) -> float:
    """The share of all images that must differ for so many of these to do so in 80 % of cases."""
    if images < fewest:
        return 1.0
    return float(special.betaincinv(fewest, images - fewest + 1, POWER))


@cache
def noncentrality(freedom: float, level: float) -> float:
    """The true difference, in standard errors, that a two-sided t test finds with that power."""
    critical = Error(1.0, freedom).critical(level)
    return float(special.nctdtrinc(freedom, 1 - POWER, critical))
