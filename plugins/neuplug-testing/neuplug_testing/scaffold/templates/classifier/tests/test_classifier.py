"""What the component does; what every classifier owes is in ``test_laws.py``."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import neuplug


def build(size: tuple[int, int] = (32, 32), **options: Any) -> nn.Module:
    classifier = neuplug.load("THE_NAME", **options)
    assert isinstance(classifier, neuplug.Classifier)
    return classifier.build(5, 1, size).eval()


def test_each_block_doubles_the_width() -> None:
    net = build(channels=4, blocks=2)
    widths = [m.out_channels for m in net.modules() if isinstance(m, nn.Conv2d)]
    assert widths == [4, 8]


def test_the_embedding_is_what_the_last_layer_sees() -> None:
    net, images = build(channels=4), torch.rand(3, 1, 32, 32)
    embeddings = net.get_submodule("features")(images)
    assert embeddings.shape == (3, 16)
    assert torch.equal(net.get_submodule("head")(embeddings), net(images))


def test_too_small_images_are_refused_with_what_to_do() -> None:
    with pytest.raises(neuplug.InputError, match=r"16 pixels.* have 8x40: choose fewer blocks"):
        build(size=(8, 40), blocks=4)
