"""Filters between a generator and the set, and drawing behind them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from neuplug_tests.surfaces import ALTERED, REPEATED, noise, surface

from neuplug.data.neighbors import nearest, one_of_each
from neuplug.experiment.steps.generate import Accept, FilteredGenerator, agreeing, no_copies
from neuplug.experiment.tasks import ComponentRef, Source
from neuplug.seeds import derive_seed


def test_copies_are_dropped_and_new_images_are_not() -> None:
    real = noise(40)
    accept = no_copies(real, 0.01)
    nearly = (real.int() + torch.randint(-9, 10, real.shape)).clamp(0, 255).to(torch.uint8)
    assert not accept(real).any() and not accept(nearly).any()
    assert accept(noise(200, seed=1)).float().mean() > 0.9


def test_the_level_is_the_share_of_real_images_that_would_go_too() -> None:
    real, others = noise(400), noise(1000, seed=1)
    for level in (0.0, 0.1, 0.5):
        assert (~no_copies(real, level)(others)).float().mean() == pytest.approx(level, abs=0.08)


@pytest.mark.parametrize("count", [3, 5, 10, 40])
@pytest.mark.parametrize("level", [0.0, 0.01, 0.3, 0.5])
def test_of_few_images_too_no_larger_share_goes_than_is_said(count: int, level: float) -> None:
    """Of N + 1 images alike in kind each may be the new one: so many are dropped, in every draw."""
    most = max(2, math.floor(level * (count + 1)))
    for seed in range(10):
        images = noise(count + 1, seed)
        dropped = 0
        for new in range(count + 1):
            others = torch.cat([images[:new], images[new + 1 :]])
            dropped += int(not no_copies(others, level)(images[new : new + 1]))
        assert most - 1 <= dropped <= most


@pytest.mark.parametrize("count", [3, 5, 10])
@pytest.mark.parametrize("how", ALTERED)
def test_altered_copies_of_few_images_are_dropped(how: str, count: int) -> None:
    """Though each is to its original what its original is to it."""
    passed = 0
    for seed in range(10):
        real = noise(count, seed)
        copies = ALTERED[how](real.float()).round().clamp(0, 255).to(torch.uint8)
        passed += int(no_copies(real, 0.01)(copies).sum())
    assert passed <= 0.05 * 10 * count


@pytest.mark.parametrize("count", [3, 5, 10])
def test_of_few_real_surfaces_copies_are_dropped_and_most_others_pass(
    shared_data: Path, count: int
) -> None:
    folder = shared_data / "neu-det" / "IMAGES"
    images = torch.stack([surface(folder / f"scratches_{i}.jpg") for i in range(1, 111)])
    passed, bounded = [], 0
    for start in range(0, 110, 11):
        some = images[start : start + count + 1]
        dropped, different = 0, True
        for new in range(count + 1):
            real = torch.cat([some[:new], some[new + 1 :]])
            different &= bool(one_of_each(real).all())
            accept = no_copies(real, 0.01)
            dropped += int(not accept(some[new : new + 1]))
            for alter in ALTERED.values():
                copies = alter(real.float()).round().clamp(0, 255).to(torch.uint8)
                passed.append(accept(copies))
        assert dropped >= 1 and (dropped <= 2 or not different)  # near duplicates go as copies do
        bounded += different
    assert bounded >= 7
    assert torch.cat(passed).float().mean() < 0.05


@pytest.mark.parametrize("count", [1, 2])
def test_of_one_or_two_training_images_only_equal_ones_are_dropped(count: int) -> None:
    real = noise(count)
    accept = no_copies(real, 0.5)
    many = real[torch.arange(64) % count]
    assert not accept(many).any()
    assert accept(torch.cat([real[:1], noise(3, seed=1)])).tolist() == [False, True, True, True]


@pytest.mark.parametrize("level", [0.0, 0.01])
def test_equal_training_images_do_not_make_copies_ordinary(level: float) -> None:
    real = noise(40)
    accept = no_copies(torch.cat([real, real[:1]]), level)
    slightly = (real.int() + torch.randint(-3, 4, real.shape)).clamp(0, 255).to(torch.uint8)
    assert not accept(real).any() and not accept(slightly).any()
    assert accept(noise(200, seed=1)).float().mean() > 0.9


@pytest.mark.parametrize("count", [5, 10, 40])
@pytest.mark.parametrize("how", REPEATED)
def test_a_nearly_equal_pair_does_not_make_copies_ordinary(how: str, count: int) -> None:
    real = noise(count)
    again = REPEATED[how](real[:1].float()).round().clamp(0, 255).to(torch.uint8)
    everything = torch.cat([real, again])
    accept = no_copies(everything, 0.01)
    copies = ALTERED["noisy"](everything.float()).round().clamp(0, 255).to(torch.uint8)
    assert not accept(everything).any() and not accept(copies).any()
    others = noise(200, seed=1)
    assert (accept(others) == no_copies(real, 0.01)(others)).float().mean() > 0.95


@pytest.mark.parametrize("how", REPEATED)
@pytest.mark.parametrize("name", ["patches", "inclusion", "scratches"])
def test_a_nearly_equal_pair_of_real_surfaces_does_not_either(
    shared_data: Path, name: str, how: str
) -> None:
    folder = shared_data / "neu-det" / "IMAGES"
    images = torch.stack([surface(folder / f"{name}_{i}.jpg") for i in range(1, 101)])
    real, others = images[:40], images[40:]
    again = REPEATED[how](real[:1].float()).round().clamp(0, 255).to(torch.uint8)
    copies = ALTERED["noisy"](real.float()).round().clamp(0, 255).to(torch.uint8)
    without, accept = no_copies(real, 0.01), no_copies(torch.cat([real, again]), 0.01)
    dropped = (~without(copies)).float().mean()
    assert dropped > 0.6 and (~accept(copies)).float().mean() >= dropped - 0.05
    assert not accept(again) and accept(others).float().mean() > 0.85


def test_images_without_detail_are_no_copies() -> None:
    """A smooth image is nearer to every texture than two textures are to each other."""
    real, others = noise(40), noise(200, seed=1).float()
    smooth = torch.nn.functional.avg_pool2d(others, 5, 1, 2, count_include_pad=False)
    flat = others.mean((2, 3), keepdim=True).expand_as(others)
    by_distance = nearest(smooth.flatten(1), real.flatten(1).float())[0]
    assert by_distance.max() < nearest(real.flatten(1), real.flatten(1), same=True)[0].min()
    accept = no_copies(real, 0.01)
    assert accept(smooth.round().to(torch.uint8)).float().mean() > 0.9
    assert accept(flat.round().to(torch.uint8)).all()


def test_agreement_and_confidence() -> None:
    logits = torch.tensor([[2.0, 0.0], [0.1, 0.0], [0.0, 3.0]])
    images = noise(3)
    assert agreeing(lambda _: logits, 0, 0.0)(images).tolist() == [True, True, False]
    assert agreeing(lambda _: logits, 0, 0.8)(images).tolist() == [True, False, False]
    assert agreeing(lambda _: logits, 1, 0.9)(images).tolist() == [False, False, True]


class Counting:
    """A generator of images whose grey levels say how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def sample(self, labels: torch.Tensor, seed: int) -> torch.Tensor:
        assert set(labels.tolist()) == {1}
        n, draw = len(labels), len(self.asked)
        self.asked.append((n, seed))
        return torch.arange(n).reshape(n, 1, 1, 1).to(torch.uint8) + 10 * draw


def behind(accept: Accept) -> tuple[Counting, FilteredGenerator]:
    about = dict.fromkeys(("kind", "name", "distribution", "version", "code"), "counting")
    source = Source(task="2f85", component=ComponentRef(**about), classes=("dent", "rust"))
    generator: Any = Counting()
    return generator, FilteredGenerator(generator, 1, source, "rust", (1, 1, 1), (accept,))


def test_drawing_goes_on_until_there_are_enough_and_ends() -> None:
    generator, source = behind(lambda images: images[:, 0, 0, 0] % 2 == 0)
    kept, drawn = source.draw(4, seed=7)
    assert kept.flatten().tolist() == [0, 2, 10, 12]
    assert (drawn, generator.asked) == (8, [(4, 7), (4, derive_seed(7, "draw", 1))])
    _, source = behind(lambda images: images[:, 0, 0, 0] == 1)
    kept, drawn = source.draw(4, seed=7)
    assert kept.flatten().tolist() == [1] and drawn == 40
