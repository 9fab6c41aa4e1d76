"""Networks that are one row of layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn


class PlainGenerator(nn.Module):
    """Noise to images in [-1, 1], without labels.

    Args:
        layers: From z, float (N, latent_dim), to images; the last one is tanh.
        initialize: Applied to every module.
    """

    def __init__(
        self, layers: Sequence[nn.Module], initialize: Callable[[nn.Module], None]
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.apply(initialize)

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Float (N, latent_dim) to float (N, C, H, W)."""
        images: Tensor = self.layers(noise)
        return images


class PlainDiscriminator(nn.Module):
    """Images to logits, positive for real, without labels. A published sigmoid is in the loss.

    Args:
        layers: From images to float (N, 1).
        initialize: Applied to every module.
    """

    def __init__(
        self, layers: Sequence[nn.Module], initialize: Callable[[nn.Module], None]
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.apply(initialize)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Float (N, C, H, W) in [-1, 1] to float (N,)."""
        logits: Tensor = self.layers(images)
        return logits.flatten()
