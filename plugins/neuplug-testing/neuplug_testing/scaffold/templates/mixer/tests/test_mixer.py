"""What the component does; what every mixer owes is in ``test_laws.py``."""

from __future__ import annotations

import torch
from torch import Tensor

import neuplug


def mixed(images: Tensor, targets: Tensor, least: float = 0.25) -> tuple[Tensor, Tensor]:
    mixer = neuplug.load("THE_NAME", least=least)
    assert isinstance(mixer, neuplug.Mixer)
    return mixer.mix(images, targets, torch.Generator().manual_seed(0))


def numbered(n: int) -> Tensor:
    """Images of one grey level each, its number."""
    return torch.arange(n, dtype=torch.uint8).view(-1, 1, 1, 1).expand(n, 1, 6, 20)


def test_the_left_of_one_image_stands_beside_the_right_of_another() -> None:
    images, _ = mixed(numbered(40), torch.eye(40))
    for i, image in enumerate(images[:, 0]):
        assert (image == image[0]).all()  # every row alike
        row = image[0].tolist()
        own = row.count(i)
        assert 5 <= own <= 20 and row[:own] == [i] * own
        assert len(set(row[own:])) <= 1


def test_targets_are_the_shares_of_the_pixels() -> None:
    images, targets = mixed(numbered(40), torch.eye(40), least=0)
    for image, shares in zip(images, targets, strict=True):
        pixels = image.flatten().long().bincount(minlength=40) / image.numel()
        assert torch.allclose(shares, pixels)
