"""The losses and their targets, by hand and in training."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from neuplug import InputError
from neuplug_gan.losses import discriminator_loss, generator_loss, targets

from .helpers import context
from .tiny import TinyGAN, options, train_set


def test_losses_by_hand() -> None:
    real, fake = torch.tensor([2.0, -1.0]), torch.tensor([0.5, -3.0])
    one, zero = torch.ones(2), torch.zeros(2)
    # mean(max(0, 1-2), max(0, 1+1)) + mean(max(0, 1.5), max(0, -2))
    assert float(discriminator_loss(real, fake, "hinge", one, zero)) == pytest.approx(1.0 + 0.75)
    assert float(generator_loss(fake, "hinge")) == pytest.approx(1.25)
    flat = discriminator_loss(zero, zero, "bce", 0.9 * one, zero)
    assert float(flat) == pytest.approx(2 * 0.693147, abs=1e-5)
    soft = torch.tensor([1.0, 1.0])  # log s(1) = -0.313262, log(1 - s(1)) = -1.313262
    smoothed = discriminator_loss(soft, -soft, "bce", torch.tensor([0.9, 1.0]), zero)
    expected = (0.9 * 0.313262 + 0.1 * 1.313262 + 0.313262) / 2 + 0.313262
    assert float(smoothed) == pytest.approx(expected, abs=1e-5)
    assert float(generator_loss(soft, "bce")) == pytest.approx(0.313262, abs=1e-5)


def test_labels_by_class() -> None:
    classes = ("pitting", "rust", "intact")
    assert targets({"rust": 0.85}, classes, 1.0).tolist() == pytest.approx([1, 0.85, 1])
    assert targets({"rust": 0.15}, classes, 0.0).tolist() == pytest.approx([0, 0.15, 0])
    assert targets(0.9, classes, 1.0).tolist() == pytest.approx([0.9] * 3)


def test_labels_by_class_reach_the_training() -> None:
    """Targets of one half for a class are a loss of log 2 at least, whatever is learned."""
    half = options(real_label={"bar": 0.5}, fake_label={"bar": 0.5}, steps=200, lr=1e-2)
    assert TinyGAN(half).fit(train_set(), context()).curves["discriminator"][-1][1] > 1.386
    other = options(real_label={"rust": 0.5}, fake_label={"rust": 0.5}, steps=200, lr=1e-2)
    assert TinyGAN(other).fit(train_set(), context()).curves["discriminator"][-1][1] < 1.386


@pytest.mark.parametrize("label", [{"real_label": 0.9}, {"fake_label": {"bar": 0.1}}])
def test_hinge_has_no_targets_to_smooth(label: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"_label is a target of loss=bce.*add loss=bce"):
        type(options()).parse({"loss": "hinge", **label}, "gan")
    assert type(options()).parse({"loss": "bce", **label}, "gan").loss == "bce"
