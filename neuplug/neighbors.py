"""The nearest of a set of images, and whether it is nearer than chance would have it."""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

_BLOCK = 512  # queries at once
_BLUR = 5 / 32  # of the blur that is taken off, in sides
_EQUAL = 1 - 1e-6  # correlation that counts as 1
_LEAST_CONTRAST = 0.05  # standard deviation in grey levels, below which an image is flat


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
    distances, indices = [], []
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
    if not distances:
        return torch.empty(0), torch.empty(0, dtype=torch.int64)
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
    for start in range(0, len(images), _BLOCK):
        correlations = _details(images[start : start + _BLOCK]) @ details.T
        table = correlations.clamp(-_EQUAL, _EQUAL).atanh()
        if same:
            rows = torch.arange(len(table))
            table[rows, rows + start] = -torch.inf  # the last when sorted, and left out below
        likeness, order = table.sort(dim=1, descending=True, stable=True)
        score = torch.zeros(len(table))
        if others > 1:
            rest = likeness[:, 1:others]
            score = (likeness[:, 0] - rest.mean(1)) / (rest.std(1, correction=0) + 1 / others)
        scores.append(score)
        indices.append(order[:, 0])
    distances, parents = nearest(images.flatten(1), references.flatten(1), same=same)
    equal = distances == 0
    return (
        torch.cat(scores).masked_fill(equal, torch.inf),
        torch.where(equal, parents, torch.cat(indices)),
    )


def _details(images: Tensor) -> Tensor:
    """uint8 (N, C, H, W) without their blur: float32 (N, C * H * W), of length 1; flat ones 0."""
    pixels = images.float()
    detail = (pixels - _blur(images.shape[-2]) @ pixels @ _blur(images.shape[-1]).T).flatten(1)
    detail -= detail.mean(1, keepdim=True)
    contrast = detail.square().mean(1, keepdim=True).sqrt()
    detail[contrast.flatten() < _LEAST_CONTRAST] = 0
    return torch.nn.functional.normalize(detail)


def _blur(side: int) -> Tensor:
    """A Gaussian blur of one axis as a matrix, float32 (``side``, ``side``)."""
    unit = np.eye(side, dtype=np.float32)
    return torch.from_numpy(gaussian_filter1d(unit, _BLUR * side, axis=0, mode="nearest"))
