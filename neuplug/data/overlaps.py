"""Photographs that overlap: crops of one larger scene, which follow each other in file-name order.

The shift may be as large as four fifths of the image, so that no signature of the whole is alike;
hence only neighbours are compared.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuplug.data.neighbors import detail
from neuplug.plugins.generator import Progress, silent
from neuplug.seeds import one_thread

# Correlation of details within the common part from which two photographs overlap. In NEU's
# images 36, 18 and 12 % of the first to third neighbours reach it, and 0.3 % of those 97 away.
ALIKE = 0.85

_NEIGHBOURS = 3  # photographs that follow one, with which it is compared
_LEAST = 0.2  # part of the image that must be common
_FLAT = 0.1  # part of the image's variance that its common part must have
_PAIRS = 256  # compared at once


def overlapping(
    thumbnails: NDArray[np.uint8], ids: Sequence[str], progress: Progress = silent
) -> list[tuple[int, int, float]]:
    """Find photographs that share at least a fifth of the scene with one of the next three.

    Args:
        thumbnails: uint8 (N, side, side).
        ids: File names, which give the order; numbers in them count as numbers.
        progress: Called between comparisons.

    Returns:
        (first, second, correlation) with first < second, the nearest pair first.
    """
    order = torch.tensor(sorted(range(len(ids)), key=lambda i: _natural(ids[i])), dtype=torch.int64)
    steps = range(1, min(_NEIGHBOURS, len(ids) - 1) + 1)
    pairs = [torch.stack([order[:-step], order[step:]], 1) for step in steps]
    found = []
    parts = torch.cat(pairs).split(_PAIRS) if pairs else ()
    with one_thread(torch.device("cpu")):
        for number, part in enumerate(parts):
            progress(number, len(parts), "looking for overlaps")
            first, second = (
                detail(torch.from_numpy(thumbnails[side.numpy()]).float()) for side in part.T
            )
            scores = _best_shift(first, second)
            ends = part.sort(1).values.tolist()
            found += [
                (a, b, round(r, 4))
                for (a, b), r in zip(ends, scores.tolist(), strict=True)
                if r >= ALIKE
            ]
    return sorted(found, key=lambda pair: (-pair[2], pair[:2]))


def _natural(name: str) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _best_shift(first: Tensor, second: Tensor) -> Tensor:
    """The largest correlation within the common part over all shifts, (P,).

    Means and variances of each common part are found by Fourier transform, too: Padfield, Masked
    Object Registration in the Fourier Domain, IEEE Transactions on Image Processing 21, 2012.
    """
    side = first.shape[-1]
    shape = (2 * side, 2 * side)

    def spectrum(images: Tensor) -> Tensor:
        found: Tensor = torch.fft.rfft2(images, s=shape)
        return found

    def over_shifts(one: Tensor, other: Tensor) -> Tensor:
        found: Tensor = torch.fft.irfft2(one * other.conj(), s=shape)
        return found

    everywhere = spectrum(torch.ones(1, side, side))
    area = over_shifts(everywhere, everywhere).round()
    a, b = spectrum(first), spectrum(second)
    sum_a, sum_b = over_shifts(a, everywhere), over_shifts(everywhere, b)
    count = area.clamp(min=1)
    power_a = over_shifts(spectrum(first**2), everywhere) - sum_a**2 / count
    power_b = over_shifts(everywhere, spectrum(second**2)) - sum_b**2 / count
    common = over_shifts(a, b) - sum_a * sum_b / count
    # a flat part is like every other one
    usual = _FLAT * count / side**2
    enough = (
        (area >= _LEAST * side**2)
        & (power_a > usual * first.square().sum((1, 2), keepdim=True))
        & (power_b > usual * second.square().sum((1, 2), keepdim=True))
    )
    score = common / (power_a * power_b).clamp(min=1e-6).sqrt()
    return torch.where(enough, score, -1.0).flatten(1).amax(1)
