"""The component ``THE_NAME``."""

from __future__ import annotations

import math

import torch
from pydantic import Field
from torch import Tensor

from neuplug import Augmenter, Options


class TheNameOptions(Options):
    """Options of ``THE_NAME``."""

    limit: float = Field(
        1.5, gt=1, le=5, description="the exponent lies between 1/limit (brighter) and limit"
    )


class TheNameAugmenter(Augmenter):
    """Gamma correction: each image is raised to a random power, as by another exposure."""

    options_class = TheNameOptions

    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Change each image by an exponent of its own; see :class:`neuplug.Augmenter`.

        Args:
            images: uint8 (N, C, H, W).
            rng: The only source of randomness.

        Returns:
            uint8 (N, C, H, W). Black stays black and white stays white.
        """
        # uniform in the logarithm: half of the images become darker, half brighter
        spread = math.log(self.options.limit)
        logarithms = torch.empty(len(images), 1, 1, 1).uniform_(-spread, spread, generator=rng)
        levels = 255 * (images / 255) ** logarithms.exp()
        return levels.round().to(torch.uint8)
