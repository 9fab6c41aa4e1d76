"""Grey levels to the range of the networks and back."""

from __future__ import annotations

import torch

from neuplug_gan.images import GreyRange

from .helpers import CPU, context
from .tiny import TinyGAN, options, train_set


def test_grey_range_is_used_and_undone() -> None:
    images = torch.randint(60, 121, (8, 1, 16, 16), dtype=torch.uint8)
    scale = GreyRange.of(images)
    assert (scale.low, scale.high) == (60, 120)
    unit = scale.to_unit(images, CPU)
    assert unit.min() == -1 and unit.max() == 1
    assert torch.equal(scale.to_bytes(unit), images)
    flat = GreyRange.of(torch.full((2, 1, 4, 4), 7, dtype=torch.uint8))
    assert flat.high > flat.low


def test_the_grey_range_is_spread_or_whole() -> None:
    spread, full = TinyGAN(options()), TinyGAN(options(grey_range="full"))
    spread.fit(train_set(), context())
    full.fit(train_set(), context())
    assert full.state_dict()["range"] == [0.0, 255.0] != spread.state_dict()["range"]
