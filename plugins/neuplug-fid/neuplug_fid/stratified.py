"""The kernel distance of sets whose numbers of images are given, class by class.

Statistics calls such sets stratified. The usual estimate averages the kernel over all pairs of
different images of a set, as if all of them were drawn at random from one distribution. With n_c
images of class c given, too few of these pairs are of one class: n_c (n_c - 1) of n (n - 1), in
place of the part (n_c / n)² that they are in the distribution. Images of one class are alike, so
that the estimate comes out too low, by an amount proportional to 1/n. Here each class counts by its
share.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor
from torch_fidelity.metric_kid import kernel_poly

from neuplug_fid.measures import Unmeasurable, finite
from neuplug_fid.sample import Sample

# Images at a time, so that the kernel needs little memory
ROWS = 1024

# Of the interval: images on a side, below which resampling them says little
FEWEST = 10

RESAMPLES = 1000

Array = NDArray[Any]


def paired_classes(generated: Sample, real: Sample) -> Tensor:
    """The classes that have two or more images on each side, int64 (classes,).

    From a single image of a class nothing can be said of how alike its images are.
    """
    counted = (s.labels.unique(return_counts=True) for s in (generated, real))
    ours, theirs = (labels[counts > 1] for labels, counts in counted)
    common: Tensor = ours[torch.isin(ours, theirs)]
    return common


def in_pairs(generated: Sample, real: Sample) -> tuple[Sample, Sample]:
    """The images of these classes.

    Raises:
        Unmeasurable: If there is no such class.
    """
    classes = paired_classes(generated, real)
    if not len(classes):
        raise Unmeasurable("no class has two images on each side")
    ours, theirs = (s.pick(torch.isin(s.labels, classes)) for s in (generated, real))
    return ours, theirs


class Points:
    """The images of a set as points, and which of them are of one class.

    Args:
        features: float32 (N, F).
        labels: int64 (N,), at least two of each class.
    """

    def __init__(self, features: Tensor, labels: Tensor) -> None:
        self.values = np.asarray(features, dtype=np.float64)
        truth = labels.numpy()
        self.classes = [np.flatnonzero(truth == label) for label in np.unique(truth)]

    def __len__(self) -> int:
        return len(self.values)


def stratified_kernel_distance(generated: Sample, real: Sample, layer: str) -> float:
    """Squared maximum mean discrepancy, cubic kernel, unbiased for given numbers of each class.

    With shares p_c = n_c / n, a set's mean of the kernel is the sum of p_c² times the mean over
    pairs of different images of class c, and of p_c p_d times the mean over pairs of one image of c
    and one of d. It estimates the distance of two mixtures of classes, each side with its own
    shares: where these differ, so do the mixtures, and that counts. All images take part at once.
    With one class it is the usual estimate (Bińkowski et al. 2018).

    Args:
        generated: At least two images of each class.
        real: At least two images of each class.
        layer: The features that are meant.

    Raises:
        Unmeasurable: If the features are too large for it.
    """
    ours, theirs = (Points(s.features[layer], s.labels) for s in (generated, real))
    with np.errstate(all="ignore"):  # features too large for float32 are not finite any more
        found = distances(ours, theirs, np.ones((1, len(ours))), np.ones((1, len(theirs))))
    return finite(float(found[0]))


def distances(ours: Points, theirs: Points, mine: Array, others: Array) -> Array:
    """The estimate for sets in which images of ``ours`` and ``theirs`` occur several times.

    Args:
        ours: N points.
        theirs: M points.
        mine: How often each of ours occurs, (sets, N); a class as often as it has images.
        others: The same of theirs, (sets, M).

    Returns:
        One for each set, over pairs of different images: those of one image with itself, which only
        repeated images have, do not count.
    """
    between = _pairs(ours.values, theirs.values, mine, others) / (len(ours) * len(theirs))
    found: Array = _within(ours, mine) + _within(theirs, others) - 2 * between
    return found


def _within(points: Points, weights: Array) -> Array:
    total = np.zeros(len(weights))
    for members in points.classes:
        own, rest = points.values[members], np.delete(points.values, members, axis=0)
        drawn = weights[:, members]
        total += _pairs(own, rest, drawn, np.delete(weights, members, axis=1))
        total += len(members) ** 2 * _alike(own, drawn)
    return total / len(points) ** 2


def _alike(points: Array, weights: Array) -> Array:
    """The kernel's mean over pairs of different images of one class.

    A draw that is one image over and over has no such pair. It takes the mean of all.
    """
    alone = np.count_nonzero(weights, axis=1) == 1
    weights = np.where(alone[:, None], 1.0, weights)
    squares = weights**2
    own = np.concatenate([kernel_poly(point[None], point[None])[0] for point in points])
    pairs = _pairs(points, points, weights, weights) - squares @ own
    found: Array = pairs / (weights.sum(1) ** 2 - squares.sum(1))
    return found


def _pairs(ours: Array, theirs: Array, mine: Array, others: Array) -> Array:
    """The kernel's sum over pairs, each as often as both of its images were drawn."""
    total = np.zeros(len(mine))
    for start in range(0, len(ours), ROWS):
        part = slice(start, start + ROWS)
        total += (mine[:, part] @ kernel_poly(ours[part], theirs) * others).sum(1)
    return total


def kernel_interval(generated: Sample, real: Sample, layer: str, seed: int) -> tuple[float, float]:
    """Percentile bootstrap 95 % interval of the kernel distance of all images at once.

    Images of both sides are resampled, each class by itself, since the classes' numbers are given.
    A resample holds some images more than once, and a pair of the same image is more alike than any
    other: counting such pairs would lift all resamples above the estimate, so they do not count.

    Args:
        generated: At least 10 images of classes with two or more on each side.
        real: As many of these classes.
        layer: The features that are meant.
        seed: Of the resampling.

    Raises:
        Unmeasurable: If there are too few images, or the features are too large.
    """
    generated, real = in_pairs(generated, real)
    if min(len(generated), len(real)) < FEWEST:
        raise Unmeasurable(
            f"it needs {FEWEST} images on each side; there are {len(generated)} and {len(real)}"
        )
    ours, theirs = (Points(s.features[layer], s.labels) for s in (generated, real))
    places = [*ours.classes, *(len(ours) + members for members in theirs.classes)]

    def statistic(*drawn: Array, axis: int) -> Array:
        del axis  # the last one
        weights = _counts(np.concatenate(drawn, axis=1), len(ours) + len(theirs))
        return distances(ours, theirs, weights[:, : len(ours)], weights[:, len(ours) :])

    with np.errstate(all="ignore"):  # the cube of large features overflows
        found = stats.bootstrap(
            places,
            statistic,
            n_resamples=RESAMPLES,
            vectorized=True,
            axis=-1,
            method="percentile",
            random_state=np.random.default_rng(seed),
        ).confidence_interval
    return finite(float(found.low)), finite(float(found.high))


def _counts(drawn: Array, images: int) -> Array:
    """How often each image was drawn: (resamples, images)."""
    apart = drawn + images * np.arange(len(drawn))[:, None]
    counts: Array = np.bincount(apart.ravel(), minlength=images * len(drawn))
    return counts.reshape(len(drawn), images).astype(np.float64)
