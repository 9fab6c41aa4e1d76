"""Find, for each image, the few others that it may be a copy of: a perceptual hash, kept real.

The signature of an image is the low end of the discrete cosine transform of its thumbnail, as in
Zauner, *Implementation and benchmarking of perceptual image hash functions* (2010), but for two
things: the thumbnail's tones are first equalised, so that neither brightness, contrast nor gamma
matters, and the coefficients keep their values instead of their signs. Turning or mirroring an
image transposes its coefficients and changes signs, so that all eight ways are compared at the
cost of eight products. An image of which half or more is clipped to black or white is compared
with what would be left of the others if as much of them were.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dctn
from torch import Tensor
from torch.nn.functional import avg_pool2d

from neuplug.data.tones import Tones

_LOW = 10  # frequencies that are kept, in each direction
_BLOCK = 512  # images compared with all others at once
_CHUNK = 1024  # thumbnails in floating point at once
_CLIPS = (0.0, 0.5, 0.8, 0.92)  # an image of which so much is clipped is compared with such ones


def turned(images: Tensor, ways: Tensor) -> Tensor:
    """Turn and mirror images, each in its own way.

    Args:
        images: (N, side, side).
        ways: int64 (N,), 0 to 7: 4 transposes, then 2 turns upside down and 1 mirrors.
    """
    out = images.clone()
    for way in range(1, 8):
        chosen = ways == way
        out[chosen] = _turn(images[chosen], way)
    return out


def _turn(images: Tensor, way: int) -> Tensor:
    out = images.mT if way & 4 else images
    dims = ([-2] if way & 2 else []) + ([-1] if way & 1 else [])
    return out.flip(dims) if dims else out


def candidates(tones: Tones, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The other images whose signatures are most like each image's, whichever way it is turned.

    Args:
        tones: Of N images.
        most: How many others for each image, below N.

    Returns:
        int64 (N, ``most``) twice: the others, the nearest first, and the way (:func:`turned`) in
        which the image comes nearest to each. No N x N matrix is made.
    """
    others = np.empty((len(tones), most), dtype=np.int64)
    ways = np.empty((len(tones), most), dtype=np.int64)
    low, high = _clipped(tones.low), 1 - _clipped(1 - tones.high)
    limits, kinds = torch.stack([low, high], dim=1).unique(dim=0, return_inverse=True)
    for kind, (lowest, highest) in enumerate(limits.tolist()):
        signatures = _signatures(tones, lowest, highest)
        table = signatures.flatten(1).T.contiguous()
        for rows in torch.nonzero(kinds == kind).flatten().split(_BLOCK):
            best = torch.full((len(rows), len(tones)), -2.0)
            way = torch.zeros((len(rows), len(tones)), dtype=torch.int8)
            for number in range(8):
                likeness = _turned_signatures(signatures[rows], number).flatten(1) @ table
                way[likeness > best] = number
                torch.maximum(best, likeness, out=best)
            best[torch.arange(len(rows)), rows] = -2.0
            found = best.topk(most, dim=1).indices
            others[rows.numpy()] = found.numpy()
            ways[rows.numpy()] = way.gather(1, found).long().numpy()
    return others, ways


def _clipped(shares: Tensor) -> Tensor:
    """The largest of ``_CLIPS`` that each share reaches."""
    clips = torch.tensor(_CLIPS)
    return clips[torch.bucketize(shares, clips, right=True) - 1]


def _signatures(tones: Tones, low: float, high: float) -> Tensor:
    """float32 (N, _LOW, _LOW), of length 1 or, for a flat image, 0."""
    parts = []
    for part in torch.arange(len(tones)).split(_CHUNK):
        limits = torch.tensor([low, high]).expand(len(part), 2)
        images = avg_pool2d(tones.equalised(part, limits[:, 0], limits[:, 1]), 2)
        spectrum: NDArray[Any] = dctn(images.numpy(), axes=(1, 2), norm="ortho")
        parts.append(torch.from_numpy(spectrum[:, :_LOW, :_LOW].astype(np.float32)))
    signatures = torch.cat(parts)
    signatures[:, 0, 0] = 0  # the mean
    length: Tensor = torch.linalg.vector_norm(signatures, dim=(1, 2), keepdim=True)
    return signatures / length.clamp(min=1e-6)


def _turned_signatures(signatures: Tensor, way: int) -> Tensor:
    """The signatures of the same images, all :func:`turned` in one way."""
    signs = torch.tensor([1.0, -1.0] * (_LOW // 2))
    out = signatures.mT if way & 4 else signatures
    out = out * signs[:, None] if way & 2 else out
    return out * signs if way & 1 else out
