"""Images on their way into an adversarial training and out of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from neuplug import TrainingSet

# Part of the pixels beyond each end of the range, so that a speck does not set it
TAIL = 1e-3


@dataclass(frozen=True)
class GreyRange:
    """The grey levels that become -1 and 1.

    Photographs of one defect often fill a third of 0-255; spread over the whole of [-1, 1] their
    faint marks carry that much more of the loss.
    """

    low: float = 0.0
    high: float = 255.0

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


def stretched(train: TrainingSet) -> TrainingSet:
    """The set with the grey levels of each class spread over 0-255, see :class:`GreyRange`."""
    images = train.images.clone()
    for label in train.labels.unique().tolist():
        mine = train.labels == label
        own = GreyRange.of(images[mine])
        images[mine] = GreyRange().to_bytes(own.to_unit(images[mine], images.device))
    return replace(train, images=images)


class ShuffledStream:
    """Indices without end: each image comes once, in a random order, before any comes again.

    Batches are always full, so that batch normalisation never meets a rest of one image; where an
    order ends within a batch, the next one begins.

    Args:
        images: How many there are.
        rng: The only source of randomness; on the CPU.

    Attributes:
        waiting: What is left of the order; with ``rng``'s state, all that a resumed training needs.
    """

    def __init__(self, images: int, rng: torch.Generator) -> None:
        self.images, self.rng = images, rng
        self.waiting = torch.empty(0, dtype=torch.int64)

    def take(self, n: int) -> Tensor:
        """The next ``n`` indices, int64 (n,)."""
        while len(self.waiting) < n:
            order = torch.randperm(self.images, generator=self.rng)
            self.waiting = torch.cat([self.waiting, order])
        taken, self.waiting = self.waiting[:n], self.waiting[n:]
        return taken


@torch.no_grad()
def draw(
    generator: nn.Module, scale: GreyRange, noise: Tensor, labels: Tensor, batch: int = 256
) -> Tensor:
    """Draw images from a generator.

    Args:
        generator: Maps (z, labels) to images in [-1, 1]; left in the mode it was in.
        scale: From [-1, 1] to grey levels.
        noise: float (N, latent_dim).
        labels: int64 (N,).
        batch: How many at a time.

    Returns:
        uint8 (N, C, H, W) on the CPU.
    """
    device = next(generator.parameters()).device
    mode = generator.training
    generator.eval()
    parts = []
    for z, y in zip(noise.split(batch), labels.split(batch), strict=True):
        images = generator(z.to(device), y.to(device)).float()
        parts.append(scale.to_bytes(images))
    generator.train(mode)
    return torch.cat(parts).contiguous()
