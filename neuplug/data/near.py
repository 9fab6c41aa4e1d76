"""Near duplicates: copies that were turned, brightened, resized, cropped or compressed again.

Three sieves, each finer and dearer than the one before. The few others that an image may be a copy
of are found by a perceptual hash, kept real (:mod:`neuplug.data.lookalikes`). A circular
correlation of details of 16x16 pixels, by Fourier transform, finds how far one is shifted against
the other and drops most pairs. What is left is aligned (:mod:`neuplug.data.alignment`) at 16, 32
and 64 pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d, normalize

from neuplug.data.alignment import Tones, agreement, align, by_fours, turned
from neuplug.data.lookalikes import look_alikes
from neuplug.data.neighbors import detail
from neuplug.plugins.generator import Progress, silent
from neuplug.seeds import one_thread

CPU = torch.device("cpu")

# Correlation, after alignment, from which two images can be near duplicates
LIKE = 0.93

# How many times less a copy must leave unexplained than the set's other look-alikes do, and than
# either image leaves of itself when it is laid aside
STANDS_OUT, PERIODIC = 9, 2

_NEIGHBOURS = 16  # look-alikes of an image that are tried, and that say what is ordinary
_ORDINARY = 0.75  # quantile of what they leave: up to 11 of the 16 may be copies themselves
_ROUNDING = 0.001  # what even an equal image may leave
_FEW = 8  # neighbours below which the set says nothing about what is ordinary
_PAIRS = 256  # looked at at once

_PEAK, _PROMISING = 0.45, 0.8  # correlations that a pair needs to be aligned, and aligned finer
_DOUBT = 3.0  # times that a quick look at what is ordinary may be wrong
_CLIPPED = 0.05  # difference in clipped shares from which the quick look says nothing
_REACH = 2  # pixels of 16 by which two images may be shifted
_ASIDE, _OVERLAP = 8, 0.6  # pixels of 64 by which an image is laid aside, area that must overlap
_NOTE = "looking for near duplicates"


@dataclass(frozen=True)
class NearDuplicates:
    """What a search found.

    Attributes:
        pairs: (first, second, correlation) with first < second, the nearest pair first.
        crowded: (first, second) of images that are as like, yet no more than images of this set
            are among each other, so that they do not count as copies.
    """

    pairs: tuple[tuple[int, int, float], ...] = ()
    crowded: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Pairs on their way through the sieves.

    Attributes:
        still: int64 (P,), the images that stay.
        moved: int64 (P,), those that are laid over them.
        way: int64 (P,), how these are turned.
        warp: float32 (P, 4), where they lie, see :func:`neuplug.data.alignment.align`.
        score: float32 (P,), the correlation so far.
    """

    still: Tensor
    moved: Tensor
    way: Tensor
    warp: Tensor
    score: Tensor

    @classmethod
    def of(cls, still: Tensor, moved: Tensor, way: Tensor) -> _Pairs:
        """Pairs of which nothing is known."""
        return cls(still, moved, way, torch.zeros(len(way), 4), torch.zeros(len(way)))

    def __len__(self) -> int:
        return len(self.still)

    def where(self, chosen: Tensor) -> _Pairs:
        """Some of them, by index or mask."""
        return _Pairs(*(part[chosen] for part in vars(self).values()))

    def parts(self) -> list[_Pairs]:
        """As many at once as fit into a processor's cache; at least one part."""
        return [self.where(part) for part in torch.arange(len(self)).split(_PAIRS)]

    @staticmethod
    def together(parts: list[_Pairs]) -> _Pairs:
        """The pairs of several parts."""
        return _Pairs(*map(torch.cat, zip(*(vars(part).values() for part in parts), strict=True)))


