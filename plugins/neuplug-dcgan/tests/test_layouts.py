"""The published networks: layers, shapes and weights against the specification, by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import neuplug
from neuplug import FitContext, InputError, TrainingSet
from neuplug_dcgan.layouts import farhat, keras, reser2020, schlagenhauf2020, zamani
from neuplug_dcgan.layouts.keras import Conv, ConvTranspose

Shape = tuple[int, ...]


def weights(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def shapes(layers: nn.Sequential, x: Tensor) -> list[Shape]:
    """What every layer puts out, without the batch."""
    found = []
    for layer in layers:
        x = layer(x)
        found.append(tuple(x.shape[1:]))
    return found


def repeat(*pairs: tuple[int, Shape]) -> list[Shape]:
    return [shape for times, shape in pairs for _ in range(times)]


def conv(before: int, after: int, kernel: int) -> int:
    return before * after * kernel * kernel + after


def dense(before: int, after: int) -> int:
    return before * after + after


def norm(features: int) -> int:
    return 2 * features


def test_reser2020_generator() -> None:
    network = reser2020.generator((128, 128), 3, 100)
    assert len(network.layers) == 24  # the paper's count
    assert shapes(network.layers, torch.randn(2, 100)) == repeat(
        (1, (4096,)), (2, (256, 4, 4)),  # its upsampling is done by the convolution behind it
        (4, (256, 8, 8)), (4, (256, 16, 16)), (4, (128, 32, 32)), (4, (128, 64, 64)),
        (3, (128, 128, 128)),
        (2, (3, 128, 128)),
    )  # fmt: skip
    assert weights(network) == (
        (100 * 4096 + 4096)
        + 2 * (256 * 256 * 9 + 256 + 2 * 256)
        + (256 * 128 * 9 + 128 + 2 * 128)
        + 2 * (128 * 128 * 9 + 128 + 2 * 128)
        + (128 * 3 * 9 + 3)
    )


def test_reser2020_discriminator() -> None:
    network = reser2020.discriminator((128, 128), 3)
    assert len(network.layers) == 22  # the paper's count
    assert shapes(network.layers, torch.randn(2, 3, 128, 128)) == repeat(
        (3, (32, 64, 64)),
        (1, (64, 32, 32)), (4, (64, 33, 33)),
        (4, (128, 17, 17)),
        (4, (256, 17, 17)),
        (4, (512, 17, 17)),
        (1, (147968,)), (1, (1,)),
    )  # fmt: skip
    assert weights(network) == (
        (3 * 32 * 9 + 32)
        + (32 * 64 * 9 + 64 + 2 * 64)
        + (64 * 128 * 9 + 128 + 2 * 128)
        + (128 * 256 * 9 + 256 + 2 * 256)
        + (256 * 512 * 9 + 512 + 2 * 512)
        + (17 * 17 * 512 + 1)
    )
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    # Keras' momentum is what stays, torch's what is new
    assert [m.momentum for m in norms] == [pytest.approx(0.2)] * 4


def test_zamani_generator() -> None:
    network = zamani.generator((28, 28), 1, 100)
    assert shapes(network.layers, torch.randn(2, 100)) == repeat(
        (3, (512,)), (3, (3136,)), (1, (64, 7, 7)), (3, (32, 14, 14)), (2, (1, 28, 28))
    )
    assert weights(network) == (
        (100 * 512 + 512 + 2 * 512)
        + (512 * 3136 + 3136 + 2 * 3136)
        + (64 * 32 * 25 + 32 + 2 * 32)
        + (32 * 1 * 25 + 1)
    )


def test_zamani_discriminator() -> None:
    network = zamani.discriminator((28, 28), 1)
    assert shapes(network.layers, torch.randn(2, 1, 28, 28)) == repeat(
        (2, (32, 14, 14)), (2, (64, 7, 7)), (1, (3136,)), (2, (512,)), (1, (1,))
    )
    assert weights(network) == (
        (1 * 32 * 25 + 32) + (32 * 64 * 25 + 64) + (3136 * 512 + 512) + (512 + 1)
    )


def test_farhat_generator() -> None:
    network = farhat.generator((64, 64), 3, 10)
    assert shapes(network.layers, torch.randn(2, 10, 1, 1)) == repeat(
        (3, (512, 4, 4)), (3, (256, 8, 8)), (3, (128, 16, 16)), (3, (64, 32, 32)), (2, (3, 64, 64))
    )
    # equations 4 and 5: no biases
    assert weights(network) == (
        (10 * 512 * 16 + 2 * 512)
        + (512 * 256 * 16 + 2 * 256)
        + (256 * 128 * 16 + 2 * 128)
        + (128 * 64 * 16 + 2 * 64)
        + 64 * 3 * 16
    )
    first = network.layers[0].weight
    assert float(first.detach().std()) == pytest.approx(0.02, rel=0.05)


def test_farhat_discriminator() -> None:
    network = farhat.discriminator((64, 64), 3)
    assert shapes(network.features, torch.randn(2, 3, 64, 64)) == repeat(
        (2, (64, 32, 32)), (3, (128, 16, 16)), (3, (256, 8, 8)), (3, (512, 4, 4))
    )
    assert weights(network) == (
        3 * 64 * 16
        + (64 * 128 * 16 + 2 * 128)
        + (128 * 256 * 16 + 2 * 256)
        + (256 * 512 * 16 + 2 * 512)
        + 512 * 1 * 16
    )
    slopes = {m.negative_slope for m in network.modules() if isinstance(m, nn.LeakyReLU)}
    assert slopes == {0.02}


def test_schlagenhauf2020_generator() -> None:
    network = schlagenhauf2020.generator((96, 96), 3, 100)
    assert shapes(network.layers, torch.randn(2, 100)) == repeat(
        (1, (36864,)), (1, (1024, 6, 6)),
        (3, (512, 12, 12)), (3, (256, 24, 24)), (3, (128, 48, 48)), (2, (3, 96, 96)),
    )  # fmt: skip
    assert weights(network) == (
        (100 * 36864 + 36864)
        + (1024 * 512 * 16 + 512 + 2 * 512)
        + (512 * 256 * 16 + 256 + 2 * 256)
        + (256 * 128 * 16 + 128 + 2 * 128)
        + (128 * 3 * 16 + 3)
    )


def test_schlagenhauf2020_discriminator() -> None:
    network = schlagenhauf2020.discriminator((96, 96), 3)
    assert shapes(network.layers, torch.randn(2, 3, 96, 96)) == repeat(
        (3, (32, 96, 96)), (4, (64, 48, 48)), (4, (128, 24, 24)), (4, (256, 12, 12)),
        (1, (36864,)), (1, (1,)),
    )  # fmt: skip
    assert weights(network) == (
        (3 * 32 * 25 + 32)
        + (32 * 64 * 25 + 64 + 2 * 64)
        + (64 * 128 * 9 + 128 + 2 * 128)
        + (128 * 256 * 9 + 256 + 2 * 256)
        + (36864 + 1)
    )


def test_weights_begin_as_in_keras() -> None:
    layer = zamani.generator((28, 28), 1, 100).layers[3][0]
    limit = (6 / (512 + 3136)) ** 0.5  # Glorot and Bengio's
    assert float(layer.weight.detach().abs().max()) <= limit
    assert float(layer.weight.detach().std()) == pytest.approx(limit / 3**0.5, rel=0.02)
    assert not layer.bias.any()


@pytest.mark.parametrize(("size", "kernel", "stride"), [(6, 3, 2), (7, 3, 2), (6, 5, 2), (5, 3, 1)])
def test_same_padding_puts_the_odd_pixel_last(size: int, kernel: int, stride: int) -> None:
    """With weights of one, a convolution counts the pixels that it sees: the rest is padding."""
    layer = Conv(1, 1, kernel, stride)
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)
    out = layer(torch.ones(1, 1, size, size))
    assert out.shape[-1] == -(-size // stride)
    side = [round(float(v)) for v in out[0, 0].detach().diagonal().sqrt()]
    # TensorFlow's rule: of the padding, half before, rounded down
    padding = max(0, (len(side) - 1) * stride + kernel - size)
    starts = [i * stride - padding // 2 for i in range(len(side))]
    assert side == [min(s + kernel, size) - max(s, 0) for s in starts]


@pytest.mark.parametrize("kernel", [4, 5])
@torch.no_grad()
def test_transposed_convolution_is_the_transpose(kernel: int) -> None:
    """<conv(x), y> = <x, transpose(y)> with the same weights: the padding is the same, too."""
    torch.manual_seed(0)
    down, up = Conv(2, 3, kernel, 2).double(), ConvTranspose(3, 2, kernel).double()
    nn.init.zeros_(down.bias)
    nn.init.zeros_(up.bias)
    up.weight.data = down.weight.data
    x, y = torch.randn(1, 2, 8, 6).double(), torch.randn(1, 3, 4, 3).double()
    assert float((down(x) * y).sum()) == pytest.approx(float((x * up(y)).sum()))


LAYOUTS = {
    "reser2020": ((16, 16), {}),
    "zamani": ((8, 12), {}),
    "farhat": ((28, 28), {"batch": 1, "latent_dim": 10, "ngf": 4, "ndf": 4}),
    "schlagenhauf2020": ((32, 32), {"batch": 6, "d_steps": 4, "g_steps": 3, "input_noise": 0.1}),
}


def train_set(size: tuple[int, int], channels: int) -> TrainingSet:
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (6, channels, *size), generator=rng, dtype=torch.uint8)
    labels = torch.zeros(6, dtype=torch.int64)
    return TrainingSet(images, labels, ("rust",), tuple(map(str, range(6))))


@pytest.mark.parametrize(
    ("layout", "channels"),
    [
        ("reser2020", 3),
        ("zamani", 1),
        ("farhat", 3),
        pytest.param("schlagenhauf2020", 3, marks=pytest.mark.slow),
    ],
)
def test_every_layout_trains_as_published(layout: str, channels: int) -> None:
    """Without averaging and DiffAugment, with decay, checkpoints and smooth labels."""
    size, changes = LAYOUTS[layout]
    options = {
        "layout": layout, "epochs": 2, "batch": 3, "ema": 0, "diffaugment": "none", "decay": 1e-3,
        "checkpoints": 1, "real_label": {"rust": 0.85}, "fake_label": {"rust": 0.15},
        "latent_dim": 8, "grids": 1, "precision": "fp32", **changes,
    }  # fmt: skip
    gan: Any = neuplug.load("dcgan", **options)
    record = gan.fit(train_set(size, channels), FitContext(torch.device("cpu"), 0, layout))
    epoch = 6 // options["batch"]
    assert [step for step, _ in record.checkpoints] == [epoch, 2 * epoch]
    labels = torch.zeros(4, dtype=torch.int64)
    images = gan.sample(labels, 5)
    assert images.shape == (4, channels, *size)
    other: Any = neuplug.load("dcgan", **options, checkpoint="1/last")
    other.load_state_dict(gan.state_dict())
    mixed = other.sample(labels, 5)
    assert torch.equal(mixed[1::2], images[1::2]) and not torch.equal(mixed[::2], images[::2])


@pytest.mark.parametrize("layout", list(LAYOUTS))
@pytest.mark.parametrize("size", [(32, 32), (64, 64)])
@torch.no_grad()
def test_other_sizes(layout: str, size: tuple[int, int]) -> None:
    gan: Any = neuplug.load("dcgan", layout=layout)
    generator, discriminator = gan.build(0, 1, size)
    labels = torch.zeros(2, dtype=torch.int64)
    images = generator(torch.randn(2, 100), labels)
    assert images.shape == (2, 1, *size)
    assert images.abs().max() <= 1
    assert discriminator(images, labels).shape == (2,)


@pytest.mark.parametrize(
    ("layout", "size", "sentence"),
    [
        ("reser2020", (48, 48), "16, 32, 64, 128 or 256"),
        ("reser2020", (32, 64), "square"),
        ("zamani", (30, 28), "steps of 4"),
        ("farhat", (20, 20), "28 to 256"),
        ("schlagenhauf2020", (40, 96), "steps of 16"),
    ],
)
def test_sizes_that_do_not_fit(layout: str, size: tuple[int, int], sentence: str) -> None:
    gan: Any = neuplug.load("dcgan", layout=layout)
    with pytest.raises(InputError, match=sentence):
        gan.fit(train_set(size, 1), FitContext(torch.device("cpu"), 0, layout))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"layout": "reser2020", "conditional": True}, "no conditional networks"),
        ({"layout": "farhat", "conditional": True}, "no conditional networks"),
        ({"layout": "zamani", "ngf": 8}, "leave ngf and ndf out"),
        ({"layout": "zamani", "batch": 1}, "batch of at least 2"),
        ({"layout": "reser2021"}, "layout"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        neuplug.load("dcgan", **options)


@pytest.mark.parametrize("layout", ["reser2020", "zamani", "farhat", "schlagenhauf2020"])
def test_a_published_network_keeps_the_training_of_its_time(layout: str) -> None:
    def training(**options: Any) -> tuple[Any, ...]:
        asked = neuplug.load("dcgan", **options).options
        return asked.loss, asked.lr, asked.spectral_norm

    assert training() == ("hinge", 4e-4, True)
    assert training(layout=layout) == ("bce", 2e-4, False)
    assert training(layout=layout, spectral_norm=True, lr=1e-4) == ("bce", 1e-4, True)


def test_upsampling_within_a_convolution_is_the_same() -> None:
    torch.manual_seed(0)
    both = keras.UpsampledConv(5, 4)
    apart = keras.Conv(5, 4, 3)
    apart.load_state_dict(both.state_dict())
    images = torch.randn(2, 5, 6, 7)
    torch.testing.assert_close(both(images), apart(nn.Upsample(scale_factor=2)(images)))


@pytest.mark.parametrize(("kernel", "sides"), [(3, (8, 10)), (5, (8, 10)), (5, (7, 8))])
def test_keras_convolutions_of_grey_images_are_the_same(
    kernel: int, sides: tuple[int, int]
) -> None:
    torch.manual_seed(0)
    images = torch.randn(2, 1, *sides)
    layer = keras.Conv(1, 4, kernel, 2)
    padding = [layer._padding(side) for side in reversed(sides)]
    padded = F.pad(images, (*padding[0], *padding[1]))
    expected = F.conv2d(padded, layer.weight, layer.bias, 2)
    torch.testing.assert_close(layer(images), expected)
    back = keras.ConvTranspose(4, 1, kernel)
    features = torch.randn(2, 4, *sides)
    whole = F.conv_transpose2d(features, back.weight, back.bias, 2)
    start = (kernel - 2) // 2
    cut = whole[:, :, start : start + 2 * sides[0], start : start + 2 * sides[1]]
    torch.testing.assert_close(back(features), cut)
