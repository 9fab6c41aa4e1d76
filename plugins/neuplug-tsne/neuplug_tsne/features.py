"""The space in which images are compared: one row of numbers for each image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch import Tensor
from torch.nn import functional as F

# Principal components that stand for the pixels, as usual before t-SNE
COMPONENTS = 50

# Pixels of the longer side; larger images are averaged down, their components stay the same
SIDE = 64


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
