"""Lay one image over another, and tell how much of it the other explains.

The second image may be shifted, and stretched along each axis, until it fits: inverse compositional
Gauss-Newton steps on the squared difference, with gain and offset free (Baker and Matthews 2004;
the measure is the correlation, as in Evangelidis and Psarakis 2008). Both images are equalised,
brought to a common range of tones, so that what is clipped in one is clipped in both, and freed of
uneven light. Warps are separable, so that sampling is two matrix products.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d

_FLAT = 0.5  # grey levels of standard deviation; below it there is nothing to compare
_BLACK, _WHITE = 3, 252  # grey levels from which a pixel may be clipped
_CHUNK = 64  # images whose grey levels are counted at once
_FARTHEST = 0.3  # shift, in half sides, and stretch that are tried
_LEAST_OVERLAP = 0.6  # of the area
_LARGEST_STEP = 0.1


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
        pixels = thumbnails.reshape(len(thumbnails), math.prod(thumbnails.shape[1:]))
        counts = np.empty((len(pixels), 256), dtype=np.int64)
        for start in range(0, len(pixels), _CHUNK):
            part = pixels[start : start + _CHUNK]
            apart = part + 256 * np.arange(len(part))[:, None]
            found = np.bincount(apart.ravel(), minlength=256 * len(part))
            counts[start : start + _CHUNK] = found.reshape(len(part), 256)
        shares = (counts / pixels.shape[1]).astype(np.float32)
        ranks = np.cumsum(shares, axis=1) - shares / 2
        levels = np.arange(256, dtype=np.float64)
        variance = shares @ levels**2 - (shares @ levels) ** 2
        ranks[variance < _FLAT**2] = 0
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
    images = torch.where((ways & 4 > 0)[:, None, None], images.mT, images)
    images = torch.where((ways & 2 > 0)[:, None, None], images.flip(-2), images)
    return torch.where((ways & 1 > 0)[:, None, None], images.flip(-1), images)


def by_fours(images: Tensor) -> Tensor:
    """Means of 2x2 pixels, float32 (N, side, side) to half the side."""
    return avg_pool2d(images[:, None], 2)[:, 0]


def align(still: Tensor, moved: Tensor, warp: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Move and stretch the second image of each pair until it explains the first.

    Args:
        still: float32 (P, n, n).
        moved: float32 (P, n, n), or (P, 2 n, 2 n): then what is compared is its pixels by fours.
        warp: float32 (P, 4), where to begin: stretch and shift along x, then along y, in half
            sides.
        steps: Of Gauss and Newton.

    Returns:
        The best warp found, float32 (P, 4), and its correlation, float32 (P,), -1 where too little
        overlaps.
    """
    slopes, inverse = _steepest(still)
    best, best_warp = torch.full((len(still),), -1.0), warp
    for step in range(steps + 1):
        score, error = _correlation(still, *_warped(moved, warp, still.shape[-1]))
        better = score > best
        best = torch.where(better, score, best)
        best_warp = torch.where(better[:, None], warp, best_warp)
        if step == steps:
            break
        change = -(inverse @ (slopes @ error.flatten(1)[:, :, None]))[:, :, 0]
        change = change.clamp(-_LARGEST_STEP, _LARGEST_STEP)
        # the step is of the still image: its inverse moves the other
        stretch = (1 + warp[:, (0, 2)]) / (1 + change[:, (0, 2)])
        shift = warp[:, (1, 3)] - stretch * change[:, (1, 3)]
        warp = torch.stack([stretch - 1, shift], dim=2).flatten(1).clamp(-_FARTHEST, _FARTHEST)
    return best_warp, best


def agreement(still: Tensor, moved: Tensor, warp: Tensor) -> Tensor:
    """The correlation of images as they lie, float32 (P,); arguments as of :func:`align`."""
    return _correlation(still, *_warped(moved, warp, still.shape[-1]))[0]


def _steepest(still: Tensor) -> tuple[Tensor, Tensor]:
    """How each pixel changes with each part of the warp, (P, 4, n * n), and the inverse Hessian.

    Computed once for all steps. Offsets are projected out.
    """
    side = still.shape[-1]
    across, down = torch.zeros_like(still), torch.zeros_like(still)
    across[:, :, 1:-1] = (still[:, :, 2:] - still[:, :, :-2]) * side / 4
    down[:, 1:-1] = (still[:, 2:] - still[:, :-2]) * side / 4
    axis = _axis(side)
    slopes = torch.stack([across * axis, across, down * axis[:, None], down], dim=1).flatten(2)
    slopes -= slopes.mean(2, keepdim=True)
    hessian = slopes @ slopes.mT
    damping = torch.diag_embed(1e-3 * hessian.diagonal(dim1=1, dim2=2) + 1e-6)
    return slopes, torch.linalg.inv(hessian + damping)


def _axis(side: int) -> Tensor:
    """Centres of pixels, from -1 to 1 over the image."""
    return (torch.arange(side) + 0.5) / side * 2 - 1


def _warped(moved: Tensor, warp: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Images at warped places, (P, side, side), and whether each was inside, 0 or 1."""
    across, inside_x = _samples(warp[:, 0], warp[:, 1], side, moved.shape[-1])
    down, inside_y = _samples(warp[:, 2], warp[:, 3], side, moved.shape[-1])
    return down @ moved @ across.mT, inside_y[:, :, None] * inside_x[:, None]


def _samples(stretch: Tensor, shift: Tensor, side: int, source: int) -> tuple[Tensor, Tensor]:
    """Linear interpolation along an axis as matrices (P, side, source), and what is inside."""
    finer = source // side
    places = (_axis(source) * (1 + stretch[:, None])) + shift[:, None]
    inside = (places.abs() <= 1).float().view(len(places), side, finer).amin(2)
    pixels = (((places + 1) * source - 1) / 2).clamp(0, source - 1)
    weights = (1 - (pixels[:, :, None] - torch.arange(source)).abs()).clamp(min=0)
    return weights.view(len(places), side, finer, source).mean(2), inside


def _correlation(still: Tensor, moved: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
    """Correlation (P,), -1 where too little overlaps, and what is left (P, n, n)."""
    area = inside.sum((1, 2))
    weight = inside / area.clamp(min=1)[:, None, None]

    def centred(images: Tensor) -> Tensor:
        return (images - (images * weight).sum((1, 2), keepdim=True)) * inside

    still, moved = centred(still), centred(moved)
    power, common = moved.square().sum((1, 2)), (still * moved).sum((1, 2))
    score = common / (still.square().sum((1, 2)) * power).sqrt().clamp(min=1e-9)
    score = torch.where(area >= _LEAST_OVERLAP * still.shape[1:].numel(), score, -1.0)
    # a gain that is small or negative would stop the alignment before it begins
    gain = (common / power.clamp(min=1e-9)).clamp(min=0.2)[:, None, None]
    return score, still - gain * moved
