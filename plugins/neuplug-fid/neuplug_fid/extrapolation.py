"""The Fréchet distance of infinitely many generated images, and its figure.

With N images it comes out too high by an amount that is proportional to 1/N, if N is large against
the dimensions: a line through several N meets 1/N = 0 at the value without that bias. Chong and
Forsyth: Effectively Unbiased FID and Inception Score and where to find them, CVPR 2020.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from neuplug_fid.measures import Unmeasurable, finite

# Images for each dimension at the smallest N: that of the paper, 5000 of Inception's 2048
PER_DIMENSION = 5000 / 2048

FEWEST_POINTS, MOST_POINTS = 3, 5

# For a standard error 50 to 200 are enough (Efron and Tibshirani 1993, chapter 6)
RESAMPLES = 100

INK, MUTED, LINE, GENERATED = "#16191d", "#59616b", "#dfe3e8", "#d9622b"

Array = NDArray[Any]


@dataclass(frozen=True)
class Extrapolation:
    """A line through Fréchet distances against 1/N.

    Attributes:
        inverse_counts: 1/N, ascending.
        distances: The mean over the disjoint parts with N images each.
        slope: By how much the distance grows with 1/N.
        intercept: The distance at infinitely many generated images.
        low: Lower end of its 95 % interval; ``nan`` where it was not asked for.
        high: Upper end.
    """

    inverse_counts: tuple[float, ...]
    distances: tuple[float, ...]
    slope: float
    intercept: float
    low: float
    high: float


class Reference:
    """The real images: their number is what it is, and so is what it adds to the distance.

    Args:
        real: float32 (M, F), M at least 2.
    """

    def __init__(self, real: Tensor) -> None:
        points = np.asarray(real, dtype=np.float64)
        self.mean = points.mean(0)
        centred = (points - self.mean) / math.sqrt(len(points) - 1)
        _, lengths, axes = np.linalg.svd(centred, full_matrices=False)
        there = lengths > 1e-5 * lengths.max()  # beyond that, rounding of the features
        self.root = axes[there].T * lengths[there]  # root @ root.T is the covariance
        self.variance = float((lengths**2).sum())

    @property
    def dimensions(self) -> int:
        """Those in which the real images differ: no more than features, and fewer than images."""
        return int(self.root.shape[1])

    @property
    def fewest(self) -> int:
        """Generated images that a line takes."""
        return math.ceil(FEWEST_POINTS * PER_DIMENSION * max(self.dimensions, 1))

    def points(self, generated: int) -> int:
        """How many N a line can have; with fewer than 3 there is none."""
        smallest = PER_DIMENSION * max(self.dimensions, 1)
        return min(MOST_POINTS, int(generated / smallest))


class _Cloud:
    """Generated images against a reference, as what the distance takes: fast for many subsets."""

    def __init__(self, generated: Tensor, reference: Reference) -> None:
        self.points = np.asarray(generated, dtype=np.float64) - reference.mean
        self.squares = (self.points**2).sum(1)
        self.seen = self.points @ reference.root
        self.reference = reference

    def distance(self, rows: Array) -> float:
        """Squared Fréchet distance of some of the images, as torch-fidelity's.

        Its square root of a product of covariances is taken among the reference's dimensions, of a
        symmetric matrix: the bootstrap asks for some thousand of them.
        """
        shift = self.points[rows].mean(0)
        length, free = float(shift @ shift), len(rows) - 1
        variance = (float(self.squares[rows].sum()) - len(rows) * length) / free
        seen = self.seen[rows]
        seen = seen - seen.mean(0)
        product = np.linalg.eigvalsh(seen.T @ seen / free)
        root = float(np.sqrt(product.clip(0)).sum())
        return length + variance + self.reference.variance - 2 * root


def extrapolate(
    generated: Tensor,
    labels: Tensor,
    real: Tensor,
    seed: int,
    resamples: int = RESAMPLES,
) -> Extrapolation:
    """The Fréchet distance at infinitely many generated images, against these real ones.

    Points are at N, N/2, ... down to N/5: the means over so many disjoint parts, each with every
    class in its share, so that every point comes from all images.

    The interval is for other generated images and the same real ones. It is the intercept plus
    and minus 1.96 bootstrap standard errors: a resample's own intercept is that of a world whose
    truth is this very set, with its bias, so the percentiles of the intercepts lie too high.

    Args:
        generated: float32 (N, F).
        labels: int64 (N,), their classes.
        real: float32 (M, F).
        seed: Decides the parts and the resamples.
        resamples: For the interval; 0 for none.

    Raises:
        Unmeasurable: If there are too few generated images for the real ones' dimensions.
    """
    reference = Reference(real)
    count = reference.points(len(generated))
    if count < FEWEST_POINTS:
        raise Unmeasurable(
            f"against real images of {reference.dimensions} dimensions it needs "
            f"{reference.fewest} generated ones, and there are {len(generated)}"
        )
    cloud, classes, rng = _Cloud(generated, reference), labels.numpy(), np.random.default_rng(seed)
    inverse = [parts / len(generated) for parts in range(1, count + 1)]
    try:
        distances = _distances(cloud, classes, np.arange(len(classes)), count, rng)
        line = stats.linregress(inverse, distances)
        drawn = [
            _distances(cloud, classes, _resample(classes, rng), count, rng)
            for _ in range(resamples)
        ]
    except np.linalg.LinAlgError as error:
        raise Unmeasurable(f"its eigenvalues were not found ({error})") from None
    reach = math.nan
    if resamples > 1:
        spread = np.std([stats.linregress(inverse, d).intercept for d in drawn], ddof=1)
        reach = float(stats.norm.ppf(0.975) * spread)
    middle = finite(float(line.intercept))
    return Extrapolation(
        tuple(inverse), tuple(distances), float(line.slope), middle, middle - reach, middle + reach
    )


def _distances(
    cloud: _Cloud, classes: Array, rows: Array, count: int, rng: np.random.Generator
) -> list[float]:
    """The distances of all these images, of halves, thirds, ..., each averaged over its parts."""
    rows = rng.permutation(rows)
    rows = rows[np.argsort(classes[rows], kind="stable")]  # every k-th: each class in its share
    return [
        float(np.mean([cloud.distance(rows[first::parts]) for first in range(parts)]))
        for parts in range(1, count + 1)
    ]


def _resample(classes: Array, rng: np.random.Generator) -> Array:
    """Images drawn with replacement, each class by itself."""
    members = (np.flatnonzero(classes == label) for label in np.unique(classes))
    return np.concatenate([rng.choice(group, len(group)) for group in members])


def draw(name: str, against: str, found: Extrapolation) -> Figure:
    """The points, the line through them, and where it meets infinity, as wide as a telephone.

    Args:
        name: Of the distance.
        against: The images that the generated ones are compared with.
        found: The line, with or without an interval.
    """
    figure = Figure(figsize=(4.2, 3.2), facecolor="white")
    value = f"at infinity {found.intercept:.3g}"
    if not math.isnan(found.low):
        value += f", 95 % interval {found.low:.3g} to {found.high:.3g}"
    figure.text(0.03, 0.95, name, size=10, weight="bold", color=INK, va="center")
    for line, text in enumerate((f"generated against {against}", value)):
        figure.text(0.03, 0.885 - 0.06 * line, text, size=8.5, color=MUTED, va="center")
    _plot(figure.add_axes((0.15, 0.17, 0.81, 0.58)), found)
    return figure


def _plot(axes: Axes, found: Extrapolation) -> None:
    last = found.inverse_counts[-1]
    ends = [found.intercept, found.intercept + found.slope * last]
    axes.plot([0, last], ends, color=MUTED, lw=1, zorder=1)
    axes.scatter(found.inverse_counts, found.distances, s=22, color=GENERATED, marker="^", zorder=2)
    reach = None if math.isnan(found.high) else found.high - found.intercept
    axes.errorbar(0, found.intercept, yerr=reach, color=INK, fmt="o", ms=5, capsize=4)
    counts = [str(round(1 / x)) for x in found.inverse_counts]
    axes.set_xticks([0, *found.inverse_counts], ["\N{INFINITY}", *counts])
    axes.set_xlim(-0.04 * last, 1.05 * last)
    axes.set_xlabel("N generated images, evenly in 1/N", size=8.5, color=INK)
    axes.tick_params(labelsize=8.5, labelcolor=INK, color=LINE)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(LINE)
