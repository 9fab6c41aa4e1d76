"""The nearest of a set of images, and whether it is nearer than chance would have it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

_BLOCK = 512  # queries at once
_BLUR = 5 / 32  # of the blur that is taken off, in sides
_EQUAL = 1 - 1e-6  # correlation that counts as 1
_LEAST_CONTRAST = 0.05  # standard deviation in grey levels, below which an image is flat
_TWINS = 2  # times less that near duplicates leave unexplained than other look-alikes do
_LOOK_ALIKES = 16


def nearest(queries: Tensor, references: Tensor, *, same: bool = False) -> tuple[Tensor, Tensor]:
    """Each query's nearest reference.

    Args:
        queries: float (N, D).
        references: float (M, D), M at least 1, or 2 with ``same``.
        same: The queries are the references: none is its own nearest.

    Returns:
        Root mean square difference to it, float32 (N,), in the unit of the input, 0 for equal ones
        and for no others; its index, int64 (N,).

    Example:
        >>> queries = torch.tensor([[0.0, 0.0], [9.0, 9.0]])
        >>> references = torch.tensor([[3.0, 3.0], [9.0, 7.0], [1.0, 1.0]])
        >>> distances, indices = neuplug.nearest(queries, references)
        >>> indices.tolist(), [round(distance, 2) for distance in distances.tolist()]
        ([2, 1], [1.0, 1.41])
    """
    distances, indices = [torch.empty(0)], [torch.empty(0, dtype=torch.int64)]
    # by matrix products, which in single precision would be wrong by half a grey level; in double
    # precision they are exact for grey levels and cost twice as much, the plain sum ten times
    exact = references.double()
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK].double()
        table = torch.cdist(block, exact, compute_mode="use_mm_for_euclid_dist")
        if same:
            rows = torch.arange(len(block))
            table[rows, rows + start] = torch.inf
        index = table.argmin(1)
        distances.append(torch.linalg.vector_norm(block - exact[index], dim=1))
        indices.append(index)
    return (torch.cat(distances) / queries.shape[1] ** 0.5).float(), torch.cat(indices)


def copy_scores(images: Tensor, references: Tensor, *, same: bool = False) -> tuple[Tensor, Tensor]:
    """How far each image stands out as like one reference and unlike the others.

    Not by distance: a smooth image is nearer to every texture than two textures are to each other,
    a copy of none. The detail of images, which is what a Gaussian blur takes off, is correlated
    pixel by pixel: neither brightness, contrast nor uneven light counts. Fisher's transform makes
    the correlations of an image with all references comparable; the score is the largest minus the
    mean of the others, over their standard deviation, to which 1/M is added, since few references
    leave it uncertain (as in Tusher, Tibshirani and Chu, PNAS 2001). So an image is held against
    what is ordinary for this very image, as in Carlini et al., "Extracting Training Data from
    Diffusion Models", USENIX Security 2023: a smooth one correlates with everything, by chance.

    A score says nothing alone: compare with those of real images that are no copies.

    Args:
        images: uint8 (N, C, H, W).
        references: uint8 (M, C, H, W), M at least 1, or 2 with ``same``.
        same: The images are the references: none is held against itself.

    Returns:
        Scores, float32 (N,), the higher the more like a copy, infinite for an equal image; 0 for
        others where there is but one reference, and for flat ones. Index of the reference that is
        meant, int64 (N,).

    Example:
        >>> photos = torch.randint(0, 256, (20, 1, 32, 32), dtype=torch.uint8)
        >>> brighter_copy = photos[7:8] // 2 + 100
        >>> scores, indices = neuplug.copy_scores(brighter_copy, photos)
        >>> indices.tolist(), bool(scores > neuplug.copy_scores(photos, photos, same=True)[0].max())
        ([7], True)
    """
    if not len(images):
        return torch.empty(0), torch.empty(0, dtype=torch.int64)
    details = _details(references)
    others = len(references) - same
    scores, indices = [], []
    for table in _correlations(images, details, same=same):
        scores.append(_Sums.of(table).score(others).float())
        indices.append(table.nan_to_num(nan=-torch.inf).argmax(1))
    distances, parents = nearest(images.flatten(1), references.flatten(1), same=same)
    equal = distances == 0
    return (
        torch.cat(scores).masked_fill(equal, torch.inf),
        torch.where(equal, parents, torch.cat(indices)),
    )


def copy_ranks(images: Tensor, references: Tensor) -> Tensor:
    """How many references stand out at least as much as each image does among them.

    A full conformal test (Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World",
    2005): the image joins the references, and each of these M + 1 is scored against all the others
    as in :func:`copy_scores`. One is left out of the count, the reference that the image is most
    like: a copy and its original both stand out, by each other, and which of them does so more is
    chance. Of M + 1 images no more than r + 2 can thus have a rank of r or less, so of an image
    that is one more of the same kind as the references (exchangeable with them) the probability of
    such a rank is at most (r + 2) / (M + 1), however few they are and however they are spread.

    Args:
        images: uint8 (N, C, H, W); each joins alone.
        references: uint8 (M, C, H, W), M at least 2, all different.

    Returns:
        int64 (N,), 0 to M - 1, the lower the more like a copy.
    """
    details = _details(references)
    parts = [_Sums.of(table) for table in _correlations(references, details, same=True)]
    among = _Sums(*map(torch.cat, zip(*parts, strict=True)))
    ranks = [torch.empty(0, dtype=torch.int64)]
    for table in _correlations(images, details):
        score = _Sums.of(table).score(len(references))
        as_much = among.joined_by(table).score(len(references)) >= score[:, None]
        as_much.scatter_(1, table.argmax(1, keepdim=True), False)
        ranks.append(as_much.sum(1))
    return torch.cat(ranks)


def one_of_each(images: Tensor) -> Tensor:
    """Which images to keep so that no two are near duplicates by their detail.

    A pair leaves 1 - r² of its detail unexplained, r being the correlation of :func:`copy_scores`.
    Near duplicates leave at most half of what is ordinary, as in the ratio test of Lowe (IJCV
    2004). Ordinary is what either image leaves with its next 16 look-alikes, in the median, but no
    more than what three quarters of all images leave with their second look-alike. So the test is
    stricter where all images are alike, as digits are; of an image with more than eight near
    duplicates none is found, nor where a quarter of all images have two. Copies that were mirrored,
    turned or moved are not meant.

    Measured with 40 images of a class of NEU (64x64 pixels) and one of them again, 48 times: with
    noise of sigma 3 0.96 are found, with sigma 5 0.88, as JPEG of quality 75 all. Of images as
    they are 11 in 3600 are taken for near duplicates, of handwritten digits (8x8) 163 in 6000.

    Args:
        images: uint8 (N, C, H, W).

    Returns:
        bool (N,), true for the first of such images and for all others; all where N is below 3.
    """
    if len(images) < 3:
        return torch.ones(len(images), dtype=torch.bool)
    count = min(_LOOK_ALIKES + 1, len(images) - 1)
    tables = _correlations(images, _details(images), same=True)
    tops = [table.nan_to_num(nan=-torch.inf).topk(count) for table in tables]
    left = torch.cat([values for values, _ in tops]).clamp_min(0).cosh().square().reciprocal()
    others = torch.cat([indices for _, indices in tops])
    ordinary = left[:, 1:].median(1).values.clamp_max(left[:, 1].quantile(0.25))
    twins = left * _TWINS <= torch.minimum(ordinary[:, None], ordinary[others])
    return ~(twins & (others < torch.arange(len(images))[:, None])).any(1)


class _Sums(NamedTuple):
    """What a score takes of an image's correlations; float64, of many images, in any shape."""

    top: Tensor
    total: Tensor
    squares: Tensor

    @classmethod
    def of(cls, table: Tensor) -> _Sums:
        """Of each row, what is NaN left out."""
        top = table.nan_to_num(nan=-torch.inf).amax(1)
        return cls(top, table.nansum(1), table.square().nansum(1))

    def joined_by(self, table: Tensor) -> _Sums:
        """Those of M images with one correlation more, as each row of (N, M) has it: (N, M)."""
        return _Sums(
            torch.maximum(self.top, table), self.total + table, self.squares + table.square()
        )

    def score(self, others: int) -> Tensor:
        """How far the largest of so many correlations stands out from the rest of them."""
        if others < 2:
            return torch.zeros_like(self.top)
        mean = (self.total - self.top) / (others - 1)
        variance = (self.squares - self.top.square()) / (others - 1) - mean.square()
        return (self.top - mean) / (variance.clamp_min(0).sqrt() + 1 / others)


