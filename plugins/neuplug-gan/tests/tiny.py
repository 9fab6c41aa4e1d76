"""Fully connected networks, with faults planted, for images with a bright bar."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from neuplug import TrainingSet
from neuplug_gan.component import AdversarialGenerator
from neuplug_gan.options import GANOptions

ZEROS = torch.zeros(5, dtype=torch.int64)


class TinyGenerator(nn.Module):
    """Noise to 8x8 images through one hidden layer; with dropout, which uses torch's own state."""

    def __init__(self, latent_dim: int, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.1),
            nn.Linear(32, channels * 64), nn.Tanh(),
        )  # fmt: skip

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        out: Tensor = self.layers(noise)
        return out.view(-1, self.channels, 8, 8)


class ConstantGenerator(nn.Module):
    """A planted collapse: one image, whatever the noise."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.image = nn.Parameter(torch.zeros(1, channels, 8, 8))

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        return self.image.tanh().expand(len(noise), -1, -1, -1)


class PlainGenerator(TinyGenerator):
    """Without what needs more than one image in a batch."""

    def __init__(self, latent_dim: int, channels: int) -> None:
        super().__init__(latent_dim, channels)
        self.layers[1] = nn.Identity()


class TinyDiscriminator(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(channels * 64, 32), nn.ReLU())
        self.head = nn.Linear(32, 1)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        out: Tensor = self.head(self.layers(images))
        return out.flatten()


class TinyGAN(AdversarialGenerator):
    def build(
        self, num_classes: int, in_chans: int, image_size: tuple[int, int]
    ) -> tuple[nn.Module, nn.Module]:
        return TinyGenerator(self.options.latent_dim, in_chans), TinyDiscriminator(in_chans)


class PlainGAN(AdversarialGenerator):
    def build(
        self, num_classes: int, in_chans: int, image_size: tuple[int, int]
    ) -> tuple[nn.Module, nn.Module]:
        return PlainGenerator(self.options.latent_dim, in_chans), TinyDiscriminator(in_chans)


class CollapsedGAN(AdversarialGenerator):
    def build(
        self, num_classes: int, in_chans: int, image_size: tuple[int, int]
    ) -> tuple[nn.Module, nn.Module]:
        return ConstantGenerator(in_chans), TinyDiscriminator(in_chans)


def train_set(n: int = 24, channels: int = 1) -> TrainingSet:
    """Images with a bright bar in one of eight rows."""
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(60, 90, (n, channels, 8, 8), generator=rng, dtype=torch.uint8)
    for i in range(n):
        images[i, :, i % 8] = 180
    return TrainingSet(
        images, torch.zeros(n, dtype=torch.int64), ("bar",), tuple(map(str, range(n)))
    )


def options(**changes: Any) -> GANOptions:
    return GANOptions(**{"steps": 60, "batch": 8, "latent_dim": 8, "grids": 3, **changes})
