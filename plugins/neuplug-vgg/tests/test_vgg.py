"""The components ``vgg11`` and ``vgg16``: torchvision's networks, and the two heads.

What holds for every classifier is in ``tests/standard/test_classifiers.py``; weights are tested
with the library ``neuplug-torchvision``. The full head has 120 million weights and takes its time,
so it is built as seldom as possible.
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

NAMES = ("vgg11", "vgg16")


def build(
    name: str = "vgg11",
    size: tuple[int, int] = (32, 32),
    classes: int = 6,
    in_chans: int = 3,
    **options: Any,
) -> nn.Module:
    return neuplug.load(name, **options).build(classes, in_chans, size)


def images(size: tuple[int, int] = (32, 32), in_chans: int = 3) -> torch.Tensor:
    return torch.randn(2, in_chans, *size, generator=torch.Generator().manual_seed(1))


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("name", "widths"),
    [
        ("vgg11", [64, 128, 256, 256, 512, 512, 512, 512]),
        ("vgg16", [64, 64, 128, 128, 256, 256, 256, *[512] * 6]),
    ],
)
@pytest.mark.parametrize("in_chans", [1, 3])
def test_the_convolutions_are_those_of_the_paper(
    name: str, widths: list[int], in_chans: int
) -> None:
    net = build(name, in_chans=in_chans, batch_norm=False)
    inputs = [in_chans, *widths[:-1]]
    expected = sum(9 * a * b + b for a, b in zip(inputs, widths, strict=True))
    assert count(net.features) == expected
    normalised = build(name, in_chans=in_chans)
    assert count(normalised.features) == expected + 2 * sum(widths)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("batch_norm", [True, False])
def test_the_full_head_is_torchvision_s(name: str, batch_norm: bool) -> None:
    with torch.device("meta"):  # shapes alone
        theirs = models.get_model(f"{name}_bn" if batch_norm else name, num_classes=6)
        ours = build(name, head="full", batch_norm=batch_norm)
    shapes = [{k: v.shape for k, v in net.state_dict().items()} for net in (ours, theirs)]
    assert shapes[0] == shapes[1]
    assert count(ours.classifier) == (25088 * 4096 + 4096) + (4096 * 4096 + 4096) + (4096 * 6 + 6)


def test_it_is_torchvision_s_network() -> None:
    ours = build(head="full", batch_norm=False).eval()
    with torch.device("meta"):
        theirs = models.vgg11(num_classes=6).eval()
    theirs.load_state_dict(ours.state_dict(), assign=True)
    with torch.no_grad():
        assert torch.equal(ours(images()), theirs(images()))
        embeddings = ours.forward_features(images())
        assert embeddings.shape == (2, 4096)
        assert torch.equal(ours.classifier[-1](embeddings), ours(images()))
    for layer in (0, 3, 6):
        assert ours.classifier[layer].weight.std().item() == pytest.approx(0.01, rel=0.05)


def test_the_small_head_is_one_layer_on_the_mean() -> None:
    net = build(size=(64, 48)).eval()
    assert count(net.classifier) == 512 * 6 + 6
    maps = net.features(images((64, 48)))
    embeddings = net.forward_features(images((64, 48)))
    assert maps.shape == (2, 512, 2, 1)
    assert torch.allclose(embeddings, maps.mean((2, 3)))
    assert torch.equal(net.classifier(embeddings), net(images((64, 48))))


@pytest.mark.parametrize(("size", "full"), [((32, 32), 0), ((223, 400), 0), ((224, 224), 1)])
def test_auto_looks_at_the_images(size: tuple[int, int], full: bool) -> None:
    with torch.device("meta"):
        assert (count(build(size=size).classifier) > 1e8) == full


@pytest.mark.parametrize("name", NAMES)
def test_without_normalisation_the_signal_survives_all_layers(name: str) -> None:
    """With torch's own initialisation of convolutions it fades to a thousandth or less."""
    torch.manual_seed(0)
    net = build(name, size=(64, 64), batch_norm=False)
    with torch.no_grad():
        assert 0.1 < net.features(images((64, 64))).std() < 10
        for layer in net.features:
            if isinstance(layer, nn.Conv2d):
                layer.reset_parameters()
        assert net.features(images((64, 64))).std() < 0.02


def test_weights_for_either_head(tmp_path: Path) -> None:
    with torch.device("meta"):
        shapes = {k: v.shape for k, v in models.vgg11(num_classes=1000).state_dict().items()}
    # each one number, repeated: as large as the published file, but not on the disk
    state = {
        name: torch.tensor(0.001 * i).expand(shape)
        for i, (name, shape) in enumerate(shapes.items())
    }
    file = tmp_path / "w.pth"
    torch.save(state, file)
    options = {"weights": str(file), "batch_norm": False}
    full = build(**options).state_dict()
    assert full["classifier.6.weight"].shape == (6, 4096)
    assert all(torch.equal(full[k], v) for k, v in state.items() if "classifier.6" not in k)

    small = build(head="small", **options)
    assert count(small.classifier) == 512 * 6 + 6
    body = small.features.state_dict(prefix="features.")
    assert all(torch.equal(state[k], v) for k, v in body.items())

    with pytest.raises(
        InputError, match=r"than vgg11 with batch_norm=true, head=small: features\.1"
    ):
        build(weights=str(file), head="small")


def test_a_small_head_of_one_s_own_is_kept(tmp_path: Path) -> None:
    torch.save(build().state_dict(), tmp_path / "w.pth")
    net = build(weights=str(tmp_path / "w.pth"), head="small")
    kept = torch.load(tmp_path / "w.pth")
    assert all(torch.equal(kept[k], v) for k, v in net.state_dict().items())
    with pytest.raises(InputError, match=r"head=auto: classifier\.0\.weight is missing"):
        build(weights=str(tmp_path / "w.pth"))


def test_dropout() -> None:
    def shares(head: str) -> list[float]:
        with torch.device("meta"):
            net = build(head=head, dropout=0.3)
        return [m.p for m in net.modules() if isinstance(m, nn.Dropout)]

    assert shares("full") == [0.3, 0.3]
    assert shares("small") == [0.3]


@pytest.mark.parametrize("name", NAMES)
def test_too_small_images(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} takes images from 32x32 .* these have 31x40"):
        build(name, size=(31, 40))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"head": "large"}, r"vgg16\.head = 'large'"),
        ({"batch_norm": "perhaps"}, r"vgg16\.batch_norm = 'perhaps'"),
        ({"dropout": 1}, r"vgg16\.dropout = 1"),
        ({"batchnorm": False}, r"vgg16 has no option 'batchnorm'\. Did you mean batch_norm\?"),
    ],
)
def test_bad_options(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        neuplug.load("vgg16", **options)
