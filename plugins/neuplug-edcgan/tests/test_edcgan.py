"""EDCGAN: its networks against the paper's table, and training through its entry point."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import neuplug
from neuplug import FitContext, InputError, TrainingSet
from neuplug_edcgan.alpha_dropout import ELUAlphaDropout
from neuplug_edcgan.generator import EDCGAN
from neuplug_edcgan.model import Discriminator, Generator, pyramid
from neuplug_gan.convolutions import Conv2d, ConvTranspose2d
from neuplug_gan.layers import LabelledNoise
from neuplug_gan.testing import check_options

SIZES = [
    (28, 28),
    (32, 32),
    (33, 47),
    (64, 64),
    (65, 65),
    (101, 50),
    (28, 256),
    (200, 200),
    (255, 241),
]
# a learning rate at which a few steps show in the images
TINY = {"steps": 8, "lr": 1e-2, "ngf": 4, "ndf": 4, "batch": 4, "latent_dim": 8, "grids": 2}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def train_set(size: tuple[int, int], channels: int = 1, classes: int = 1) -> TrainingSet:
    rng = torch.Generator().manual_seed(0)
    n = 6 * classes
    images = torch.randint(0, 256, (n, channels, *size), generator=rng, dtype=torch.uint8)
    names = tuple(f"class {i}" for i in range(classes))
    return TrainingSet(images, torch.arange(n) % classes, names, tuple(map(str, range(n))))


def context(seed: int = 0) -> FitContext:
    return FitContext(torch.device("cpu"), seed, "edcgan for test")


def shapes(network: nn.Module, kind: type[nn.Module], *inputs: Tensor) -> list[tuple[int, ...]]:
    """Height, width and maps after every layer of a kind."""
    seen: list[tuple[int, ...]] = []

    def hook(module: nn.Module, args: Any, out: Tensor) -> None:
        seen.append((*out.shape[2:], out.shape[1]))

    handles = [m.register_forward_hook(hook) for m in network.modules() if isinstance(m, kind)]
    with torch.no_grad():
        network(*inputs)
    for handle in handles:
        handle.remove()
    return seen


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def kinds(network: nn.Module) -> list[type[nn.Module]]:
    return [type(m) for m in network.modules() if not list(m.children())]


def test_at_256_the_layers_are_those_of_table_1() -> None:
    generator, discriminator = Generator((256, 256), 3), Discriminator((256, 256), 3)
    assert shapes(generator, nn.Unflatten, torch.randn(2, 100)) == [(4, 4, 1024)]
    assert shapes(generator, nn.ConvTranspose2d, torch.randn(2, 100)) == [
        (8, 8, 512),
        (16, 16, 256),
        (32, 32, 128),
        (64, 64, 64),
        (128, 128, 32),
        (256, 256, 3),
    ]
    assert shapes(discriminator, nn.Conv2d, torch.randn(1, 3, 256, 256)) == [
        (128, 128, 32),
        (64, 64, 64),
        (32, 32, 128),
        (16, 16, 256),
        (8, 8, 512),
        (4, 4, 1024),
    ]
    for module in [*generator.modules(), *discriminator.modules()]:
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            assert module.kernel_size == (3, 3) and module.stride == (2, 2)


def test_parameters_at_256() -> None:
    maps = [1024, 512, 256, 128, 64, 32]
    between = sum(9 * a * b for a, b in pairwise(maps))
    # linear without bias; scale and shift of batch norm after it and five deconvolutions; the
    # last deconvolution has a bias
    expected = 100 * 4 * 4 * 1024 + between + 2 * sum(maps) + 9 * 32 * 3 + 3
    assert count(Generator((256, 256), 3)) == expected == 7_928_611
    # every convolution has a bias, since no batch norm follows; then 4x4x1024 to one logit
    expected = 9 * 3 * 32 + between + sum(maps) + 4 * 4 * 1024 + 1
    assert count(Discriminator((256, 256), 3)) == expected == 6_304_577


def test_discriminator_is_elu_and_alpha_dropout_without_batch_norm() -> None:
    network = Discriminator((256, 256), 3, dropout=0.3)
    assert kinds(network) == [Conv2d, nn.ELU, ELUAlphaDropout] * 6 + [nn.Flatten, nn.Linear]
    for module in network.modules():
        if isinstance(module, nn.ELU):
            assert module.alpha == 1.0
        if isinstance(module, ELUAlphaDropout):
            assert (module.p, module.value) == (0.3, -0.5)


@pytest.mark.parametrize(("activation", "layer"), [("relu", nn.ReLU), ("elu", nn.ELU)])
def test_generator_has_batch_norm_and_the_chosen_activation(
    activation: Any, layer: type[nn.Module]
) -> None:
    network = Generator((256, 256), 3, 8, 2, activation=activation)
    assert kinds(network) == (
        [LabelledNoise, nn.Linear, nn.Unflatten, nn.BatchNorm2d, layer]
        + [ConvTranspose2d, nn.BatchNorm2d, layer] * 5
        + [ConvTranspose2d, nn.Tanh]
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_networks_fit_every_size(size: tuple[int, int], channels: int) -> None:
    generator, discriminator = Generator(size, channels, 16, 2), Discriminator(size, channels, 2)
    images = generator(torch.randn(2, 16))
    assert images.shape == (2, channels, *size)
    assert images.abs().max() <= 1
    logits = discriminator(images)
    assert logits.shape == (2,)
    logits.sum().backward()
    for name, parameter in [*generator.named_parameters(), *discriminator.named_parameters()]:
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
    # what the convolutions make of the image is what the generator started from
    seen = shapes(discriminator, nn.Conv2d, images.detach())
    assert [s[:2] for s in seen] == pyramid(size)[1:]
    assert 3 <= min(pyramid(size)[-1]) <= 4


@pytest.mark.parametrize(("side", "layers"), [(28, 3), (32, 3), (33, 4), (64, 4), (65, 5)])
@pytest.mark.parametrize("factor", [1, 2])
def test_smaller_images_have_fewer_layers(side: int, layers: int, factor: int) -> None:
    small, large = pyramid((side, side)), pyramid((side * factor, side * factor))
    assert len(small) - 1 == layers
    assert len(large) - 1 == layers + factor - 1


def test_discriminator_judges_alike_in_eval_mode_alone() -> None:
    network, images = Discriminator((32, 32), 1, 8), torch.randn(2, 1, 32, 32)
    assert not torch.equal(network(images), network(images))
    network.eval()
    assert torch.equal(network(images), network(images))


@pytest.mark.parametrize("activation", ["relu", "elu"])
@pytest.mark.parametrize(("size", "channels"), [((28, 28), 1), ((41, 53), 3)])
def test_fit_sample_save_load(size: tuple[int, int], channels: int, activation: str) -> None:
    options = {**TINY, "generator_activation": activation}
    gan: Any = neuplug.load("edcgan", **options)
    assert gan.conditional is False
    record = gan.fit(train_set(size, channels), context())
    assert all(torch.tensor(v).isfinite().all() for v in record.curves.values())
    labels = torch.zeros(3, dtype=torch.int64)
    images = gan.sample(labels, 5)
    assert images.shape == (3, channels, *size) and images.dtype == torch.uint8
    assert not torch.equal(images[0], images[1])
    other: Any = neuplug.load("edcgan", **options)
    other.load_state_dict(gan.state_dict())
    assert torch.equal(images, other.sample(labels, 5))


def test_same_seed_same_images() -> None:
    """The dropout's draws, too, come from the seed and not from the caller's random state."""
    drawn = []
    for state, seed in ((1, 7), (2, 7), (1, 8)):
        torch.manual_seed(state)
        gan: Any = neuplug.load("edcgan", **TINY)
        gan.fit(train_set((28, 28)), context(seed))
        drawn.append(gan.sample(torch.zeros(4, dtype=torch.int64), 0))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_dropout_takes_part_in_training() -> None:
    drawn = []
    for dropout in (0.0, 0.5):
        gan: Any = neuplug.load("edcgan", **TINY, dropout=dropout)
        gan.fit(train_set((28, 28)), context())
        drawn.append(gan.sample(torch.zeros(4, dtype=torch.int64), 0))
    assert not torch.equal(*drawn)


def test_conditional_draws_the_class_that_is_asked_for() -> None:
    """Two classes, dark and bright: their images must come out dark and bright."""
    rng = torch.Generator().manual_seed(0)
    labels = torch.arange(40) % 2
    images = (40 + 150 * labels.view(-1, 1, 1, 1)) + torch.randint(
        0, 20, (40, 1, 28, 28), generator=rng
    )
    train = TrainingSet(images.byte(), labels, ("dark", "bright"), tuple(map(str, range(40))))
    gan: Any = neuplug.load(
        "edcgan", conditional=True, steps=200, lr=1e-3, ngf=8, ndf=8, diffaugment="none"
    )
    assert gan.conditional is True
    gan.fit(train, context())
    dark = gan.sample(torch.zeros(16, dtype=torch.int64), 0).float().mean()
    bright = gan.sample(torch.ones(16, dtype=torch.int64), 0).float().mean()
    assert bright - dark > 75  # half of the true difference


def test_defaults_are_the_papers() -> None:
    options = neuplug.load("edcgan").options
    assert (options.lr, options.beta1, options.beta2) == (1e-4, 0.8, 0.99)
    assert (options.latent_dim, options.ngf, options.ndf) == (100, 32, 32)
    assert (options.generator_activation, options.dropout) == ("relu", 0.1)


@pytest.mark.parametrize("size", [(20, 64), (64, 300)])
def test_sizes_out_of_range_are_refused(size: tuple[int, int]) -> None:
    gan: Any = neuplug.load("edcgan", steps=1)
    with pytest.raises(InputError, match="28 to 256"):
        gan.fit(train_set(size), context())


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"dropout": 1}, "dropout = 1"),
        ({"generator_activation": "selu"}, "generator_activation = 'selu'"),
        ({"dropuot": 0.2}, "Did you mean dropout"),
    ],
)
def test_wrong_options_are_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        neuplug.load("edcgan", **values)


@pytest.mark.parametrize(("channels", "conditional"), [(1, False), (3, True)])
def test_spectral_norm_takes_part(channels: int, conditional: bool) -> None:
    check_options(EDCGAN, {**TINY, "conditional": conditional}, in_chans=channels)
