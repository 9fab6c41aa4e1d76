"""The component ``smallcnn``: networks of the right shape that learn."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import neuplug
from neuplug import InputError

LAYOUTS = ("compact", "reser2020")


def build(
    classes: int = 6, in_chans: int = 1, size: tuple[int, int] = (48, 48), **options: Any
) -> nn.Module:
    return neuplug.load("smallcnn", **options).build(classes, in_chans, size)


def images(in_chans: int, size: tuple[int, int], n: int = 4) -> torch.Tensor:
    return torch.randn(n, in_chans, *size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("in_chans", [1, 3])
@pytest.mark.parametrize("size", [(28, 28), (37, 53), (64, 64), (64, 200)])
def test_logits_and_embeddings(layout: str, in_chans: int, size: tuple[int, int]) -> None:
    net = build(5, in_chans, size, layout=layout).eval()
    batch = images(in_chans, size)
    logits, embeddings = net(batch), net.forward_features(batch)
    assert logits.shape == (4, 5)
    assert embeddings.shape[0] == 4
    assert embeddings.ndim == 2
    assert torch.isfinite(logits).all()
    assert torch.isfinite(embeddings).all()
    assert torch.equal(net.head(embeddings), logits)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_parameter_gets_a_gradient(layout: str) -> None:
    net = build(layout=layout, dropout=0.3)
    F.cross_entropy(net(images(1, (48, 48))), torch.tensor([0, 1, 2, 3])).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_seed_decides_the_weights(layout: str) -> None:
    def weights(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return nn.utils.parameters_to_vector(build(layout=layout).parameters())

    assert torch.equal(weights(3), weights(3))
    assert not torch.equal(weights(3), weights(4))


def count(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


def test_compact_has_the_same_weights_for_every_size() -> None:
    assert count(build(size=(28, 28))) == count(build(size=(256, 256))) == 93_670


def test_reser2020_is_the_network_of_the_paper() -> None:
    net = build(3, 3, (128, 128), layout="reser2020")
    kinds = [type(layer).__name__ for layer in net.features]
    assert kinds == ["Conv2d", "ReLU", "MaxPool2d", "Flatten", "Linear", "ReLU"]
    assert net.features[4].in_features == 262_144  # as printed there
    assert count(net) == (3 * 9 * 64 + 64) + (262_144 * 64 + 64) + (64 * 3 + 3)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_channels_is_the_width_of_the_first_convolution(layout: str) -> None:
    net = build(layout=layout, channels="12")
    assert net.features[0].out_channels == 12
    assert net(images(1, (48, 48))).shape == (4, 6)


def test_dropout_acts_in_training_alone() -> None:
    net, batch = build(dropout=0.5), images(1, (48, 48))
    embeddings = net.forward_features(batch)
    assert not torch.equal(net.head(embeddings), net.head(embeddings))
    net.eval()
    assert torch.equal(net(batch), net(batch))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_learns(layout: str) -> None:
    """Bright against dark spot: four images a class are enough for both layouts."""
    torch.manual_seed(0)
    labels = torch.arange(2).repeat(4)
    batch = 0.1 * images(1, (32, 32), 8)
    batch[:, :, 10:20, 10:20] += 2.0 * labels.view(-1, 1, 1, 1) - 1
    net = build(2, 1, (32, 32), layout=layout)
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    for _ in range(20):
        optimizer.zero_grad()
        F.cross_entropy(net(batch), labels).backward()
        optimizer.step()
    assert torch.equal(net.eval()(batch).argmax(1), labels)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"layout": "resar2020"}, r"smallcnn\.layout = 'resar2020'"),
        ({"channels": 0}, r"smallcnn\.channels = 0"),
        ({"dropout": 1.0}, r"smallcnn\.dropout = 1\.0"),
        ({"chanels": 8}, r"no option 'chanels'\. Did you mean channels\?"),
    ],
)
def test_bad_options(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        neuplug.load("smallcnn", **options)


def test_too_small_images() -> None:
    with pytest.raises(
        InputError, match=r"smallcnn takes images from 8x8 pixels .* these have 7x40"
    ):
        build(size=(7, 40))
    assert build(size=(8, 8))(images(1, (8, 8))).shape == (4, 6)
