"""The nearest of a set of images, by pixels or by features."""

from __future__ import annotations

import torch
from torch import Tensor

_BLOCK = 512  # queries at once


def nearest(queries: Tensor, references: Tensor, *, same: bool = False) -> tuple[Tensor, Tensor]:
    """Each query's nearest reference.

    Args:
        queries: float (N, D).
        references: float (M, D), M at least 1, or 2 with ``same``.
        same: The queries are the references: none is its own nearest.

    Returns:
        Root mean square difference to it, float32 (N,), in the unit of the input; its index,
        int64 (N,).

    Example:
        >>> queries = torch.tensor([[0.0, 0.0], [9.0, 9.0]])
        >>> references = torch.tensor([[3.0, 3.0], [9.0, 7.0], [1.0, 1.0]])
        >>> distances, indices = neuplug.nearest(queries, references)
        >>> indices.tolist(), [round(distance, 2) for distance in distances.tolist()]
        ([2, 1], [1.0, 1.41])
    """
    distances, indices = [], []
    for start in range(0, len(queries), _BLOCK):
        block = torch.cdist(queries[start : start + _BLOCK].float(), references.float())
        if same:
            rows = torch.arange(len(block))
            block[rows, rows + start] = torch.inf
        distance, index = block.min(1)
        distances.append(distance)
        indices.append(index)
    if not distances:
        return torch.empty(0), torch.empty(0, dtype=torch.int64)
    return torch.cat(distances) / queries.shape[1] ** 0.5, torch.cat(indices)
