"""Consistency: zero where the changes change nothing, and only there."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from neuplug_gan.diffaugment import diffaugment
from neuplug_gan.regularizers import Consistency, Turn, flip

from .regularized import images, turn


class Brightest(nn.Module):
    """The brightest pixel, wherever it is."""

    def forward(self, images: Tensor) -> Tensor:
        return images.amax((1, 2, 3))


class Corner(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images[:, 0, 2, 2]


class Shape(nn.Module):
    """What is left when brightness and contrast are taken out."""

    def forward(self, images: Tensor) -> Tensor:
        flat = images.flatten(1)
        normal = (flat - flat.mean(1, keepdim=True)) / flat.std(1, keepdim=True)
        return normal[:, :20].sum(1)


def spots() -> Tensor:
    """A bright pixel in the middle, which no shift by an eighth takes out of sight."""
    out = images(32) / 2
    out[:, 0, 4, 4] = 1.0
    return out


def test_consistency_is_zero_where_shift_and_flip_change_nothing() -> None:
    penalty = Consistency(10.0, augmented=False, rng=torch.Generator().manual_seed(0))
    assert float(penalty(turn(Brightest(), spots(), spots()))) == 0
    assert float(penalty(turn(Corner(), spots(), spots()))) > 0.1


def test_shift_and_flip_both_happen() -> None:
    rows = torch.arange(8.0).view(1, 1, 8, 1).expand(32, 1, 8, 8)  # no flip changes them
    penalty = Consistency(10.0, augmented=False, rng=torch.Generator().manual_seed(0))
    assert float(penalty(turn(Corner(), rows, rows))) > 0.1
    many = images(400)
    out = flip(many, torch.Generator().manual_seed(0))
    same = (out == many).flatten(1).all(1)
    mirrored = (out == many.flip(3)).flatten(1).all(1)
    assert (same ^ mirrored).all()
    assert 150 < int(mirrored.sum()) < 250


@pytest.mark.parametrize(("network", "changes"), [(Shape(), False), (Corner(), True)])
def test_consistency_is_zero_where_the_policies_change_nothing(
    network: nn.Module, changes: bool
) -> None:
    rng = torch.Generator().manual_seed(0)
    plain = turn(network, spots(), spots())
    seen_real, seen_fake = (diffaugment(spots(), ["color"], rng) for _ in range(2))
    on_real, on_fake = network(seen_real), network(seen_fake)
    judge, labels = plain.judge, plain.labels
    augmented = Turn(judge, labels, spots(), spots(), on_real, on_fake)
    found = float(Consistency(2.0, augmented=True, rng=rng)(augmented))
    assert (found > 0.1) == changes
    by_hand = 2 * (
        (on_real - plain.on_real).square().mean() + (on_fake - plain.on_fake).square().mean()
    )
    assert found == pytest.approx(float(by_hand), rel=1e-5, abs=1e-8)
    if not changes:
        assert found < 1e-8
