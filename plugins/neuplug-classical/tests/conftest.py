"""Images and generators for the tests of the classical augmenters."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

import neuplug
from neuplug import Augmenter

Rng = Callable[[int], torch.Generator]
Pictures = Callable[..., Tensor]
Load = Callable[..., Augmenter]


@pytest.fixture
def rng() -> Rng:
    """A generator from a seed."""
    return lambda seed=0: torch.Generator().manual_seed(seed)


@pytest.fixture
def textures(rng: Rng) -> Pictures:
    """uint8 (count, channels, height, width): every pixel on its own, so nothing can hide."""

    def make(count: int = 8, channels: int = 1, height: int = 48, width: int = 48) -> Tensor:
        shape = (count, channels, height, width)
        return torch.randint(0, 256, shape, generator=rng(99), dtype=torch.uint8)

    return make


@pytest.fixture
def waves() -> Pictures:
    """The same, but smooth and without any symmetry: interpolation hardly matters."""

    def make(count: int = 4, channels: int = 1, height: int = 96, width: int = 96) -> Tensor:
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        layers = [
            torch.sin(x / 9.0 + k) + torch.cos(y / 7.0 - 0.7 * k) + torch.sin((x + 2 * y) / 15.0)
            for k in range(count * channels)
        ]
        image = torch.stack(layers).reshape(count, channels, height, width)
        return (127 + 40 * image).round().to(torch.uint8)

    return make


@pytest.fixture
def load() -> Load:
    """An augmenter by its name, as a user gets it."""

    def make(name: str, **options: object) -> Augmenter:
        augmenter = neuplug.load(name, **options)
        assert isinstance(augmenter, Augmenter)
        return augmenter

    return make
