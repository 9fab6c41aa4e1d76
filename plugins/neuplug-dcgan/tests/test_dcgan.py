"""DCGAN through its entry point, at many sizes."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import neuplug
from neuplug import FitContext, InputError, TrainingSet
from neuplug_dcgan.generator import DCGAN
from neuplug_dcgan.model import Discriminator, Generator, pyramid
from neuplug_dcgan.options import DCGANOptions
from neuplug_gan.testing import check_options

SIZES = [
    (28, 28),
    (32, 32),
    (33, 47),
    (48, 64),
    (64, 64),
    (96, 96),
    (100, 50),
    (200, 200),
    (256, 256),
]


def train_set(size: tuple[int, int], channels: int = 1, classes: int = 1) -> TrainingSet:
    rng = torch.Generator().manual_seed(0)
    n = 6 * classes
    images = torch.randint(0, 256, (n, channels, *size), generator=rng, dtype=torch.uint8)
    names = tuple(f"class {i}" for i in range(classes))
    return TrainingSet(images, torch.arange(n) % classes, names, tuple(map(str, range(n))))


def context(seed: int = 0) -> FitContext:
    return FitContext(torch.device("cpu"), seed, "dcgan for test")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_networks_fit_every_size(size: tuple[int, int], channels: int) -> None:
    generator, discriminator = Generator(size, channels, 16, 4), Discriminator(size, channels, 4)
    images = generator(torch.randn(3, 16))
    assert images.shape == (3, channels, *size)
    assert images.abs().max() <= 1
    logits = discriminator(images)
    assert logits.shape == (3,)
    logits.sum().backward()
    for name, parameter in [*generator.named_parameters(), *discriminator.named_parameters()]:
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
    assert 4 <= min(pyramid(size)[-1]) < 8


def test_at_64_it_is_the_network_of_the_paper() -> None:
    generator, discriminator = Generator((64, 64), 3, 100, 64), Discriminator((64, 64), 3, 64)
    count = lambda m: sum(p.numel() for p in m.parameters())  # noqa: E731
    # the figures of the usual 64x64 network with 64 maps; our last layers have a bias
    assert count(generator) == 3_576_704 + 3
    assert count(discriminator) == 2_765_568 + 64 + 1


@pytest.mark.parametrize("size", [(28, 28), (40, 52)])
def test_fit_sample_save_load(size: tuple[int, int]) -> None:
    options = {"steps": 4, "ngf": 4, "ndf": 4, "batch": 4, "latent_dim": 8, "grids": 2}
    gan: Any = neuplug.load("dcgan", **options)
    assert gan.conditional is False
    gan.fit(train_set(size), context())
    labels = torch.zeros(3, dtype=torch.int64)
    images = gan.sample(labels, 5)
    assert images.shape == (3, 1, *size) and images.dtype == torch.uint8
    other: Any = neuplug.load("dcgan", **options)
    other.load_state_dict(gan.state_dict())
    assert torch.equal(images, other.sample(labels, 5))


def test_conditional_draws_the_class_that_is_asked_for() -> None:
    """Two classes, dark and bright: their images must come out dark and bright."""
    rng = torch.Generator().manual_seed(0)
    labels = torch.arange(40) % 2
    images = (40 + 150 * labels.view(-1, 1, 1, 1)) + torch.randint(
        0, 20, (40, 1, 28, 28), generator=rng
    )
    train = TrainingSet(images.byte(), labels, ("dark", "bright"), tuple(map(str, range(40))))
    gan: Any = neuplug.load(
        "dcgan", conditional=True, steps=200, lr=1e-3, ngf=8, ndf=8, diffaugment="none"
    )
    assert gan.conditional is True
    gan.fit(train, context())
    dark = gan.sample(torch.zeros(16, dtype=torch.int64), 0).float().mean()
    bright = gan.sample(torch.ones(16, dtype=torch.int64), 0).float().mean()
    assert bright - dark > 75  # half of the true difference


@pytest.mark.parametrize("size", [(20, 64), (64, 300)])
def test_sizes_out_of_range_are_refused(size: tuple[int, int]) -> None:
    gan: Any = neuplug.load("dcgan", steps=1)
    with pytest.raises(InputError, match="28 to 256"):
        gan.fit(train_set(size), context())


def test_unknown_options_are_refused() -> None:
    with pytest.raises(InputError, match="Did you mean ngf"):
        neuplug.load("dcgan", ngff=3)


@pytest.mark.parametrize(("channels", "conditional"), [(1, False), (3, True)])
def test_spectral_norm_takes_part(channels: int, conditional: bool) -> None:
    small = {"ngf": 4, "ndf": 4, "latent_dim": 8, "conditional": conditional}
    check_options(DCGAN, small, in_chans=channels)


@pytest.mark.parametrize(
    ("given", "share"),
    [
        ({}, 0.5),
        ({"steps": 100}, 0.5),
        ({"warm_start": 0.2}, 0.2),
        ({"epochs": 3}, 0.0),
        ({"checkpoints": (10,), "steps": 20}, 0.0),
        ({"conditional": True}, 0.0),
        ({"layout": "farhat"}, 0.0),
        ({"layout": "farhat", "warm_start": 0.3}, 0.3),
    ],
)
def test_classes_share_steps_unless_that_is_in_the_way(given: Any, share: float) -> None:
    assert DCGANOptions(**given).warm_start == share


def test_default_length() -> None:
    assert DCGANOptions().length((48, 48)) == 200
    assert DCGANOptions().length((64, 64)) == 750
    assert DCGANOptions().length((64, 128)) == 1500
    assert DCGANOptions(warm_start=0.0).length((48, 48)) == 1125
    assert DCGANOptions(steps=7).length((64, 64)) == 7
