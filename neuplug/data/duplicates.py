"""Images that are the same, or nearly so, and what must therefore not be separated.

Near duplicates are copies that were turned, brightened, resized, cropped or compressed again.

The few others that an image may be a copy of are found by a perceptual hash, kept real: the low end
of the discrete cosine transform of its thumbnail, as in Zauner, *Implementation and benchmarking of
perceptual image hash functions* (2010), but for two things. The thumbnail's tones are first
equalised, so that neither brightness, contrast nor gamma matters, and the coefficients keep their
values instead of their signs. Turning or mirroring an image transposes its coefficients and changes
signs, so that all eight ways are compared at the cost of eight products. An image of which half or
more is clipped to black or white is compared with what would be left of the others if as much of
them were.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dctn
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor
from torch.nn.functional import avg_pool2d

from neuplug.data.alignment import Tones, explained
from neuplug.data.building import Original
from neuplug.plugins.generator import Progress, silent

# Images up to which near duplicates are looked for: the time grows with the number's square
MOST = 50_000

# Correlation, after alignment, from which two images can be near duplicates
LIKE = 0.93

# How many times less a copy must leave unexplained than the set's other look-alikes do
STANDS_OUT = 8

_NEIGHBOURS = 16  # look-alikes that each image is aligned with
_ORDINARY = 0.75  # quantile of what they leave: up to 11 of the 16 may be copies themselves
_ROUNDING = 0.001  # what even an equal image may leave
_FEW = 8  # neighbours below which the set says nothing about what is ordinary
_PAIRS = 256  # aligned at once
_LOW = 10  # frequencies of a signature, in each direction
_BLOCK = 512  # images compared with all others at once
_CHUNK = 1024  # thumbnails in floating point at once
_CLIPS = (0.0, 0.5, 0.8, 0.92)  # an image of which so much is clipped is compared with such ones


@dataclass(frozen=True)
class Bound:
    """Which images belong together; other than ``groups`` by id.

    Attributes:
        groups: One for each image; see :func:`bound_groups`.
        exact: Clusters of equal images.
        conflicts: Those of ``exact`` whose images have different labels.
        near: (first, second, correlation) of near duplicates that no given group binds already;
            of equal images only the first is compared. ``None`` where they were not looked for.
        crowded: How many images look like another one of no common group, but no more than most do.
    """

    groups: tuple[str, ...]
    exact: tuple[tuple[str, ...], ...]
    conflicts: tuple[tuple[str, ...], ...]
    near: tuple[tuple[str, str, float], ...] | None = None
    crowded: int = 0


def bind(originals: Sequence[Original], progress: Progress = silent) -> Bound:
    """Find duplicates and put them into groups.

    Near duplicates are not looked for where an image has no thumbnail, or among more than
    :data:`MOST` images.
    """
    ids, given = [o.id for o in originals], [o.group for o in originals]
    digests = [o.digest for o in originals]
    clusters = exact_clusters(digests)
    exact = tuple(tuple(ids[i] for i in cluster) for cluster in clusters)
    labels = [{originals[i].label for i in cluster} for cluster in clusters]
    conflicts = tuple(c for c, names in zip(exact, labels, strict=True) if len(names) > 1)
    again = {index for cluster in clusters for index in cluster[1:]}
    among = [index for index in range(len(ids)) if index not in again]
    shown = [small for index in among if (small := originals[index].thumbnail) is not None]
    if len(shown) < len(among) or len(ids) > MOST:
        return Bound(bound_groups(ids, given, digests), exact, conflicts)
    found = near_duplicates(np.stack(shown), progress)

    def apart(first: int, second: int) -> bool:
        return given[first] is None or given[first] != given[second]

    pairs = [(among[a], among[b], score) for a, b, score in found.pairs]
    near = [pair for pair in pairs if apart(*pair[:2])]
    groups = bound_groups(ids, given, digests, [pair[:2] for pair in near])
    look_alikes = [(among[a], among[b]) for a, b in found.crowded]
    crowded = {index for pair in look_alikes if apart(*pair) for index in pair}
    named = tuple((ids[a], ids[b], score) for a, b, score in near)
    return Bound(groups, exact, conflicts, named, len(crowded))


def exact_clusters(digests: Sequence[str]) -> list[tuple[int, ...]]:
    """Indices of images with equal digests, two or more in each cluster, in order."""
    return [members for members in _by_value(digests) if len(members) > 1]


def bound_groups(
    ids: Sequence[str],
    given: Sequence[str | None],
    digests: Sequence[str],
    near: Iterable[tuple[int, int]] = (),
) -> tuple[str, ...]:
    """One group for each image: images of a given group, a digest or a near pair share theirs.

    Sharing is passed on: if ``a`` and ``b`` are of one object and ``b`` and ``c`` are the same
    picture, all three are bound together.

    Args:
        ids: Name of each image; an image that is bound to no other is a group of that name.
        given: The user's group of each image, if it has one.
        digests: Equal for images that are the same.
        near: Indices of images that are nearly the same.

    Returns:
        For each image its group's name: a given name where there is one, else the id of an image.
    """
    named = [(index, name) for index, name in enumerate(given) if name is not None]
    same_name = _by_value([name for _, name in named])
    same_group = [tuple(named[place][0] for place in members) for members in same_name]
    alike = (*same_group, *_by_value(digests), *near)
    links = [(members[0], other) for members in alike for other in members[1:]]
    rows, columns = np.array(links, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(links)), (rows, columns)), shape=(len(ids), len(ids)))
    _, parts = connected_components(graph, directed=False)
    names: dict[int, str] = {}
    for index, name in (*named, *enumerate(ids)):
        names.setdefault(parts[index], name)
    return tuple(names[part] for part in parts)


def _by_value(values: Iterable[Hashable]) -> list[tuple[int, ...]]:
    """Indices of equal values together, in order of first appearance."""
    places: dict[Hashable, list[int]] = defaultdict(list)
    for index, value in enumerate(values):
        places[value].append(index)
    return [tuple(indices) for indices in places.values()]


# Near duplicates --------------------------------------------------------------------------------


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


def near_duplicates(thumbnails: NDArray[np.uint8], progress: Progress = silent) -> NearDuplicates:
    """Find the images that show the same, by what the images of this very set have in common.

    Each image is aligned, pixel by pixel (:mod:`neuplug.data.alignment`), with the 16 others whose
    signatures are most like its own. What an alignment leaves
    unexplained is 1 - r², r being the correlation. The upper quartile of the 16 is what is
    *ordinary* around this image: nearly all among different photographs, little among textures or
    digits. A pair is a near duplicate if r is at least :data:`LIKE` and it leaves at most a
    :data:`STANDS_OUT`-th of what is ordinary around either image, as in the ratio test of Lowe
    (2004). So the threshold is stricter where a set is dense, and a class of nearly identical
    textures is not bound wholesale. Where an image has more than 11 copies, or a series is long
    and slow, they are what is ordinary: those images are ``crowded``.

    Measured on the 1800 textures of NEU (200x200 pixels): 35 pairs are found besides the equal
    one. All are cut from the same place of a larger photograph, a few pixels aside or turned by a
    quarter: where they overlap, their finest detail (a blur of 2 pixels taken off) correlates by
    0.78 to 0.99. Of 500 planted copies, 100 at a time, 498 are found: all that were saved as JPEG
    of quality 40, resized by 0.4 to 1.6, or mirrored and turned, 99 of 100 brightened by 0.6 to
    1.4, and 99 of 100 with all of these together. Cropped by up to 10 % at each edge 12 of 12 are
    found, tilted by 2 degrees 2 of 12. None is found among 1797 handwritten digits, the 328
    views of ETH-80 and the 840 images of the demo, all of which hold no copies.

    Args:
        thumbnails: uint8 (N, SIDE, SIDE), see :func:`neuplug.data.decoding.thumbnail`; equal
            images are taken out before. Flat ones are like nothing.
        progress: Called while pairs are aligned.
    """
    tones = Tones.of(thumbnails)
    where = torch.nonzero(tones.ranks.amax(1)).flatten().numpy()
    if len(where) < 2:
        return NearDuplicates()
    pairs, scores, place = _aligned(Tones.of(thumbnails[where]), progress)
    left = np.maximum(1 - scores**2, _ROUNDING)
    ordinary = np.ones(len(where))
    if place.shape[1] >= _FEW:
        ordinary = np.quantile(left[place], _ORDINARY, axis=1)
    like = scores >= LIKE
    stands_out = left * STANDS_OUT <= ordinary[pairs].min(axis=1)
    found = [
        (int(a), int(b), round(float(r), 4)) for (a, b), r in zip(where[pairs], scores, strict=True)
    ]
    copies = [found[i] for i in np.flatnonzero(like & stands_out)]
    crowded = [found[i][:2] for i in np.flatnonzero(like & ~stands_out)]
    return NearDuplicates(tuple(sorted(copies, key=lambda p: (-p[2], p[:2]))), tuple(crowded))


def _aligned(
    tones: Tones, progress: Progress
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Align each image with its look-alikes, a pair that both name but once.

    Returns:
        The pairs, (P, 2), the lower index first; their correlations, (P,), 0 to 1; and for each
        image the places of its pairs among them, (N, look-alikes).
    """
    count, most = len(tones), min(_NEIGHBOURS, len(tones) - 1)
    others, ways = _candidates(tones, most)
    image, other = np.repeat(np.arange(count), most), others.ravel()
    pairs = np.stack([np.minimum(image, other), np.maximum(image, other)], axis=1)
    _, first, place = np.unique(pairs @ [count, 1], return_index=True, return_inverse=True)
    still, moved, way = (torch.from_numpy(x[first]) for x in (other, image, ways.ravel()))
    scores = []
    for part in torch.arange(len(first)).split(_PAIRS):
        progress(int(part[0]), len(first), "looking for near duplicates")
        scores.append(explained(tones, still[part], moved[part], way[part]))
    progress(len(first), len(first), "looking for near duplicates")
    correlations = torch.cat(scores).double().numpy().clip(0, 1)
    return pairs[first], correlations, place.reshape(count, most)


def _candidates(tones: Tones, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The other images whose signatures are most like each image's, whichever way it is turned.

    Args:
        tones: Of N images.
        most: How many others for each image, below N.

    Returns:
        int64 (N, ``most``) twice: the others, the nearest first, and the way in which the image,
        :func:`neuplug.data.alignment.turned`, comes nearest to each. No N x N matrix is made.
    """
    others, ways = np.empty((2, len(tones), most), dtype=np.int64)
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
        spectrum = dctn(images.numpy(), axes=(1, 2), norm="ortho")
        parts.append(torch.from_numpy(spectrum[:, :_LOW, :_LOW].astype(np.float32)))
    signatures = torch.cat(parts)
    signatures[:, 0, 0] = 0  # the mean
    length: Tensor = torch.linalg.vector_norm(signatures, dim=(1, 2), keepdim=True)
    return signatures / length.clamp(min=1e-6)


def _turned_signatures(signatures: Tensor, way: int) -> Tensor:
    """The signatures of the same images, all turned in one way."""
    signs = torch.tensor([1.0, -1.0] * (_LOW // 2))
    out = signatures.mT if way & 4 else signatures
    out = out * signs[:, None] if way & 2 else out
    return out * signs if way & 1 else out
