"""The component ``mobilenetv2``: torchvision's network, and its own options.

What holds for every classifier is in ``tests/standard/test_classifiers.py``; weights are tested
with the library ``neuplug-torchvision``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models import mobilenet_v2

import neuplug
from neuplug import InputError


def build(
    classes: int = 6, in_chans: int = 3, size: tuple[int, int] = (48, 48), **options: Any
) -> nn.Module:
    return neuplug.load("mobilenetv2", **options).build(classes, in_chans, size)


def images(in_chans: int = 3, size: tuple[int, int] = (48, 48), n: int = 4) -> torch.Tensor:
    return torch.randn(n, in_chans, *size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("in_chans", [1, 3])
@pytest.mark.parametrize("size", [(28, 28), (64, 200)])
def test_any_size(in_chans: int, size: tuple[int, int]) -> None:
    net = build(5, in_chans, size).eval()
    batch = images(in_chans, size)
    embeddings = net.forward_features(batch)
    assert embeddings.shape == (4, 1280)
    assert torch.equal(net.classifier(embeddings), net(batch))


def test_it_is_torchvision_s_network() -> None:
    torch.manual_seed(0)
    theirs = mobilenet_v2(num_classes=6).eval()
    torch.manual_seed(0)
    ours = build(stem="imagenet").eval()
    assert torch.equal(ours(images()), theirs(images()))
    theirs.load_state_dict(ours.state_dict())


def test_width_mult() -> None:
    narrow, wide = build(width_mult=0.5), build(width_mult="1.4")
    assert sum(p.numel() for p in narrow.parameters()) < 0.5 * sum(
        p.numel() for p in wide.parameters()
    )
    assert wide.forward_features(images()).shape == (4, 1792)


def spared(net: nn.Module) -> nn.Conv2d:
    """The convolution that halves the image the third time, or would."""
    found = [layer for layer in net.features[2:5].modules() if isinstance(layer, nn.Conv2d)]
    return [layer for layer in found if layer.groups > 1][2]


def maps(net: nn.Module, size: tuple[int, int]) -> tuple[int, int]:
    height, width = net.eval().features(images(size=size)).shape[2:]
    return height, width


def test_the_stems() -> None:
    assert maps(build(stem="imagenet"), (64, 48)) == (2, 2)
    assert maps(build(stem="small"), (64, 48)) == (4, 3)


@pytest.mark.parametrize(
    ("size", "stride"), [((28, 28), 1), ((95, 200), 1), ((96, 96), 2), ((200, 200), 2)]
)
def test_auto_looks_at_the_images(size: tuple[int, int], stride: int) -> None:
    assert spared(build(size=size, in_chans=1)).stride == (stride, stride)


def test_weights_fit_either_stem_and_auto_takes_the_published_one(tmp_path: Path) -> None:
    file = tmp_path / "published.pth"
    torch.save(mobilenet_v2(num_classes=6).state_dict(), file)
    published, small = build(weights=str(file)), build(weights=str(file), stem="small")
    assert spared(published).stride == (2, 2)
    assert spared(small).stride == (1, 1)
    assert all(torch.equal(small.state_dict()[k], v) for k, v in torch.load(file).items())


def test_dropout() -> None:
    assert build(dropout=0.35).classifier[0].p == 0.35


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"width_mult": 0}, r"mobilenetv2\.width_mult = 0"),
        ({"stem": "tiny"}, r"mobilenetv2\.stem = 'tiny'"),
        ({"dropout": -0.1}, r"mobilenetv2\.dropout = -0\.1"),
        ({"weight": "imagenet"}, r"no option 'weight'\. Did you mean weights\?"),
        ({"weights": "imagenet", "width_mult": 0.5}, "weights=imagenet has width_mult=1 only"),
    ],
)
def test_bad_options(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        neuplug.load("mobilenetv2", **options)
