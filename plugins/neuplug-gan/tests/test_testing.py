"""The check for authors of other networks finds those whose layers cannot be normalised."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from neuplug_gan.testing import check_options

from .convolutional import GAN


class Handmade(nn.Module):
    """Its weights are in none of torch's layers, where spectral normalisation could find them."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(64) / 8)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        return images.flatten(1) @ self.weight


class HandmadeGAN(GAN):
    def build(
        self, num_classes: int, in_chans: int, image_size: tuple[int, int]
    ) -> tuple[nn.Module, nn.Module]:
        return super().build(num_classes, in_chans, image_size)[0], Handmade()


def test_sound_networks_pass() -> None:
    check_options(GAN, {"latent_dim": 8}, image_size=(8, 8))
    check_options(GAN, {"latent_dim": 8, "conditional": True}, image_size=(8, 8))


def test_weights_that_are_not_found_are_an_error() -> None:
    with pytest.raises(AssertionError, match="HandmadeGAN: spectral_norm changes nothing"):
        check_options(HandmadeGAN, {"latent_dim": 8}, image_size=(8, 8))
