"""Small grey images, all of one size, by which near duplicates are found.

They are compared freed of brightness, contrast and gamma, clipped alike, and turned eight ways.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuplug.data.decoding import Pixels, fit, to_uint8

# Height and width of a thumbnail, in pixels
SIDE = 64

_LEAST = 8  # pixels of a side, below which copies cannot be told from others
_LUMA = (0.299, 0.587, 0.114)
_FLAT = 0.5  # grey levels of standard deviation; below it there is nothing to compare
_BLACK, _WHITE = 3, 252  # grey levels from which a pixel may be clipped


def thumbnail(pixels: Pixels, bits: int = 8) -> NDArray[np.uint8]:
    """A grey thumbnail of an image of any size, its proportions not kept.

    Args:
        pixels: (H, W) or (H, W, 3), uint8 or uint16.
        bits: Significant bits of uint16 pixels.

    Returns:
        uint8 (``SIDE``, ``SIDE``); black where a side has fewer than 8 pixels, which are too few
        to tell a copy.
    """
    if min(pixels.shape[:2]) < _LEAST:
        return np.zeros((SIDE, SIDE), dtype=np.uint8)
    small = to_uint8(fit(pixels, (SIDE, SIDE)), bits)
    grey: NDArray[np.uint8] = small
    if small.ndim == 3:
        grey = np.rint(small @ np.array(_LUMA)).astype(np.uint8)
    return grey


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


def turned(images: Tensor, ways: Tensor) -> Tensor:
    """Turn and mirror images, each in its own way.

    Args:
        images: (N, side, side).
        ways: int64 (N,), 0 to 7: 4 transposes, then 2 turns upside down and 1 mirrors.
    """
    return torch.stack([_turn(*pair) for pair in zip(images, ways.tolist(), strict=True)])


def _turn(image: Tensor, way: int) -> Tensor:
    image = image.mT if way & 4 else image
    return image.flip(([-2] if way & 2 else []) + ([-1] if way & 1 else []))
