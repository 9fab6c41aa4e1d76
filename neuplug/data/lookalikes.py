"""The other images that an image may be a copy of, by a perceptual hash that is kept real.

The hash is the low end of the discrete cosine transform of a thumbnail, as in Zauner,
*Implementation and benchmarking of perceptual image hash functions* (2010), but for two things. The
thumbnail's tones are first equalised, so that neither brightness, contrast nor gamma matters, and
the coefficients keep their values instead of their signs. Turning or mirroring an image transposes
its coefficients and changes signs, so that all eight ways are compared at the cost of two. An image
of which half or more is clipped to black or white is compared with what would be left of the others
if as much of them were.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from scipy.fft import dctn
from torch import Tensor

from neuplug.data.alignment import Tones, by_fours

# Images up to which all are compared with all
EXHAUSTIVE = 20_000

_LOW = 10  # frequencies of a signature, in each direction
_COMPARED = 4000  # images that each is compared with, at least, in a large set
_BLOCK = 512  # images compared with all others at once
_CHUNK = 1024  # thumbnails in floating point at once
_CLIPS = (0.0, 0.5, 0.8, 0.92)  # an image of which so much is clipped is compared with such ones


def look_alikes(tones: Tones, most: int) -> tuple[Tensor, Tensor]:
    """The other images whose signatures are most like each image's, whichever way it is turned.

    Args:
        tones: Of N images.
        most: How many others for each image, below N.

    Returns:
        int64 (N, ``most``) twice: the others, the nearest first, and the way in which the image,
        :func:`neuplug.data.alignment.turned`, comes nearest to each. Above :data:`EXHAUSTIVE`
        images each is compared with the few thousand of similar signatures alone, so that the work
        does not grow with the square of their number.
    """
    others, ways = torch.empty((2, len(tones), most), dtype=torch.int64)
    low, high = _clipped(tones.low), 1 - _clipped(1 - tones.high)
    limits, kinds = torch.stack([low, high], dim=1).unique(dim=0, return_inverse=True)
    for kind, (lowest, highest) in enumerate(limits.tolist()):
        signatures = _signatures(tones, lowest, highest)
        for members, among in _neighbourhoods(signatures):
            chosen = members[kinds[members] == kind]
            if not len(chosen):
                continue
            table = [block.T.contiguous() for block in _blocks(signatures[among])]
            for rows in chosen.split(_BLOCK):
                mine = signatures[rows]
                likeness = torch.maximum(_likeness(mine, table), _likeness(mine.mT, table))
                likeness[among == rows[:, None]] = -2.0
                others[rows] = among[likeness.topk(most, dim=1).indices]
                ways[rows] = _ways(mine[:, None], signatures[others[rows]])
    return others, ways


def _neighbourhoods(signatures: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Indices of images, each once, with those of the images that they are compared with.

    An inverted file, as in Sivic and Zisserman, *Video Google* (2003): images are with the nearest
    of some of them, by what no turning or mirroring changes.
    """
    everything = torch.arange(len(signatures))
    if len(signatures) <= EXHAUSTIVE:
        yield everything, everything
        return
    size = signatures.abs()
    invariant = torch.stack([size + size.mT, (size - size.mT).abs()], dim=1).flatten(1)
    centres = invariant[:: math.isqrt(len(invariant))]
    parts = invariant.split(_CHUNK)
    nearest = torch.cat([torch.cdist(part, centres).argmin(1) for part in parts])
    counts = nearest.bincount(minlength=len(centres))
    apart = torch.cdist(centres, centres).fill_diagonal_(-1.0)  # each is its own nearest
    for number, order in enumerate(apart.argsort(1)):
        wanted = order[: 1 + int((counts[order].cumsum(0) < _COMPARED).sum())]
        members = everything[nearest == number]
        if len(members):
            yield members, everything[torch.isin(nearest, wanted)]


def _blocks(signatures: Tensor) -> list[Tensor]:
    """Coefficients by the parity of both frequencies, which decides how a mirror changes signs."""
    return [signatures[:, row::2, column::2].flatten(1) for row in (0, 1) for column in (0, 1)]


def _likeness(signatures: Tensor, table: list[Tensor]) -> Tensor:
    """The largest product in the four ways of mirroring, (P, N)."""
    even, across, down, both = (a @ b for a, b in zip(_blocks(signatures), table, strict=True))
    kept, flipped = even + both, even - both
    return torch.maximum(kept + (across + down).abs_(), flipped + (across - down).abs_())


def _ways(signatures: Tensor, others: Tensor) -> Tensor:
    """Of each pair the way that turns the first most like the second; (..., _LOW, _LOW) each."""
    signs = torch.tensor([1.0, -1.0] * (_LOW // 2))
    products = []
    for way in range(8):
        image = signatures.mT if way & 4 else signatures
        image = image * signs[:, None] if way & 2 else image
        image = image * signs if way & 1 else image
        products.append((image * others).sum((-2, -1)))
    return torch.stack(products).argmax(0)


def _clipped(shares: Tensor) -> Tensor:
    """The largest of ``_CLIPS`` that each share reaches."""
    clips = torch.tensor(_CLIPS)
    return clips[torch.bucketize(shares, clips, right=True) - 1]


def _signatures(tones: Tones, low: float, high: float) -> Tensor:
    """float32 (N, _LOW, _LOW), of length 1 or, for a flat image, 0."""
    parts = []
    for part in torch.arange(len(tones)).split(_CHUNK):
        limits = torch.tensor([low, high]).expand(len(part), 2)
        images = by_fours(tones.equalised(part, limits[:, 0], limits[:, 1]))
        spectrum = dctn(images.numpy(), axes=(1, 2), norm="ortho")
        parts.append(torch.from_numpy(spectrum[:, :_LOW, :_LOW].astype(np.float32)))
    signatures = torch.cat(parts)
    signatures[:, 0, 0] = 0  # the mean
    length: Tensor = torch.linalg.vector_norm(signatures, dim=(1, 2), keepdim=True)
    return signatures / length.clamp(min=1e-6)
