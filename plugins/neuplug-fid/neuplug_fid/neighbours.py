"""Density and coverage: how generated images lie among the neighbourhoods of the real ones.

Naeem, Oh, Uh, Choi and Yoo: Reliable Fidelity and Diversity Metrics for Generative Models, ICML
2020 (arXiv:2002.09797).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial.distance import cdist
from torch import Tensor

from neuplug_fid.measures import Unmeasurable

# The coverage that a perfect generator is to expect, by which the paper chooses its ``k``
EXPECTED = 0.95

# Real images at a time, so that the distances need little memory
ROWS = 512


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
        if expected_coverage(real, generated, neighborhood) >= EXPECTED:
            return neighborhood
    raise Unmeasurable(
        f"with {generated} generated and {real} real images not even equal distributions have an "
        f"expected coverage of {EXPECTED}"
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
