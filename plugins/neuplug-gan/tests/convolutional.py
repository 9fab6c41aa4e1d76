"""Networks with convolutions, for one class or several."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from neuplug import TrainingSet
from neuplug_gan.component import AdversarialGenerator
from neuplug_gan.images import GreyRange
from neuplug_gan.layers import LabelledNoise, ProjectionHead
from neuplug_gan.options import GANOptions
from neuplug_gan.trainer import AdversarialTrainer

from .helpers import context

CLASSES = ("dark", "bright")


class Generator(nn.Module):
    """With batch normalisation and dropout, so that torch's own random state takes part."""

    def __init__(self, latent_dim: int, classes: int) -> None:
        super().__init__()
        self.noise = LabelledNoise(latent_dim, classes)
        self.layers = nn.Sequential(
            nn.Linear(self.noise.length, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.1),
            nn.Linear(32, 64), nn.Tanh(),
        )  # fmt: skip

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        images: Tensor = self.layers(self.noise(noise, labels)).view(-1, 1, 8, 8)
        return images


class Discriminator(nn.Module):
    """A convolution, batch normalisation, dropout, a linear layer and a projection."""

    def __init__(self, classes: int = 0) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 4, 4, 2, 1), nn.BatchNorm2d(4), nn.LeakyReLU(0.2, inplace=True),
            nn.Dropout(0.1),
        )  # fmt: skip
        self.head = ProjectionHead(4, nn.Sequential(nn.Flatten(), nn.Linear(64, 1)), classes)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(images), labels)
        return logits


class GAN(AdversarialGenerator):
    def build(
        self, num_classes: int, in_chans: int, image_size: tuple[int, int]
    ) -> tuple[nn.Module, nn.Module]:
        return Generator(self.options.latent_dim, num_classes), Discriminator(num_classes)


def train_set(n: int = 24) -> TrainingSet:
    rng = torch.Generator().manual_seed(0)
    labels = torch.arange(n) % 2
    images = torch.randint(0, 60, (n, 1, 8, 8), generator=rng) + 120 * labels.view(-1, 1, 1, 1)
    return TrainingSet(images.byte(), labels, CLASSES, tuple(map(str, range(n))))


def options(**changes: Any) -> GANOptions:
    values = {"steps": 60, "batch": 6, "latent_dim": 8, "grids": 3, **changes}
    return GANOptions.parse(values, "gan")


def trainer(discriminator: nn.Module, **changes: Any) -> AdversarialTrainer:
    wanted = options(**changes)
    train = train_set()
    return AdversarialTrainer(
        Generator(8, 0), discriminator, train, GreyRange.of(train.images), wanted, context()
    )


def images(n: int = 6, seed: int = 0) -> Tensor:
    return torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(seed)) * 2 - 1
