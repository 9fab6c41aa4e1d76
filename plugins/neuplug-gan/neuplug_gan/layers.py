"""Layers that the networks of GANs have in common: where a label enters a conditional GAN."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Normal weights of standard deviation 0.02, as DCGAN's (Radford et al. 2016).

    Args:
        module: A network's part, of which convolutions, linear layers and batch normalisations are
            changed: for :meth:`torch.nn.Module.apply`.
    """
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


class LabelledNoise(nn.Module):
    """z, and behind it an embedding of the label where there are classes.

    Args:
        latent_dim: Length of z.
        num_classes: How many labels there are, 0 for none.

    Attributes:
        length: Of what comes out: ``latent_dim``, or twice that with classes.

    Example:
        >>> noise = LabelledNoise(latent_dim=100, num_classes=3)
        >>> noise(torch.randn(2, 100), torch.tensor([0, 2])).shape
        torch.Size([2, 200])
    """

    def __init__(self, latent_dim: int, num_classes: int = 0) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_classes, latent_dim) if num_classes else None
        self.length = latent_dim * (2 if num_classes else 1)

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Float (N, latent_dim) to float (N, length); ``labels`` int64 (N,) with classes."""
        if self.embedding is None:
            return noise
        return torch.cat([noise, self.embedding(labels)], 1)


class ProjectionHead(nn.Module):
    """The end of a discriminator: feature maps to one logit an image, positive for real.

    With classes the label's embedding, projected on the mean features, is added to the logit
    (Miyato and Koyama: cGANs with Projection Discriminator, 2018, arXiv:1802.05637).

    Args:
        maps: Feature maps that come in.
        last: The last layer: takes float (N, maps, H, W) and gives one number an image.
        num_classes: How many labels there are, 0 for none.

    Example:
        >>> head = ProjectionHead(64, nn.Conv2d(64, 1, 4), num_classes=3)
        >>> head(torch.randn(2, 64, 4, 4), torch.tensor([0, 2])).shape
        torch.Size([2])
    """

    def __init__(self, maps: int, last: nn.Module, num_classes: int = 0) -> None:
        super().__init__()
        self.last = last
        self.embedding = nn.Embedding(num_classes, maps) if num_classes else None

    def forward(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """Float (N, maps, H, W) to float (N,); ``labels`` int64 (N,) with classes."""
        logits: Tensor = self.last(features).flatten()
        if self.embedding is not None:
            logits = logits + (self.embedding(labels) * features.mean((2, 3))).sum(1)
        return logits
