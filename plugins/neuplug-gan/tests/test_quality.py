"""The distance to the training images ranks planted faults as a person would."""

from __future__ import annotations

import functools

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from neuplug import ImageSet
from neuplug.data.demo import demo_set
from neuplug_gan.quality import LARGEST, TrainingDistance, looked_at

CPU = torch.device("cpu")


@functools.cache
def everything() -> ImageSet:
    return demo_set((32, 32), per_class=120)


def demo(name: str, channels: int = 1) -> tuple[Tensor, Tensor]:
    """Two halves of a class's images, 60 each."""
    images = everything()
    found = images.of_class(images.classes.index(name)).images.repeat(1, channels, 1, 1)
    return found[::2], found[1::2]


@pytest.mark.parametrize("name", ["crazing", "inclusion", "patches", "scratches"])
@pytest.mark.parametrize("channels", [1, 3])
def test_planted_faults_rank_behind_real_images(name: str, channels: int) -> None:
    train, real = demo(name, channels)
    rng = torch.Generator().manual_seed(0)
    distance = TrainingDistance(train, CPU)
    floor = distance(real)
    assert abs(floor) < 0.25  # 0 but for chance
    grain = 60 * torch.randn(real.shape, generator=rng)
    faults = {
        "blurred": F.avg_pool2d(real.float(), 5, 1, 2, count_include_pad=False).byte(),
        "grainy": (real.float() + grain).clamp(0, 255).byte(),
        "noise": torch.randint(0, 256, real.shape, generator=rng, dtype=torch.uint8),
        "one image": real[:1].repeat(len(real), 1, 1, 1),
        "grey": torch.full_like(real, 128),
    }
    found = {fault: distance(images) for fault, images in faults.items()}
    assert min(found.values()) > floor + 0.08, (floor, found)
    assert max(found.values()) <= 16


def test_another_class_is_farther() -> None:
    train, real = demo("crazing")
    distance = TrainingDistance(train, CPU)
    assert distance(real) < distance(demo("scratches")[1])


def test_more_of_a_fault_is_farther() -> None:
    train, real = demo("inclusion")
    distance = TrainingDistance(train, CPU)
    noise = torch.randn(real.shape, generator=torch.Generator().manual_seed(0))
    found = [
        distance((real.float() + level * noise).clamp(0, 255).byte()) for level in (0, 20, 40, 80)
    ]
    assert found == sorted(found)


def test_it_is_the_same_every_time_and_for_any_number() -> None:
    train, real = demo("crazing")
    assert TrainingDistance(train, CPU)(real) == TrainingDistance(train, CPU)(real)
    alone = TrainingDistance(train[:1], CPU)
    noise = torch.randint(0, 256, real.shape, dtype=torch.uint8)
    assert 0 < alone(real) < 16 and 0 < alone(noise) < 16
    black = TrainingDistance(torch.zeros(4, 1, 8, 8, dtype=torch.uint8), CPU)
    assert black(torch.full((4, 1, 8, 8), 200, dtype=torch.uint8)) > 0


def test_at_most_a_thousand_are_looked_at() -> None:
    assert looked_at(3).tolist() == [0, 1, 2]
    assert looked_at(1).tolist() == [0]
    many = looked_at(5001)
    assert len(many) == LARGEST and many[0] == 0 and many[-1] == 5000
    assert len(many.unique()) == LARGEST
