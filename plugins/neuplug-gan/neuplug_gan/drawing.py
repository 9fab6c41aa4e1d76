"""Images out of a generator."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from neuplug_gan.greyrange import GreyRange


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