def near_duplicates(thumbnails: NDArray[np.uint8], progress: Progress = silent) -> NearDuplicates:
    """Find the images that show the same, by what the images of this very set have in common.

    Each image is compared with the 16 others whose signatures are most like its own. What an
    alignment leaves unexplained is 1 - r², r being the correlation. The upper quartile of what the
    16 leave is what is *ordinary* around an image: nearly all among different photographs,
    little among textures or digits. A pair is a near duplicate if r is at least :data:`LIKE` and it
    leaves at most a :data:`STANDS_OUT`-th of what is ordinary around either image, as in the ratio
    test of Lowe (2004), and :data:`PERIODIC` times less than either image leaves of itself when it
    is laid an eighth of its side or more aside. So the threshold is stricter where a set is dense,
    and neither a class of nearly identical textures nor a weave is bound wholesale. Where an image
    has more than 11 copies, or a series is long and slow, they are what is ordinary: those images
    are ``crowded``.

    Args:
        thumbnails: uint8 (N, SIDE, SIDE), see :func:`neuplug.data.decoding.thumbnail`; equal
            images are taken out before. Flat ones are like nothing.
        progress: Called while pairs are aligned.
    """
    tones = Tones.of(thumbnails)
    where = torch.nonzero(tones.ranks.amax(1)).flatten()
    if len(where) < 2:
        return NearDuplicates()
    progress(0, len(where), _NOTE)
    with one_thread(CPU):  # of several each would wait for the others most of the time
        some_flat = len(where) < len(tones)
        search = _Search(Tones.of(thumbnails[where.numpy()]) if some_flat else tones)
        alike, copies = search.alike(progress)
        copies[copies.clone()] = search.stands_out(alike.where(copies))
    ends = where[torch.stack([alike.still, alike.moved], dim=1)].sort(dim=1).values.tolist()
    found = [(a, b, round(r, 4)) for (a, b), r in zip(ends, alike.score.tolist(), strict=True)]
    near = [pair for pair, copy in zip(found, copies.tolist(), strict=True) if copy]
    crowded = [pair[:2] for pair, copy in zip(found, copies.tolist(), strict=True) if not copy]
    return NearDuplicates(tuple(sorted(near, key=lambda p: (-p[2], p[:2]))), tuple(crowded))


