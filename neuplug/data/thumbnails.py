"""Small grey images, all of one size, by which near duplicates are found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuplug.data.decoding import Pixels, fit, to_uint8

# Height and width of a thumbnail, in pixels
SIDE = 64

_LEAST = 8  # pixels of a side, below which copies cannot be told from others
_LUMA = (0.299, 0.587, 0.114)


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
