"""Between grey levels and the [-1, 1] in which a GAN works."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

# Part of the pixels beyond each end of the range, so that a speck does not set it
TAIL = 1e-3


@dataclass(frozen=True)
class GreyRange:
    """The grey levels that become -1 and 1.

    Photographs of one defect often fill a third of 0-255; spread over the whole of [-1, 1] their
    faint marks carry that much more of the loss.
    """

    low: float
    high: float

    @classmethod
    def of(cls, images: Tensor) -> GreyRange:
        """The range that nearly all pixels of uint8 images are in."""
        counts = torch.bincount(images.flatten().int(), minlength=256).double()
        below = counts.cumsum(0) / counts.sum()
        low = int((below > TAIL).nonzero()[0])
        high = int((below >= 1 - TAIL).nonzero()[0])
        # a flat image has no range; 16 levels keep noise from being blown up
        return cls(float(low), float(max(high, low + 16)))

    def to_unit(self, images: Tensor, device: torch.device) -> Tensor:
        """uint8 to float32 in [-1, 1]; what lies beyond the range is cut off."""
        scaled = images.to(device).float().sub_(self.low).mul_(2 / (self.high - self.low)).sub_(1)
        return scaled.clamp_(-1, 1)

    def to_grey(self, images: Tensor) -> Tensor:
        """Float in [-1, 1] to float in grey levels, 0-255; gradients flow through."""
        return (images + 1) * ((self.high - self.low) / 2) + self.low

    def to_bytes(self, images: Tensor) -> Tensor:
        """Float in [-1, 1] to uint8 on the CPU."""
        return self.to_grey(images).round_().clamp_(0, 255).to("cpu", torch.uint8)
