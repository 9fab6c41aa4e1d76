"""How far the kernel distance would move with other images: a bootstrap of images."""

from __future__ import annotations

import numpy as np
from scipy import stats

from neuplug_fid.measures import Unmeasurable, finite
from neuplug_fid.sample import Sample
from neuplug_fid.stratified import Array, Points, distances, in_pairs

# Images on a side, below which resampling them says little
FEWEST = 10

RESAMPLES = 1000


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
            f"it takes {FEWEST} images on each side, and there are {len(generated)} and {len(real)}"
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
