"""The measures: torch-fidelity's own functions on features, fitted to few images.

Beside them density and coverage: how generated images lie among the neighbourhoods of the real ones
(Naeem, Oh, Uh, Choi and Yoo: Reliable Fidelity and Diversity Metrics for Generative Models, ICML
2020, arXiv:2002.09797).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.spatial.distance import cdist
from torch import Tensor
from torch_fidelity import metric_fid, metric_kid, metric_prc

# The coverage that a perfect generator is to expect, by which its paper chooses ``k``
EXPECTED_COVERAGE = 0.95

# Real images at a time, so that the distances between images need little memory
ROWS = 512


class Unmeasurable(Exception):
    """A measure has no value on these features; says why, without a full stop."""


def frechet_distance(generated: Tensor, real: Tensor) -> float:
    """Squared Fréchet distance between two normal distributions (Heusel et al. 2017).

    Args:
        generated: float32 (N, F), N at least 2.
        real: float32 (M, F), M at least 2.

    Raises:
        Unmeasurable: If the matrix square root fails.
    """
    ours, theirs = _in_their_span(generated, real)
    try:
        statistics = map(metric_fid.fid_features_to_statistics, (ours, theirs))
        found = metric_fid.fid_statistics_to_metric(*statistics, verbose=False)
    except np.linalg.LinAlgError as error:
        raise Unmeasurable(f"its matrix square root failed ({error})".replace("\n", " ")) from None
    return finite(found[metric_fid.KEY_METRIC_FID])


def _in_their_span(generated: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
    """Both sets turned into the space that they span, where they have fewer coordinates.

    A rotation and a shift leave the distance as it is, but its cost grows with the third power of
    the coordinates: with 100 images a side, a third of a second instead of a minute.
    """
    both = torch.cat([generated, real]).double()
    both = both - both.mean(0)
    if both.shape[1] > len(both):
        both = torch.linalg.qr(both.T, mode="r").R.T
    return both[: len(generated)], both[len(generated) :]


def kernel_distance(generated: Tensor, real: Tensor, subsets: int, subset_size: int) -> float:
    """Squared maximum mean discrepancy, cubic kernel, unbiased (Bińkowski et al. 2018).

    Of images of one class; those of several are not drawn at random from one distribution, see
    :mod:`neuplug_fid.stratified`.

    Args:
        generated: float32 (N, F), N at least 2.
        real: float32 (M, F), M at least 2.
        subsets: Random subsets to average over.
        subset_size: Images in a subset; torch-fidelity refuses more than there are.

    Raises:
        Unmeasurable: If the features are too large for it.
    """
    size = min(subset_size, len(generated), len(real))
    if size == len(generated) == len(real):
        subsets = 1  # the only one there is
    with np.errstate(all="ignore"):  # the cube of large features overflows
        found = metric_kid.kid_features_to_metric(
            generated, real, kid_subsets=subsets, kid_subset_size=size, verbose=False
        )
    return finite(found[metric_kid.KEY_METRIC_KID_MEAN])


def precision_recall(generated: Tensor, real: Tensor, neighborhood: int) -> tuple[float, float]:
    """Improved precision and recall (Kynkäänniemi et al. 2019).

    Args:
        generated: float32 (N, F), N above ``neighborhood``.
        real: float32 (M, F), M above ``neighborhood``.
        neighborhood: Which nearest neighbour gives the radius around an image.

    Returns:
        Part of the generated images near real ones, and part of the real near generated ones.
    """
    found = metric_prc.prc_features_to_metric(
        generated, real, prc_neighborhood=neighborhood, verbose=False
    )
    return found[metric_prc.KEY_METRIC_PRECISION], found[metric_prc.KEY_METRIC_RECALL]


def expected_coverage(real: int, generated: int, neighborhood: int) -> float:
    """The coverage to expect where real and generated images come from one distribution.

    1 - (N-1)...(N-k) / ((M+N-1)...(M+N-k)) for N real and M generated images: lemma 2 of the paper.
    It depends on the counts alone, and nears 1 - 2^-k where both are many.
    """
    fractions = ((real - i) / (generated + real - i) for i in range(1, neighborhood + 1))
    return 1 - math.prod(fractions)


def fitted_neighborhood(real: int, generated: int) -> int:
    """The fewest neighbours with an expected coverage of at least 0.95.

    Raises:
        Unmeasurable: If there are too few real images for any.
    """
    for neighborhood in range(1, real):
        if expected_coverage(real, generated, neighborhood) >= EXPECTED_COVERAGE:
            return neighborhood
    raise Unmeasurable(
        f"with {generated} generated and {real} real images not even equal distributions have an "
        f"expected coverage of {EXPECTED_COVERAGE}"
    )


def density_coverage(
    generated: Tensor, real: Tensor, neighborhood: int | None
) -> tuple[float, float]:
    """Density and coverage.

    A real image's neighbourhood reaches to its ``k``-th nearest other real image, and what lies at
    that very distance is in it.

    Args:
        generated: float32 (M, F), at least 1.
        real: float32 (N, F), N above ``neighborhood``.
        neighborhood: ``k``; by default what :func:`fitted_neighborhood` finds.

    Returns:
        Density: how many real images' neighbourhoods a generated image lies in, as a part of ``k``,
        on average; around 1 for equal distributions, more where the generated images crowd. And
        coverage: part of the real images with a generated one in their neighbourhood.

    Raises:
        Unmeasurable: If there are too few images.
    """
    k = neighborhood or fitted_neighborhood(len(real), len(generated))
    # differences in double: a copy is at distance 0 exactly
    ours, theirs = (np.asarray(part, dtype=np.float64) for part in (generated, real))
    inside = covered = 0
    for start in range(0, len(theirs), ROWS):
        part = theirs[start : start + ROWS]
        radius = np.partition(cdist(part, theirs), k, axis=1)[:, k : k + 1]  # 0th is itself
        near = cdist(part, ours) <= radius
        inside += int(near.sum())
        covered += int(near.any(1).sum())
    return inside / (k * len(ours)), covered / len(theirs)


def finite(value: float) -> float:
    """The value itself.

    Raises:
        Unmeasurable: If it is none.
    """
    if not math.isfinite(value):
        raise Unmeasurable("its value is not finite")
    return value
