"""One update of the discriminator, as its penalties see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


class Judge(Protocol):
    """The discriminator, with the trainer's input noise and precision around it."""

    def __call__(self, images: Tensor, labels: Tensor, exact: bool = False) -> Tensor:
        """Logits, float32 (N,), of images, float32 (N, C, H, W); ``exact``: nothing in bfloat16."""


@dataclass(frozen=True)
class Turn:
    """One update of the discriminator.

    Attributes:
        judge: The discriminator.
        labels: int64 (N,), of the real and of the generated images alike.
        real: Real images in [-1, 1], float32 (N, C, H, W).
        fake: Generated images likewise, without a gradient.
        seen_real: ``real`` after DiffAugment; the same tensor if that is off.
        on_real: Logits on ``seen_real``, float32 (N,).
        on_fake: Logits on ``fake`` after DiffAugment, float32 (N,).
        updates: How many updates came before.
    """

    judge: Judge
    labels: Tensor
    real: Tensor
    fake: Tensor
    seen_real: Tensor
    on_real: Tensor
    on_fake: Tensor
    updates: int
