"""Adaptive discriminator augmentation: as much of it as keeps the discriminator from overfitting.

Karras, Aittala, Hellsten, Laine, Lehtinen, Aila: Training Generative Adversarial Networks with
Limited Data, 2020 (arXiv:2006.06676). Each augmentation of an image happens with probability p,
which begins at 0. After every fourth update of the discriminator p is raised by a step if
r_t, the mean of sign(D(x)) over these updates' real images, is above 0.6, and lowered if it is
below. The augmentations here are the DiffAugment policies that are on, not the paper's eighteen.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

# Of r_t, the paper's
TARGET = 0.6

# Updates of the discriminator between two steps of p, the paper's
INTERVAL = 4


class AdaptiveProbability:
    """The probability p, and what moves it.

    Args:
        images: In so many real images p can go from 0 to 1.

    Attributes:
        p: The probability now, 0 to 1.
    """

    def __init__(self, images: int) -> None:
        self.images = images
        self.p = 0.0
        self._signs = torch.zeros(())
        self._seen = self._updates = 0

    def update(self, on_real: Tensor) -> None:
        """Take in one update of the discriminator; move p if it is the fourth.

        Args:
            on_real: Its logits on real, augmented images, float (N,).
        """
        self._signs = self._signs + on_real.detach().sign().sum()
        self._seen += len(on_real)
        self._updates += 1
        if self._updates == INTERVAL:
            # on a GPU the only wait for it, at every fourth update
            excess = float(self._signs) / self._seen - TARGET
            direction = (excess > 0) - (excess < 0)
            self.p = min(1.0, max(0.0, self.p + direction * self._seen / self.images))
            self._signs = torch.zeros(())
            self._seen = self._updates = 0

    def state_dict(self) -> dict[str, Any]:
        """All that an interrupted training needs."""
        return {
            "p": self.p,
            "signs": self._signs,
            "seen": self._seen,
            "updates": self._updates,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""
        self.p = state["p"]
        self._signs = state["signs"]
        self._seen, self._updates = state["seen"], state["updates"]
