"""The component ``smallcnn``: the networks of the papers, layer by layer, and that they learn.

What holds for every classifier is in ``tests/standard/test_classifiers.py``.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import neuplug
from neuplug import InputError

LAYOUTS = ("compact", "reser2020", "edcgan2023", "farhat", "schlagenhauf2020")


def build(
    classes: int = 6, in_chans: int = 1, size: tuple[int, int] = (48, 48), **options: Any
) -> nn.Module:
    return neuplug.load("smallcnn", **options).build(classes, in_chans, size)


def images(in_chans: int, size: tuple[int, int], n: int = 4) -> torch.Tensor:
    return torch.randn(n, in_chans, *size, generator=torch.Generator().manual_seed(1))


def count(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


def layers(net: nn.Module) -> list[str]:
    """The network in a paper's words: ``conv3x3 64``, ``pool``, ``dense 64``, …"""
    words = []
    for layer in net.modules():
        match layer:
            case nn.Conv2d():
                words.append(
                    f"conv{layer.kernel_size[0]}x{layer.kernel_size[1]} {layer.out_channels}"
                )
            case nn.Linear():
                words.append(f"dense {layer.out_features}")
            case nn.MaxPool2d():
                words.append(f"pool {layer.kernel_size}")
            case nn.BatchNorm2d():
                words.append("norm")
            case nn.ReLU() | nn.Flatten():
                words.append(type(layer).__name__.lower())
    return words


def outputs(net: nn.Module, in_chans: int, size: tuple[int, int]) -> list[tuple[int, ...]]:
    """The shape behind every layer of the features, without the batch."""
    shapes, maps = [], images(in_chans, size, 1)
    for layer in net.features.eval():
        maps = layer(maps)
        shapes.append(tuple(maps.shape[1:]))
    return shapes


def test_compact_has_the_same_weights_for_every_size() -> None:
    assert count(build(size=(28, 28))) == count(build(size=(256, 256))) == 93_670


def test_reser2020_is_the_network_of_the_paper() -> None:
    net = build(3, 3, (128, 128), layout="reser2020")
    assert layers(net) == "conv3x3 64,relu,pool 2,flatten,dense 64,relu,dense 3".split(",")
    # the output shapes as printed in its table I, except for the dense layer's, which is no map
    assert outputs(net, 3, (128, 128)) == [
        (64, 128, 128), (64, 128, 128), (64, 64, 64), (262_144,), (64,), (64,),
    ]  # fmt: skip
    assert count(net) == (3 * 9 * 64 + 64) + (262_144 * 64 + 64) + (64 * 3 + 3)


def test_edcgan2023_is_the_vgg_like_network_of_the_paper() -> None:
    net = build(6, 3, (224, 224), layout="edcgan2023")
    blocks = [
        part
        for width in (32, 64, 128)
        for part in [f"conv3x3 {width}", "relu", f"conv3x3 {width}", "relu", "pool 2"]
    ]
    assert layers(net) == [*blocks, "flatten", "dense 128", "relu", "dense 6"]
    convolutions = sum(
        before * 9 * after + after
        for before, after in [(3, 32), (32, 32), (32, 64), (64, 64), (64, 128), (128, 128)]
    )
    assert count(net) == convolutions + (128 * 28 * 28 * 128 + 128) + (128 * 6 + 6)


def test_farhat_is_the_network_of_the_paper() -> None:
    net = build(2, 3, (64, 64), layout="farhat")
    assert layers(net) == (
        "conv5x5 16,relu,pool 2,conv3x3 8,relu,pool 2,flatten,dense 64,relu,dense 2".split(",")
    )
    assert outputs(net, 3, (64, 64))[2:7:3] == [(16, 32, 32), (8, 16, 16)]
    assert count(net) == (
        (3 * 25 * 16 + 16) + (16 * 9 * 8 + 8) + (8 * 16 * 16 * 64 + 64) + (64 * 2 + 2)
    )


def test_schlagenhauf2020_is_the_network_of_the_paper() -> None:
    net = build(3, 3, (96, 96), layout="schlagenhauf2020")
    assert layers(net) == (
        "conv5x5 16,norm,relu,pool 2,conv5x5 32,norm,relu,pool 2,conv3x3 64,norm,relu,pool 2,"
        "flatten,dense 64,relu,dense 3".split(",")
    )
    # the maps that its table 5 prints
    assert outputs(net, 3, (96, 96))[:9:4] == [(16, 96, 96), (32, 48, 48), (64, 24, 24)]
    assert count(net) == (
        (3 * 25 * 16 + 2 * 16) + (16 * 25 * 32 + 2 * 32) + (32 * 9 * 64 + 2 * 64)
        + (64 * 12 * 12 * 64 + 64) + (64 * 3 + 3)
    )  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [(28, 28), (37, 53)])
def test_the_embedding_is_what_the_last_layer_sees(layout: str, size: tuple[int, int]) -> None:
    net, batch = build(layout=layout, size=size).eval(), images(1, size)
    assert torch.equal(net.head(net.forward_features(batch)), net(batch))


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
    """Bright against dark spot: four images a class are enough for every layout."""
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


@pytest.mark.parametrize(("layout", "smallest"), list(zip(LAYOUTS, (8, 2, 8, 4, 8), strict=True)))
def test_too_small_images(layout: str, smallest: int) -> None:
    with pytest.raises(
        InputError,
        match=rf"smallcnn takes images from {smallest}x{smallest} pixels .* "
        rf"these have {smallest - 1}x40",
    ):
        build(size=(smallest - 1, 40), layout=layout)
    size = (smallest, smallest)
    assert build(size=size, layout=layout)(images(1, size)).shape == (4, 6)
