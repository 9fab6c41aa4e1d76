"""How far a mean over repeats and test images may be off, and what arms say of one another's error.

Two things vary: the repeat (its training images and seeds) and the test image, which comes back in
many repeats. The squared standard error is the two-way cluster-robust one of Cameron, Gelbach and
Miller (Journal of Business & Economic Statistics 29, 2011): that of repeats, plus that of images,
less that of an image in a repeat, which both contain; neither of the first two is taken to be less
than the last.

Repeats are few, so that what they say of an error is the least certain part. Comparisons of one
question and classifier therefore share it: each one's error of repeats is drawn towards their
geometric mean, as of so many degrees of freedom more (empirical Bayes, Smyth, Statistical
Applications in Genetics and Molecular Biology 3, 2004, as in limma; here of at most four more). One
that varies far more than the others keeps its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special  # not scipy.stats, which takes two seconds to load

# Squared standard error below which values are equal but for rounding
ROUNDING = 1e-24

# Degrees of freedom that other comparisons can add to those of one's own repeats
_LENT = 4.0

# Quantile of F beyond which a comparison's error of repeats is not that of the others
_OWN = 0.90


@dataclass(frozen=True)
class ErrorParts:
    """The squared standard error of a mean, by where it comes from.

    Attributes:
        repeats: What differs from repeat to repeat.
        images: What differs from test image to test image.
        rest: What differs from one to the other in an image and a repeat.
        n: Repeats, at least two.
        images_freedom: Degrees of freedom of ``images``, fewer where groups are of unequal size.
    """

    repeats: float
    images: float
    rest: float
    n: int
    images_freedom: float

    def whole(self, repeats: float) -> float:
        """The squared error where that of repeats is the given one."""
        return max(repeats, self.rest) + max(self.images, self.rest) - self.rest

    def squared(self, n: int, times: float) -> float:
        """The squared error with so many repeats and so many times as many test images."""
        repeats, images = self.n * max(0.0, self.repeats - self.rest), self.images - self.rest
        return repeats / n + max(0.0, images) / times + self.n * self.rest / (n * times)


@dataclass(frozen=True)
class Error:
    """How far a mean may be off.

    Attributes:
        standard: The standard error; 0 where all values are equal.
        freedom: Its degrees of freedom.
    """

    standard: float
    freedom: float

    def critical(self, level: float) -> float:
        """What Student's t exceeds, either way, in this share of cases."""
        return float(special.stdtrit(self.freedom, 1 - level / 2))

    def beyond(self, distance: float) -> float:
        """The chance that a mean is so far off to one side, or farther."""
        if not self.standard:
            return float(distance <= 0)
        return float(special.stdtr(self.freedom, -distance / self.standard))


def error_parts(
    scores: Sequence[NDArray[Any]],
    images: NDArray[np.int64],
    mean: float,
    strata: NDArray[np.int64] | None = None,
) -> ErrorParts:
    """The parts of the squared error of a mean over repeats of means over images.

    Args:
        scores: For each repeat, of at least two, one for each test image.
        images: Which image, or group of them, each score is of: int64, of all repeats in turn,
            from 0.
        mean: The mean over repeats.
        strata: Of each image or group the class, of which other draws have as many: int64.
    """
    n, count = len(scores), int(images.max()) + 1
    members = np.split(images, np.cumsum([len(each) for each in scores])[:-1])
    shares = [np.full(len(each), 1 / (n * len(each))) for each in scores]
    pairs = list(zip(scores, members, shares, strict=True))
    # (repeats, images): the part of each image in each repeat in the deviation of the mean
    parts = np.stack([np.bincount(m, (each - mean) * s, count) for each, m, s in pairs])
    weight = np.sum([np.bincount(m, s, count) for _, m, s in pairs], axis=0)
    effective = float(weight.sum() ** 2 / np.square(weight).sum())
    by_repeat, by_image = parts.sum(1), parts.sum(0)
    residual = parts - by_repeat[:, None] / count - by_image / n + parts.sum() / parts.size
    few_repeats, few_images = n / (n - 1), _few(effective)
    of_images, freedom = _of_images(by_image, weight, strata)
    return ErrorParts(
        repeats=float(np.square(by_repeat).sum()) * few_repeats,
        images=of_images,
        rest=float(np.square(residual).sum()) * few_repeats * few_images,
        n=n,
        images_freedom=freedom,
    )


def _of_images(
    parts: NDArray[Any], weight: NDArray[Any], strata: NDArray[np.int64] | None
) -> tuple[float, float]:
    """What differs from image to image of a class, and its degrees of freedom."""
    whole, squares = 0.0, 0.0
    for stratum in [slice(None)] if strata is None else [strata == s for s in np.unique(strata)]:
        own, shares = parts[stratum], weight[stratum]
        count = float(shares.sum() ** 2 / np.square(shares).sum())
        # a single one tells nothing of others of its class: all that it has counts
        middle = float(own.mean()) if count > 1 else 0.0
        variance = float(np.square(own - middle).sum()) * _few(count)
        whole += variance
        squares += variance**2 / (count - 1 if count > 1 else 1.0)
    return whole, whole**2 / squares if squares else max(1.0, len(parts) - 1.0)


def _few(count: float) -> float:
    """What makes a variance of so many values that of the whole they are from."""
    return count / (count - 1) if count > 1 else 1.0


def errors(family: Sequence[ErrorParts]) -> list[Error]:
    """The error of each of some means whose errors of repeats are much alike.

    The degrees of freedom are Satterthwaite's (Biometrics Bulletin 2, 1946), of what repeats and
    images contribute, but at most twice those of the repeats: where these seem to agree by chance,
    as many as images have would be too many.

    Args:
        family: Comparisons of one question with one classifier.
    """
    known = [parts for parts in family if parts.repeats > ROUNDING]
    lent, usual = 0.0, 0.0
    if len(known) > 1:
        freedoms = np.array([parts.n - 1 for parts in known], dtype=np.float64)
        # of one repeat, so that comparisons with more repeats can be beside others
        logs = np.log([parts.repeats * parts.n for parts in known])
        bias = special.digamma(freedoms / 2) - np.log(freedoms / 2)
        usual = math.exp(float(np.mean(logs - bias)))
        lent = min(_LENT, (len(known) - 1) * float(freedoms.min()))
    return [_error(parts, lent, usual / parts.n) for parts in family]


def _error(parts: ErrorParts, lent: float, usual: float) -> Error:
    """Of one mean, where ``lent`` degrees of freedom say that its error of repeats is ``usual``."""
    own = parts.n - 1.0
    repeats, freedom = parts.repeats, own
    if lent and repeats <= usual * float(special.fdtri(own, lent, _OWN)):
        freedom = lent + own
        repeats = (lent * usual + own * repeats) / freedom
    whole = parts.whole(repeats)
    if whole < ROUNDING:
        return Error(0.0, 1.0)
    of_images = (whole - repeats) ** 2 / parts.images_freedom
    satterthwaite = whole**2 / (repeats**2 / freedom + of_images)
    return Error(math.sqrt(whole), min(max(1.0, satterthwaite), 2 * freedom))
