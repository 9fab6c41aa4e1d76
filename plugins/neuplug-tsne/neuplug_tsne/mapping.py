"""From features to a map in the plane.

Van der Maaten and Hinton: Visualizing Data using t-SNE, JMLR 9, 2008.
"""

from __future__ import annotations

import numpy as np
import openTSNE
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

USUAL_PERPLEXITY = 30.0


def fitted_perplexity(n: int, wanted: float | None) -> float:
    """The perplexity wanted, or 30, but no more than ``n`` points allow.

    A perplexity needs three times as many neighbours; every point has ``n - 1``.
    """
    return min(wanted or USUAL_PERPLEXITY, (n - 1) / 3)


def tsne_map(features: NDArray[np.float64], perplexity: float, seed: int) -> NDArray[np.float64]:
    """Lay the points out in a plane so that near ones stay near.

    Args:
        features: (N, F), N at least 4.
        perplexity: How many neighbours a point attends to, at most (N - 1) / 3.
        seed: The only source of randomness.

    Returns:
        (N, 2); distances between far groups mean little, the axes nothing.
    """
    # principal components make the best start, but points that do not differ have none
    spread = features.shape[1] > 1 and np.ptp(features, axis=0).any()
    tsne = openTSNE.TSNE(
        perplexity=perplexity,
        initialization="pca" if spread else "random",
        neighbors="exact",  # the approximate search has randomness of its own
        n_jobs=1,
        random_state=seed % 2**32,
    )
    with threadpool_limits(1, user_api="blas"):
        return np.asarray(tsne.fit(features), dtype=np.float64)
