"""The networks: a convolutional encoder and its mirror image.

Kingma, Welling: Auto-Encoding Variational Bayes, 2014 (arXiv:1312.6114). The paper's networks are
fully connected, for 28x28; here the sides are halved by strided convolutions until the smaller one
is between 4 and 7, and the decoder doubles the same sizes back, odd ones included. With labels it
is the conditional one of Sohn, Lee, Yan 2015 (Learning Structured Output Representation using Deep
Conditional Generative Models), whose prior does not depend on the label.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn


def pyramid(image_size: tuple[int, int]) -> list[tuple[int, int]]:
    """The sizes from the image down to the smallest feature map.

    >>> pyramid((64, 64))
    [(64, 64), (32, 32), (16, 16), (8, 8), (4, 4)]
    >>> pyramid((100, 50))
    [(100, 50), (50, 25), (25, 12), (12, 6)]
    """
    sizes = [image_size]
    while min(sizes[-1]) >= 8:
        height, width = sizes[-1]
        sizes.append((height // 2, width // 2))
    return sizes


class ConvolutionalVAE(nn.Module):
    """Images in [-1, 1] to distributions of latents, and latents to images.

    Args:
        image_size: (height, width), each at least 28.
        in_chans: Channels of the images, 1 or 3.
        latent_dim: Length of z.
        width: Feature maps beside the image; twice as many at every halving, at most eight times.
        num_classes: How many labels there are, 0 for none.
    """

    def __init__(
        self,
        image_size: tuple[int, int],
        in_chans: int,
        latent_dim: int = 32,
        width: int = 16,
        num_classes: int = 0,
    ) -> None:
        super().__init__()
        sizes = pyramid(image_size)
        maps = [in_chans, *(width * min(8, 2**i) for i in range(len(sizes) - 1))]
        smallest = (maps[-1], *sizes[-1])
        self.embedding = nn.Embedding(num_classes, latent_dim) if num_classes else None
        label = latent_dim if num_classes else 0

        down: list[nn.Module] = []
        for before, after in pairwise(maps):
            # a convolution's bias would be taken off again by the normalisation
            down.append(nn.Conv2d(before, after, 4, 2, 1, bias=False))
            down += [nn.BatchNorm2d(after), nn.LeakyReLU(0.2, inplace=True)]
        self.encoder = nn.Sequential(*down, nn.Flatten())
        self.posterior = nn.Linear(prod(smallest) + label, 2 * latent_dim)

        up: list[nn.Module] = [
            nn.Linear(latent_dim + label, prod(smallest), bias=False),
            nn.Unflatten(1, smallest),
        ]
        for i in range(len(sizes) - 1, 0, -1):
            large, small = sizes[i - 1], sizes[i]
            odd = (large[0] - 2 * small[0], large[1] - 2 * small[1])
            up += [nn.BatchNorm2d(maps[i]), nn.LeakyReLU(0.2, inplace=True)]
            up.append(
                nn.ConvTranspose2d(maps[i], maps[i - 1], 4, 2, 1, output_padding=odd, bias=i == 1)
            )
        self.decoder = nn.Sequential(*up, nn.Tanh())

    def encode(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The approximate posterior q(z | x, y), a normal distribution.

        Args:
            images: float (N, C, H, W) in [-1, 1].
            labels: int64 (N,); without classes they do not count.

        Returns:
            Mean and log variance, float (N, ``latent_dim``) each.
        """
        features = self._with_label(self.encoder(images), labels)
        mean, log_variance = self.posterior(features).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, latents: Tensor, labels: Tensor) -> Tensor:
        """The mean of p(x | z, y): float (N, ``latent_dim``) to (N, C, H, W) in [-1, 1]."""
        images: Tensor = self.decoder(self._with_label(latents, labels))
        return images

    def forward(
        self, images: Tensor, labels: Tensor, noise: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Encode, draw latents, decode.

        Args:
            images: float (N, C, H, W) in [-1, 1].
            labels: int64 (N,).
            noise: float (N, ``latent_dim``), standard normal: the reparameterisation trick.

        Returns:
            Reconstructions, float (N, C, H, W), and mean and log variance of the posterior.
        """
        mean, log_variance = self.encode(images, labels)
        latents = mean + (log_variance / 2).exp() * noise
        return self.decode(latents, labels), mean, log_variance

    def _with_label(self, vectors: Tensor, labels: Tensor) -> Tensor:
        if self.embedding is None:
            return vectors
        return torch.cat([vectors, self.embedding(labels)], dim=1)
