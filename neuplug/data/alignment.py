"""Lay one image over another, and tell how much of it the other explains.

The second image may be shifted, and stretched along each axis, until it fits: Gauss-Newton steps
on the squared difference, with gain and offset free (Lucas and Kanade 1981; the measure is the
correlation, as in Evangelidis and Psarakis 2008). Both images are equalised, brought to a common
range of tones, so that what is clipped in one is clipped in both, and freed of uneven light.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample

from neuplug.data.neighbors import detail

_FLAT = 0.5  # grey levels of standard deviation; below it there is nothing to compare
_BLACK, _WHITE = 3, 252  # grey levels from which a pixel may be clipped
_COARSE_STEPS, _FINE_STEPS = 8, 2
_PROMISING = 0.8  # correlation of the coarse images from which the fine ones are aligned
_FARTHEST = 0.3  # shift, in half sides, and stretch that are tried
_LEAST_OVERLAP = 0.6  # of the area


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


def explained(tones: Tones, first: Tensor, second: Tensor, ways: Tensor) -> Tensor:
    """How well the second image of each pair, aligned, explains the first.

    Args:
        tones: Of all images.
        first: int64 (P,), indices of images.
        second: int64 (P,), indices of the images that are laid over them.
        ways: int64 (P,): how the second is turned before; see :func:`turned`.

    Returns:
        float32 (P,), the correlation, -1 to 1.
    """
    low = torch.maximum(tones.low[first], tones.low[second])
    high = torch.minimum(tones.high[first], tones.high[second])
    still = tones.equalised(first, low, high)
    moved = turned(tones.equalised(second, low, high), ways)
    unmoved = torch.zeros(len(first), 4)
    coarse, coarse_moved = detail(avg_pool2d(still, 2)), detail(avg_pool2d(moved, 2))
    warp, score = _align(coarse, coarse_moved, unmoved, _COARSE_STEPS)
    promising = score >= _PROMISING
    if promising.any():
        fine, fine_moved = detail(still[promising]), detail(moved[promising])
        warp, _ = _align(fine, fine_moved, warp[promising], _FINE_STEPS)
        sampled, inside = _warped(fine_moved[:, None], warp)
        # measured on half the size again: noise and compression live in the finest detail
        whole = (avg_pool2d(inside, 2) == 1).float()
        found, _, _ = _correlation(avg_pool2d(fine, 2), avg_pool2d(sampled[:, 0], 2), whole)
        score[promising] = torch.maximum(score[promising], found)
    return score


def _align(still: Tensor, moved: Tensor, warp: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """The best warp found, and its correlation.

    Args:
        still: float32 (P, n, n).
        moved: float32 (P, n, n).
        warp: float32 (P, 4), where to begin: stretch and shift along x, then along y.
        steps: Of Gauss and Newton.
    """
    side = still.shape[-1]
    slopes = torch.zeros(len(moved), 2, side, side)
    slopes[:, 0, :, 1:-1] = (moved[:, :, 2:] - moved[:, :, :-2]) * side / 4
    slopes[:, 1, 1:-1] = (moved[:, 2:] - moved[:, :-2]) * side / 4
    layers = torch.cat([moved[:, None], slopes], dim=1)
    axis = _axis(side)
    best, best_warp = torch.full((len(still),), -1.0), warp
    for step in range(steps + 1):
        sampled, inside = _warped(layers, warp)
        score, gain, error = _correlation(still, sampled[:, 0], inside)
        better = score > best
        best = torch.where(better, score, best)
        best_warp = torch.where(better[:, None], warp, best_warp)
        if step == steps:
            break
        along_x, along_y = sampled[:, 1] * gain, sampled[:, 2] * gain
        columns = [along_x * axis, along_x, along_y * axis[:, None], along_y]
        columns += [sampled[:, 0], torch.ones_like(sampled[:, 0])]
        jacobian = (torch.stack(columns, 1) * inside[:, None]).flatten(2)
        normal = jacobian @ jacobian.mT
        damping = 1e-3 * normal.diagonal(dim1=1, dim2=2) + 1e-6
        change = torch.linalg.solve(
            normal + torch.diag_embed(damping), jacobian @ error.flatten(1)[:, :, None]
        )
        warp = (warp + change[:, :4, 0].clamp(-0.1, 0.1)).clamp(-_FARTHEST, _FARTHEST)
    return best_warp, best


def _axis(side: int) -> Tensor:
    """Centres of pixels, from -1 to 1 over the image."""
    return (torch.arange(side) + 0.5) / side * 2 - 1


def _warped(layers: Tensor, warp: Tensor) -> tuple[Tensor, Tensor]:
    """Layers (P, C, n, n) at warped places, and whether each place was inside, 0 or 1 (P, n, n)."""
    axis = _axis(layers.shape[-1])
    x = axis * (1 + warp[:, 0, None]) + warp[:, 1, None]
    y = axis * (1 + warp[:, 2, None]) + warp[:, 3, None]
    shape = (len(warp), len(axis), len(axis))
    grid = torch.stack([x[:, None, :].expand(shape), y[:, :, None].expand(shape)], dim=-1)
    inside = ((x.abs() <= 1)[:, None, :] & (y.abs() <= 1)[:, :, None]).float()
    return grid_sample(layers, grid, padding_mode="border", align_corners=False), inside


def _correlation(still: Tensor, moved: Tensor, inside: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Correlation (P,), -1 where too little overlaps; gain (P, 1, 1); what is left (P, n, n)."""
    area = inside.sum((1, 2))
    weight = inside / area.clamp(min=1)[:, None, None]

    def centred(images: Tensor) -> Tensor:
        return (images - (images * weight).sum((1, 2), keepdim=True)) * inside

    still, moved = centred(still), centred(moved)
    power, common = (moved**2).sum((1, 2)), (still * moved).sum((1, 2))
    score = common / ((still**2).sum((1, 2)) * power).sqrt().clamp(min=1e-9)
    score = torch.where(area >= _LEAST_OVERLAP * inside[0].numel(), score, -1.0)
    # a gain that is small or negative would stop the alignment before it begins
    gain = (common / power.clamp(min=1e-9)).clamp(min=0.2)[:, None, None]
    return score, gain, still - gain * moved