def _correlations(images: Tensor, details: Tensor, *, same: bool = False) -> Iterator[Tensor]:
    """Of images with what :func:`_details` gives of references, by Fisher's transform.

    Yields:
        A block of images at a time, float64 (at most 512, M); with ``same`` NaN for an image with
        itself.
    """
    for start in range(0, len(images), _BLOCK):
        correlations = _details(images[start : start + _BLOCK]) @ details.T
        table = correlations.clamp(-_EQUAL, _EQUAL).double().atanh()
        if same:
            rows = torch.arange(len(table))
            table[rows, rows + start] = torch.nan
        yield table


def _details(images: Tensor) -> Tensor:
    """Details of uint8 (N, C, H, W): float32 (N, C * H * W), of length 1; of flat images 0."""
    details = detail(images.float()).flatten(1)
    details -= details.mean(1, keepdim=True)
    contrast = details.square().mean(1, keepdim=True).sqrt()
    details[contrast.flatten() < _LEAST_CONTRAST] = 0
    return torch.nn.functional.normalize(details)


def detail(images: Tensor) -> Tensor:
    """What a Gaussian blur takes off images, float32 (..., H, W)."""
    return images - _blur(images.shape[-2]) @ images @ _blur(images.shape[-1]).T


def _blur(side: int) -> Tensor:
    """The blur of one axis as a matrix, float32 (``side``, ``side``)."""
    unit = np.eye(side, dtype=np.float32)
    return torch.from_numpy(gaussian_filter1d(unit, _BLUR * side, axis=0, mode="nearest"))
