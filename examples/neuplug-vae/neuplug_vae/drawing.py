"""Images from latents, without gradients."""

from __future__ import annotations

import torch
from torch import Tensor

from neuplug_vae.model import ConvolutionalVAE
from neuplug_vae.objective import to_grey

AT_ONCE = 64
"""Images a pass: more are no faster, and take more memory."""


@torch.no_grad()
def draw(
    network: ConvolutionalVAE, latents: Tensor, labels: Tensor, noise: Tensor | None = None
) -> Tensor:
    """Decode; the network is in evaluation mode after.

    Args:
        network: On any device.
        latents: float (N, L) on the CPU.
        labels: int64 (N,) on the CPU.
        noise: float (N, C, H, W) on the CPU, added to the images; in grey levels.

    Returns:
        uint8 (N, C, H, W) on the CPU.
    """
    network.eval()
    device = next(network.parameters()).device
    parts = []
    for start in range(0, max(1, len(latents)), AT_ONCE):  # of none too, for their shape
        part = slice(start, start + AT_ONCE)
        decoded = network.decode(latents[part].to(device), labels[part].to(device))
        images = to_grey(decoded).cpu()
        if noise is not None:
            images = images + noise[part]
        parts.append(images.round().clamp(0, 255).to(torch.uint8))
    return torch.cat(parts)
