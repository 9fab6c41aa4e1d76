"""Which images make a batch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

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
        labels: int64, of the whole set.
        classes: How many there are.
        balance: What makes up for classes of unequal size; see :class:`neuplug.TrainingOptions`.
    """

    indices: Tensor
    size: int
    weight: float
    seed: int
    labels: Tensor
    classes: int
    balance: str

    def __post_init__(self) -> None:
        counts = self.labels[self.indices].bincount(minlength=self.classes)
        # 1 on average over the images
        self.odds = len(self.indices) / (counts.count_nonzero() * counts.clamp(min=1))
        self.rng = torch.Generator().manual_seed(self.seed)
        self.queue = self.indices[:0]

    def draw(self) -> Tensor:
        """The next ones, int64 (size,)."""
        if self.balance == "sampling":
            odds = self.odds[self.labels[self.indices]].double()
            return self.indices[torch.multinomial(odds, self.size, True, generator=self.rng)]
        while len(self.queue) < self.size:
            order = torch.randperm(len(self.indices), generator=self.rng)
            self.queue = torch.cat([self.queue, self.indices[order]])
        drawn, self.queue = self.queue[: self.size], self.queue[self.size :]
        return drawn

    def loss(self, logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        """The loss of its part of a batch.

        Args:
            logits: float32 (size, classes).
            targets: int64 (size,), or float32 (size, classes), the share of each class.
            smoothing: Part of each target that is spread over all classes.
        """
        odds = None
        if self.balance == "loss":
            odds = self.odds = self.odds.to(logits.device)  # once: later steps may be captured
        # over the number of images: a mean over odds would take back a part of them in each batch
        total = F.cross_entropy(logits, targets, odds, reduction="sum", label_smoothing=smoothing)
        return self.weight * total / self.size


def batch_parts(train: TrainingSet, options: TrainingOptions, seed: int) -> list[BatchPart]:
    """What batches of a training set consist of: one part, or real images and others beside them.

    Real images beside others come in the same order as without these. Every image that is not real
    is one of the others, so that what a control adds, such as copies, takes the same places. What
    asks for images of which there are none is made of all.

    Args:
        train: The training set.
        options: ``mix``, ``batch``, ``class_balance`` and so on.
        seed: The source of all randomness.
    """
    real = torch.tensor([origin == "real" for origin in train.origins])
    # of a class without generated images, the real ones
    made = ~real | ~torch.isin(train.labels, train.labels[~real])
    wanted = {"real": [real], "generated": [made], "beside": [real, ~real]}.get(options.mix, [])
    masks = wanted if all(mask.any() for mask in wanted) else []
    beside = max(1, round(options.generated_share * options.batch))
    about = (options.batch, 1.0, "batches"), (beside, options.generated_weight, "beside")
    found = (train.labels, len(train.classes), options.class_balance)
    return [
        BatchPart(mask.nonzero()[:, 0], size, weight, derive_seed(seed, role), *found)
        for mask, (size, weight, role) in zip(masks or [real | True], about, strict=False)
    ]
