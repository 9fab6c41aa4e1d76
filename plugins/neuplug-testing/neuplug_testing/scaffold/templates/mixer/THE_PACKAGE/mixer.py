"""The component ``THE_NAME``."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from neuplug import Mixer, Options


class TheNameOptions(Options):
    """Options of ``THE_NAME``."""

    least: float = Field(
        0.25, ge=0, lt=0.5, description="share of the width that either image has at least"
    )


class TheNameMixer(Mixer):
    """The left of one image beside the right of another, and as much of either's class."""

    options_class = TheNameOptions

    def mix(self, images: Tensor, targets: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Put each image beside another one of the batch; see :class:`neuplug.Mixer`.

        Args:
            images: uint8 (N, C, H, W).
            targets: float32 (N, K), one-hot.
            rng: The only source of randomness.

        Returns:
            Images, uint8 (N, C, H, W), and the share of each class in them, float32 (N, K).
        """
        n, width = len(images), images.shape[3]
        partners = torch.randperm(n, generator=rng)
        least = self.options.least
        ends = torch.empty(n, 1).uniform_(least, 1 - least, generator=rng) * width
        own = torch.arange(width) < ends.round()
        mixed = torch.where(own[:, None, None, :], images, images[partners])
        kept = own.float().mean(1, keepdim=True)  # what an image really has of its own
        return mixed, targets * kept + targets[partners] * (1 - kept)
