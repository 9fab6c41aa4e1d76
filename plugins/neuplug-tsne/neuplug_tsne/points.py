"""Images as points: their features, a map of them, and whether two kinds can be told apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import openTSNE
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch import Tensor
from torch.nn import functional as F

# Principal components that stand for the pixels, as usual before t-SNE
COMPONENTS = 50

# Pixels of the longer side; larger images are averaged down, their components stay the same
SIDE = 64

USUAL_PERPLEXITY = 30.0


@dataclass(frozen=True)
class Points:
    """Images as points.

    Attributes:
        rows: Features, or places on a map, (N, F).
        is_real: Which of them are real images, (N,).
    """

    rows: NDArray[np.float64]
    is_real: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def counts(self) -> str:
        """How many of each kind, as a caption."""
        return f"{self.is_real.sum()} real, {(~self.is_real).sum()} generated"


def pixel_features(images: Tensor, seed: int) -> NDArray[np.float64]:
    """Standardised pixels, reduced to their first principal components.

    Both steps are fitted on the images given, so these are to be all that will be compared.

    Args:
        images: uint8 (N, C, H, W), N at least 2.
        seed: Of the randomised solver.

    Returns:
        (N, F), F at most 50; one column of zeros if all images are identical.
    """
    scale = min(1.0, SIDE / max(images.shape[2:]))
    size = [max(1, round(side * scale)) for side in images.shape[2:]]
    rows = F.interpolate(images.float(), size, mode="area").flatten(1).numpy()
    if not np.ptp(rows, axis=0).any():
        return np.zeros((len(rows), 1))
    rows = StandardScaler(copy=False).fit_transform(rows)
    reduce = PCA(min(COMPONENTS, len(rows) - 1, rows.shape[1]), random_state=seed % 2**32)
    # matrices this narrow gain nothing from more threads, and lose tenfold where cores are busy
    with threadpool_limits(1, user_api="blas"):
        return np.asarray(reduce.fit_transform(rows), dtype=np.float64)


def fitted_perplexity(n: int, wanted: float | None) -> float:
    """The perplexity wanted, or 30, but no more than ``n`` points allow.

    A perplexity needs three times as many neighbours; every point has ``n - 1``.
    """
    return min(wanted or USUAL_PERPLEXITY, (n - 1) / 3)


def tsne_map(features: NDArray[np.float64], perplexity: float, seed: int) -> NDArray[np.float64]:
    """Lay the points out in a plane so that near ones stay near.

    Van der Maaten and Hinton: Visualizing Data using t-SNE, JMLR 9, 2008.

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


def one_nearest_neighbour(points: Points, seed: int) -> OneNearestNeighbour:
    """Leave each image out in turn and look at its nearest neighbour among the others.

    Lopez-Paz and Oquab: Revisiting Classifier Two-Sample Tests, 2017 (arXiv:1610.06545); read in
    two halves after Xu et al.: An empirical study on evaluation metrics of generative adversarial
    networks, 2018 (arXiv:1806.07755).

    Args:
        points: As many real as generated ones: the measure leans towards the larger group.
        seed: Decides between neighbours at the same distance.
    """
    # Of several nearest ones the search takes the first: in their given order always a real one.
    order = np.random.default_rng(seed).permutation(len(points))
    features, is_real = points.rows[order], points.is_real[order]
    # a tree computes differences, so copies are at distance 0; the default may square first
    search = NearestNeighbors(n_neighbors=1, algorithm="kd_tree").fit(features)
    nearest = search.kneighbors(return_distance=False)[:, 0]
    same = is_real[nearest] == is_real
    return OneNearestNeighbour(float(same[is_real].mean()), float(same[~is_real].mean()))
