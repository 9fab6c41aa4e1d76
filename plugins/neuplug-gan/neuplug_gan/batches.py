"""In which order a training sees its images."""

from __future__ import annotations

import torch
from torch import Tensor


class ShuffledStream:
    """Indices without end: each image comes once, in a random order, before any comes again.

    Batches are always full, so that batch normalisation never meets a rest of one image; where an
    order ends within a batch, the next one begins.

    Args:
        images: How many there are.
        rng: The only source of randomness; on the CPU.
    """

    def __init__(self, images: int, rng: torch.Generator) -> None:
        self.images, self.rng = images, rng
        self.waiting = torch.empty(0, dtype=torch.int64)
        """What is left of the order; with ``rng``'s state, all that a resumed training needs."""

    def take(self, n: int) -> Tensor:
        """The next ``n`` indices, int64 (n,)."""
        while len(self.waiting) < n:
            order = torch.randperm(self.images, generator=self.rng)
            self.waiting = torch.cat([self.waiting, order])
        taken, self.waiting = self.waiting[:n], self.waiting[n:]
        return taken
