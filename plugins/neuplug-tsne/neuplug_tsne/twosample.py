"""Whether real and generated images can be told apart by their nearest neighbours.

Lopez-Paz and Oquab: Revisiting Classifier Two-Sample Tests, 2017 (arXiv:1610.06545); read in two
halves after Xu et al.: An empirical study on evaluation metrics of generative adversarial networks,
2018 (arXiv:1806.07755).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors


@dataclass(frozen=True)
class OneNearestNeighbour:
    """Accuracy of the classifier that gives each image the kind of its nearest other image.

    Attributes:
        real: Share of real images whose nearest neighbour is real.
        generated: Share of generated images whose nearest neighbour is generated.
    """

    real: float
    generated: float

    @property
    def accuracy(self) -> float:
        """Over both, equally many: 0.5 where alike, 1 where apart, 0 where each has one copy."""
        return (self.real + self.generated) / 2


def one_nearest_neighbour(
    features: NDArray[np.float64], is_real: NDArray[np.bool_], seed: int
) -> OneNearestNeighbour:
    """Leave each image out in turn and look at its nearest neighbour among the others.

    Args:
        features: (N, F).
        is_real: (N,), as many true as false: the measure leans towards the larger group.
        seed: Decides between neighbours at the same distance.
    """
    # Of several nearest ones the search takes the first: in their given order always a real one.
    order = np.random.default_rng(seed).permutation(len(features))
    features, is_real = features[order], is_real[order]
    # a tree computes differences, so copies are at distance 0; the default may square first
    search = NearestNeighbors(n_neighbors=1, algorithm="kd_tree").fit(features)
    nearest = search.kneighbors(return_distance=False)[:, 0]
    same = is_real[nearest] == is_real
    return OneNearestNeighbour(float(same[is_real].mean()), float(same[~is_real].mean()))