class _Search:
    """The sieves over one set of images, none of them flat."""

    def __init__(self, tones: Tones) -> None:
        self.tones, self.most = tones, min(_NEIGHBOURS, len(tones) - 1)
        self.others, self.ways = look_alikes(tones, self.most)
        everything = torch.arange(len(tones)).split(_PAIRS)
        self.small = torch.cat([by_fours(self._half(part)) for part in everything])
        centred = self.small - self.small.mean((1, 2), keepdim=True)
        self.unit = normalize(centred.flatten(1)).view_as(centred)
        self.spectra = torch.fft.rfft2(self.unit)

    def alike(self, progress: Progress) -> tuple[_Pairs, Tensor]:
        """The pairs of a correlation of :data:`LIKE`; which of them may be copies, bool (P,)."""
        image, rank = torch.meshgrid(
            torch.arange(len(self.tones)), torch.arange(self.most), indexing="ij"
        )
        pairs = self._look_alikes_of(image.flatten(), rank.flatten())
        lower, upper = torch.stack([pairs.still, pairs.moved]).aminmax(dim=0)
        # a pair that both name but once
        _, first = np.unique((lower * len(self.tones) + upper).numpy(), return_index=True)
        pairs, kept = pairs.where(torch.from_numpy(first)), []
        for done, part in enumerate(pairs.parts()):
            progress(done * _PAIRS, len(pairs), _NOTE)
            kept.append(self._sieved(part))
        progress(len(pairs), len(pairs), _NOTE)
        pairs = _Pairs.together(kept)
        hopeful = torch.ones(len(pairs), dtype=torch.bool)
        if self.most >= _FEW:
            hopeful = self._leaves_less(pairs, self._quickly_ordinary, STANDS_OUT / _DOUBT)
        for part in torch.nonzero(hopeful).flatten().split(_PAIRS):
            pairs.score[part] = self._aligned_whole(pairs.where(part)).score
        alike = pairs.score >= LIKE
        return pairs.where(alike), hopeful[alike]

    def stands_out(self, pairs: _Pairs) -> Tensor:
        """Which pairs are alike by more than the kind of their images, bool (P,)."""
        copies = self._leaves_less(pairs, self._laid_aside, PERIODIC)  # the cheaper test first
        if self.most >= _FEW:
            left = pairs.where(copies)
            copies[copies.clone()] = self._leaves_less(left, self._ordinary, STANDS_OUT)
        return copies

    @staticmethod
    def _leaves_less(pairs: _Pairs, measure: Callable[[Tensor], Tensor], times: float) -> Tensor:
        """Whether a pair leaves so many times less unexplained than a measure of either image."""
        if not len(pairs):
            return torch.empty(0, dtype=torch.bool)
        images, places = torch.stack([pairs.still, pairs.moved]).unique(return_inverse=True)
        left = (1 - pairs.score**2).clamp(min=_ROUNDING)
        return left * times <= measure(images)[places].amin(0)

    def _look_alikes_of(self, image: Tensor, rank: Tensor) -> _Pairs:
        return _Pairs.of(self.others[image, rank], image, self.ways[image, rank])

    def _sieved(self, pairs: _Pairs) -> _Pairs:
        """What is left of some pairs when they are aligned as small images."""
        pairs = self._shifted(pairs)
        tones = torch.stack([self.tones.low, self.tones.high])
        apart = (tones[:, pairs.still] - tones[:, pairs.moved]).abs().amax(0) > _CLIPPED
        pairs = self._aligned_small(pairs.where((pairs.score >= _PEAK) | apart))
        pairs = self._aligned_half(pairs.where(pairs.score > _PROMISING))
        return pairs.where(pairs.score >= _PROMISING)

    def _shifted(self, pairs: _Pairs) -> _Pairs:
        """By how many pixels of 16 one image is moved, and the circular correlation there."""
        spectrum = torch.fft.rfft2(turned(self.unit[pairs.moved], pairs.way))
        table = torch.fft.irfft2(self.spectra[pairs.still].conj() * spectrum, s=(16, 16))
        near = torch.arange(-_REACH, _REACH + 1)
        peak, place = table[:, near][:, :, near].flatten(1).max(1)
        warp = torch.zeros(len(pairs), 4)
        warp[:, 1], warp[:, 3] = near[place % len(near)] / 8, near[place // len(near)] / 8
        return replace(pairs, warp=warp, score=peak)

    def _aligned_small(self, pairs: _Pairs) -> _Pairs:
        """Aligned at 16 pixels, from where they were found or from no shift at all."""
        still, moved = self.small[pairs.still], turned(self.small[pairs.moved], pairs.way)
        unmoved = torch.zeros_like(pairs.warp)
        better = agreement(still, moved, unmoved) > agreement(still, moved, pairs.warp)
        warp, score = align(still, moved, torch.where(better[:, None], unmoved, pairs.warp), 3)
        return replace(pairs, warp=warp, score=score)

    def _aligned_half(self, pairs: _Pairs, steps: int = 2) -> _Pairs:
        """Aligned at 32 pixels, in common tones."""
        low, high = self._common_tones(pairs)
        still, moved = self._half(pairs.still, low, high), self._half(pairs.moved, low, high)
        warp, score = align(still, turned(moved, pairs.way), pairs.warp, steps)
        return replace(pairs, warp=warp, score=score)

    def _aligned_whole(self, pairs: _Pairs) -> _Pairs:
        """Aligned at 64 pixels; measured by fours: noise and compression live in finer detail."""
        low, high = self._common_tones(pairs)
        still = detail(self.tones.equalised(pairs.still, low, high))
        moved = detail(self.tones.equalised(pairs.moved, low, high))
        _, score = align(by_fours(still), turned(moved, pairs.way), pairs.warp, 1)
        return replace(pairs, score=torch.maximum(pairs.score, score))

    def _common_tones(self, pairs: _Pairs) -> tuple[Tensor, Tensor]:
        low, high = self.tones.low, self.tones.high
        return (
            torch.maximum(low[pairs.still], low[pairs.moved]),
            torch.minimum(high[pairs.still], high[pairs.moved]),
        )

    def _half(
        self, images: Tensor, low: Tensor | None = None, high: Tensor | None = None
    ) -> Tensor:
        """Details at 32 pixels, by default in an image's own tones, (P, 32, 32)."""
        low = self.tones.low[images] if low is None else low
        high = self.tones.high[images] if high is None else high
        return detail(by_fours(self.tones.equalised(images, low, high)))

    def _quickly_ordinary(self, images: Tensor) -> Tensor:
        """What is ordinary, by the peaks of circular correlations, which see no stretch, (P,)."""
        ranks = torch.linspace(self.most - 1, self.most // 3, 4).round().long()
        peaks = [self._shifted(part).score for part in self._all_of(images, ranks).parts()]
        return 1 - torch.cat(peaks).view(-1, 4).clamp(min=0).quantile(1 - _ORDINARY, dim=1) ** 2

    def _ordinary(self, images: Tensor) -> Tensor:
        """What is ordinary around images, by aligning all their look-alikes, (P,)."""
        scores = []
        for part in self._all_of(images, torch.arange(self.most)).parts():
            pairs = self._aligned_half(self._aligned_small(self._shifted(part)), 4)
            fine = torch.nonzero(pairs.score >= _PROMISING).flatten()
            pairs.score[fine] = self._aligned_whole(pairs.where(fine)).score
            scores.append(pairs.score)
        left = 1 - torch.cat(scores).view(-1, self.most).clamp(min=0) ** 2
        return left.quantile(_ORDINARY, dim=1)

    def _all_of(self, images: Tensor, ranks: Tensor) -> _Pairs:
        """Images with their look-alikes of some ranks, image by image."""
        return self._look_alikes_of(images.repeat_interleave(len(ranks)), ranks.repeat(len(images)))

    def _laid_aside(self, images: Tensor) -> Tensor:
        """What images leave unexplained of themselves when they are laid aside, (P,).

        A texture that repeats itself leaves little, and so do any two of the kind: what explains
        them is the pattern, and no copy. By the correlation of what overlaps, at all shifts.
        """
        parts = []
        for part in images.split(_PAIRS):
            whole = detail(self.tones.equalised(part, self.tones.low[part], self.tones.high[part]))
            # by fours like all others, but at every pixel: a pattern is seldom of whole pixels
            half = avg_pool2d(whole[:, None], 2, stride=1)[:, 0]
            half = half - half.mean((1, 2), keepdim=True)
            side = half.shape[-1]
            shape = (2 * side, 2 * side)
            products = torch.fft.irfft2(torch.fft.rfft2(half, s=shape).abs().square(), s=shape)
            window = torch.fft.rfft2(torch.ones(1, side, side), s=shape)
            power = torch.fft.rfft2(half.square(), s=shape)
            here = torch.fft.irfft2(window.conj() * power, s=shape).clamp(min=1e-6)
            there = here.flip(1, 2).roll((1, 1), (1, 2))
            shifts = torch.fft.fftfreq(2 * side, 1 / (2 * side)).abs()
            overlap = (1 - shifts / side).clamp(min=0)
            counts = torch.maximum(shifts[:, None], shifts) >= _ASIDE
            counts &= overlap[:, None] * overlap >= _OVERLAP
            alike = (products / (here * there).sqrt())[:, counts]
            parts.append(1 - alike.amax(1).clamp(0, 1) ** 2)
        return torch.cat(parts)
