"""Which images make a batch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from neuplug.data.imageset import TrainingSet
from neuplug.seeds import derive_seed
from neuplug.training.options import TrainingOptions


@dataclass
class BatchPart:
    """Draws a part of every batch: each image once before any comes again, or balanced by class.

    Attributes:
        indices: int64 (N,): of the images that it draws from.
        size: How many it draws.
        weight: What their loss is multiplied by.
        seed: The source of all randomness.
        labels: int64, of the whole set, to draw every class equally often.
    """

    indices: Tensor
    size: int
    weight: float
    seed: int
    labels: Tensor | None

    def __post_init__(self) -> None:
        self.rng = torch.Generator().manual_seed(self.seed)
        self.queue = self.indices[:0]

    def draw(self) -> Tensor:
        """The next ones, int64 (size,)."""
        if self.labels is not None:
            labels = self.labels[self.indices]
            odds = (1.0 / labels.bincount().clamp(min=1))[labels].double()
            return self.indices[torch.multinomial(odds, self.size, True, generator=self.rng)]
        while len(self.queue) < self.size:
            order = torch.randperm(len(self.indices), generator=self.rng)
            self.queue = torch.cat([self.queue, self.indices[order]])
        drawn, self.queue = self.queue[: self.size], self.queue[self.size :]
        return drawn


def batch_parts(train: TrainingSet, options: TrainingOptions, seed: int) -> list[BatchPart]:
    """What batches of a training set consist of: one part, or real images and others beside them.

    Real images beside others come in the same order as without these. Every image that is not real
    is one of the others, so that what a control adds, such as copies, takes the same places. What
    asks for images of which there are none is made of all.

    Args:
        train: The training set.
        options: ``mix``, ``batch``, ``balanced`` and so on.
        seed: The source of all randomness.
    """
    real = torch.tensor([origin == "real" for origin in train.origins])
    # of a class without generated images, the real ones
    made = ~real | ~torch.isin(train.labels, train.labels[~real])
    wanted = {"real": [real], "generated": [made], "beside": [real, ~real]}.get(options.mix, [])
    masks = wanted if all(mask.any() for mask in wanted) else []
    beside = max(1, round(options.generated_share * options.batch))
    about = (options.batch, 1.0, "batches"), (beside, options.generated_weight, "beside")
    labels = train.labels if options.balanced else None
    return [
        BatchPart(mask.nonzero()[:, 0], size, weight, derive_seed(seed, role), labels)
        for mask, (size, weight, role) in zip(masks or [real | True], about, strict=False)
    ]
