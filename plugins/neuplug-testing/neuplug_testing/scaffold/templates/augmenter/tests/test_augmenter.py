"""What the component does; what every augmenter owes is in ``test_laws.py``."""

from __future__ import annotations

import torch
from torch import Tensor

import neuplug


def augmented(images: Tensor, limit: float = 1.5) -> Tensor:
    augmenter = neuplug.load("THE_NAME", limit=limit)
    assert isinstance(augmenter, neuplug.Augmenter)
    return augmenter.augment(images, torch.Generator().manual_seed(0))


def test_black_and_white_stay() -> None:
    images = torch.tensor([0, 255], dtype=torch.uint8).expand(8, 1, 4, 2)
    assert torch.equal(augmented(images), images)


def test_grey_becomes_darker_or_brighter_within_the_limit() -> None:
    images = torch.full((200, 3, 2, 2), 64, dtype=torch.uint8)
    levels = augmented(images, limit=2.0)
    darkest, brightest = 255 * (64 / 255) ** 2, 255 * (64 / 255) ** 0.5
    assert round(darkest) <= levels.min() < 40
    assert 100 < levels.max() <= round(brightest)


def test_the_order_of_grey_levels_stays() -> None:
    images = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert (augmented(images).flatten().int().diff() >= 0).all()
