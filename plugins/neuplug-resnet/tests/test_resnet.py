"""The components ``resnet18``, ``resnet34`` and ``resnet50``: torchvision's networks, and the stem.

What holds for every classifier is in ``tests/standard/test_classifiers.py``; weights are tested
with the library ``neuplug-torchvision``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torchvision import models

import neuplug
from neuplug import InputError

LENGTHS = {"resnet18": 512, "resnet34": 512, "resnet50": 2048}


def build(
    name: str = "resnet18", size: tuple[int, int] = (32, 32), in_chans: int = 3, **options: Any
) -> nn.Module:
    return neuplug.load(name, **options).build(6, in_chans, size)


def images(size: tuple[int, int] = (32, 32), in_chans: int = 3) -> torch.Tensor:
    return torch.randn(2, in_chans, *size, generator=torch.Generator().manual_seed(1))


def maps(net: nn.Module, size: tuple[int, int]) -> list[tuple[int, int]]:
    """Height and width behind each of the four stages."""
    sizes: list[tuple[int, int]] = []
    for stage in (net.layer1, net.layer2, net.layer3, net.layer4):
        stage.register_forward_hook(lambda _, __, out: sizes.append(tuple(out.shape[2:])))
    net.eval()(images(size))
    return sizes


@pytest.mark.parametrize("name", LENGTHS)
def test_it_is_torchvision_s_network(name: str) -> None:
    torch.manual_seed(0)
    theirs = models.get_model(name, num_classes=6).eval()
    torch.manual_seed(0)
    ours = build(name, stem="imagenet").eval()
    assert torch.equal(ours(images()), theirs(images()))
    theirs.load_state_dict(ours.state_dict())
    embeddings = ours.forward_features(images())
    assert embeddings.shape == (2, LENGTHS[name])
    assert torch.equal(ours.fc(embeddings), ours(images()))


def test_the_stems() -> None:
    imagenet = build(size=(64, 48), stem="imagenet")
    assert imagenet.conv1.weight.shape == (64, 3, 7, 7)
    assert maps(imagenet, (64, 48)) == [(16, 12), (8, 6), (4, 3), (2, 2)]
    small = build(size=(64, 48), stem="small")
    assert small.conv1.weight.shape == (64, 3, 3, 3)
    assert maps(small, (64, 48)) == [(64, 48), (32, 24), (16, 12), (8, 6)]


@pytest.mark.parametrize(
    ("size", "kernel"), [((28, 28), 3), ((95, 200), 3), ((96, 96), 7), ((200, 200), 7)]
)
@pytest.mark.parametrize("in_chans", [1, 3])
def test_auto_looks_at_the_images(size: tuple[int, int], kernel: int, in_chans: int) -> None:
    first = build(size=size, in_chans=in_chans).conv1
    assert first.weight.shape == (64, in_chans, kernel, kernel)


def test_weights_decide_for_their_stem(tmp_path: Path) -> None:
    published, own = tmp_path / "published.pth", tmp_path / "own.pth"
    torch.save(models.resnet18().state_dict(), published)
    torch.save(build(stem="small").state_dict(), own)
    assert build(weights=str(published)).conv1.weight.shape == (64, 3, 7, 7)
    with pytest.raises(InputError, match=r"does not fit resnet18 with stem=auto: conv1\.weight"):
        build(weights=str(own))
    kept = build(weights=str(own), stem="small").state_dict()
    assert all(torch.equal(kept[k], v) for k, v in torch.load(own).items())


def test_dropout_acts_in_training_alone() -> None:
    net = build(dropout=0.5)
    net.layer4.eval()  # whatever normalisation does with two images, it does it twice
    torch.manual_seed(0)
    first = net(images())
    assert not torch.equal(first, net(images()))
    net.eval()
    assert torch.equal(net(images()), net(images()))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"stem": "tiny"}, r"resnet50\.stem = 'tiny'"),
        ({"dropout": 1}, r"resnet50\.dropout = 1"),
        ({"width_mult": 1}, r"resnet50 has no option 'width_mult'"),
        ({"weights": "imagenet", "stem": "small"}, "weights=imagenet has stem=imagenet only"),
    ],
)
def test_bad_options(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        neuplug.load("resnet50", **options)
