"""Grey levels to the range of the networks and back."""

from __future__ import annotations

import torch

from neuplug import TrainingSet
from neuplug_gan.images import GreyRange, stretched

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


def test_each_class_is_stretched_by_itself() -> None:
    images = torch.cat([torch.arange(40, 72), torch.arange(100, 228)]).repeat_interleave(16)
    train = TrainingSet(
        images.view(160, 1, 4, 4).to(torch.uint8), (torch.arange(160) >= 32).long(),
        ("dim", "bright"), tuple(map(str, range(160))),
    )  # fmt: skip
    found = stretched(train)
    for label in (0, 1):
        own = found.of_class(label).images
        assert own.min() == 0 and own.max() == 255
    assert train.images.min() == 40 and torch.equal(found.labels, train.labels)
