"""Thumbnails freed of brightness, contrast and gamma, and clipped alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_FLAT = 0.5  # grey levels of standard deviation; below it there is nothing to compare
_BLACK, _WHITE = 3, 252  # grey levels from which a pixel may be clipped


@dataclass(frozen=True, eq=False)
class Tones:
    """Thumbnails whose grey levels can be replaced by their ranks.

    Attributes:
        thumbnails: uint8 (N, side, side).
        ranks: float32 (N, 256), 0 to 1, of each grey level in each image: the share of darker
            pixels, those of the level itself counting half. Of a flat image all are 0.
        low: float32 (N,), the share of pixels that may be clipped to black.
        high: float32 (N,), one minus the share of pixels that may be clipped to white.
    """

    thumbnails: NDArray[np.uint8]
    ranks: Tensor
    low: Tensor
    high: Tensor

    def __len__(self) -> int:
        return len(self.thumbnails)

    @classmethod
    def of(cls, thumbnails: NDArray[np.uint8]) -> Tones:
        """Look at uint8 (N, side, side) once."""
        shares = np.zeros((len(thumbnails), 256), dtype=np.float32)
        ranks = np.zeros_like(shares)
        for share, rank, image in zip(shares, ranks, thumbnails, strict=True):
            share[:] = np.bincount(image.ravel(), minlength=256) / image.size
            if image.std() >= _FLAT:
                rank[:] = np.cumsum(share) - share / 2
        low, high = shares[:, : _BLACK + 1].sum(1), 1 - shares[:, _WHITE:].sum(1)
        return cls(thumbnails, *map(torch.from_numpy, (ranks, low, high)))

    def equalised(self, indices: Tensor, low: Tensor, high: Tensor) -> Tensor:
        """Images with each pixel replaced by its rank, clipped.

        Args:
            indices: int64 (P,).
            low: float32 (P,), the rank below which all becomes equal.
            high: float32 (P,), the rank above which all becomes equal.

        Returns:
            float32 (P, side, side).
        """
        high = torch.maximum(high, low + 0.02)  # of black and white images something is left
        levels = torch.from_numpy(self.thumbnails[indices.numpy()]).long()
        images = self.ranks[indices].gather(1, levels.flatten(1)).view(levels.shape)
        return images.clamp(low[:, None, None], high[:, None, None])
