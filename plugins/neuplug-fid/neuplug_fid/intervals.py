"""How far the kernel distance would move with other images: a bootstrap of images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from torch_fidelity.metric_kid import kernel_poly

from neuplug_fid.measures import Unmeasurable, finite
from neuplug_fid.sample import Sample

FEWEST = 10
"""Images on a side, below which resampling them says little."""

RESAMPLES = 1000
ROWS = 1024
"""Images at a time, so that the kernel needs little memory."""

Array = NDArray[Any]


def kernel_interval(generated: Sample, real: Sample, layer: str, seed: int) -> tuple[float, float]:
    """Percentile bootstrap 95 % interval of the kernel distance of all images at once.

    Images of both sides are resampled, each class by itself, since the classes' numbers are given.
    A resample holds some images more than once, and a pair of the same image is more alike than any
    other: counting such pairs would lift all resamples above the estimate, so they do not count.

    Args:
        generated: At least 10 images.
        real: At least 10 images.
        layer: The features that are meant.
        seed: Of the resampling.

    Raises:
        Unmeasurable: If there are too few images, or the features are too large.
    """
    if min(len(generated), len(real)) < FEWEST:
        raise Unmeasurable(
            f"it takes {FEWEST} images on each side, and there are {len(generated)} and {len(real)}"
        )
    groups = _groups(generated.labels.numpy(), 0) + _groups(real.labels.numpy(), len(generated))
    resampled = [group for group in groups if len(group) > 1]
    if not resampled:
        raise Unmeasurable("no class has two images to resample")
    lone = [group for group in groups if len(group) == 1]
    ours, theirs = (np.asarray(s.features[layer], dtype=np.float64) for s in (generated, real))

    def distances(*drawn: Array, axis: int) -> Array:
        del axis  # the last one
        rows = [*drawn, *(np.broadcast_to(group, (len(drawn[0]), 1)) for group in lone)]
        weights = _counts(np.concatenate(rows, axis=1), len(ours) + len(theirs))
        return _distances(ours, theirs, weights[:, : len(ours)], weights[:, len(ours) :])

    with np.errstate(all="ignore"):  # the cube of large features overflows
        found = stats.bootstrap(
            resampled,
            distances,
            n_resamples=RESAMPLES,
            vectorized=True,
            axis=-1,
            method="percentile",
            random_state=np.random.default_rng(seed),
        ).confidence_interval
    return finite(float(found.low)), finite(float(found.high))


def _groups(labels: Array, first: int) -> list[Array]:
    """The places of each class's images, counted from ``first``."""
    return [first + np.flatnonzero(labels == label) for label in np.unique(labels)]


def _counts(drawn: Array, images: int) -> Array:
    """How often each image was drawn: (resamples, images)."""
    apart = drawn + images * np.arange(len(drawn))[:, None]
    counts: Array = np.bincount(apart.ravel(), minlength=images * len(drawn))
    return counts.reshape(len(drawn), images).astype(np.float64)


def _distances(ours: Array, theirs: Array, mine: Array, others: Array) -> Array:
    """The unbiased estimate for each row of weights, over pairs of different images."""
    between = _pairs(ours, theirs, mine, others) / (mine.sum(1) * others.sum(1))
    found: Array = _within(ours, mine) + _within(theirs, others) - 2 * between
    return found


def _within(points: Array, weights: Array) -> Array:
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
