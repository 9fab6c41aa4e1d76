"""Weights for torchvision's networks; weight files are made here, nothing is fetched.

The components of the plugins that build on the library stand for it.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models

import neuplug
from neuplug import InputError, NeuplugError
from neuplug_torchvision.classifier import IMAGENET_MEAN, IMAGENET_STD
from neuplug_torchvision.layers import with_channels
from neuplug_torchvision.weights import SOURCE

State = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Case:
    """A component, and what torchvision calls its parts.

    Attributes:
        name: Of the component.
        builder: torchvision's name of the network.
        first: Weight of the first convolution.
        last: Weight of the last layer.
        another: Options that make a network of other weights.
    """

    name: str
    builder: str
    first: str
    last: str
    another: tuple[str, Any]


CASES = (
    Case(
        "mobilenetv2",
        "mobilenet_v2",
        "features.0.0.weight",
        "classifier.1.weight",
        ("width_mult", 0.5),
    ),
    Case("resnet18", "resnet18", "conv1.weight", "fc.weight", ("stem", "small")),
)

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)

PUBLISHED = [
    ("mobilenetv2", {}, "MobileNet_V2_Weights.IMAGENET1K_V2"),
    ("resnet18", {}, "ResNet18_Weights.IMAGENET1K_V1"),
    ("resnet34", {}, "ResNet34_Weights.IMAGENET1K_V1"),
    ("resnet50", {}, "ResNet50_Weights.IMAGENET1K_V2"),
    ("vgg11", {}, "VGG11_BN_Weights.IMAGENET1K_V1"),
    ("vgg11", {"batch_norm": False}, "VGG11_Weights.IMAGENET1K_V1"),
    ("vgg16", {}, "VGG16_BN_Weights.IMAGENET1K_V1"),
    ("vgg16", {"batch_norm": False}, "VGG16_Weights.IMAGENET1K_V1"),
]
every_published = pytest.mark.parametrize(("name", "options", "theirs"), PUBLISHED)


def build(case: Case, classes: int = 6, **options: Any) -> nn.Module:
    return neuplug.load(case.name, **options).build(classes, 3, (48, 48))


def images() -> torch.Tensor:
    return torch.randn(4, 3, 48, 48, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def state(case: Case) -> State:
    """Random weights of torchvision's own network, for 1000 classes."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return dict(models.get_model(case.builder).state_dict())


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Torch's hub folder, not there yet, and no way out."""

    def no_network(*_: object, **__: object) -> None:
        raise OSError("no network in this test")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr("torch.hub._hub_dir", None)
    monkeypatch.setattr("torch.hub.urlopen", no_network)
    return tmp_path / "torch" / "hub" / "checkpoints"


def same_body(case: Case, net: nn.Module, state: State) -> bool:
    """Whether all weights but the last layer's are those of the file."""
    own, head = net.state_dict(), case.last.removesuffix("weight")
    return all(torch.equal(own[k], v) for k, v in state.items() if not k.startswith(head))


# From a file


@every_case
@pytest.mark.parametrize("kind", ["pth", "nested", "safetensors", "old"])
def test_weights_from_a_file(tmp_path: Path, case: Case, state: State, kind: str) -> None:
    file = tmp_path / ("w.safetensors" if kind == "safetensors" else "w.pth")
    if kind == "safetensors":
        save_file(state, file)
    elif kind == "nested":
        torch.save({"model": state, "epoch": 3}, file)
    elif kind == "old":  # without the counters that batch normalisation has had since 2018
        torch.save({k: v for k, v in state.items() if "num_batches" not in k}, file)
    else:
        torch.save(state, file)
    neuplug.load(case.name, weights=str(file)).check_images(1, (48, 48))
    torch.manual_seed(0)
    net = build(case, weights=str(file))
    assert same_body(case, net, state)
    assert net(images()).shape == (4, 6)
    torch.manual_seed(0)
    without = build(case).state_dict()
    assert torch.equal(net.state_dict()[case.last], without[case.last])  # a new head


@every_case
def test_a_head_for_as_many_classes_is_kept(tmp_path: Path, case: Case, state: State) -> None:
    torch.save(state, tmp_path / "w.pth")
    net = build(case, 1000, weights=str(tmp_path / "w.pth"))
    assert torch.equal(net.state_dict()[case.last], state[case.last])
    theirs = models.get_model(case.builder)
    theirs.load_state_dict(state)
    assert torch.equal(net.eval()(images()), theirs.eval()(images()))


@every_case
def test_a_file_without_a_head(tmp_path: Path, case: Case, state: State) -> None:
    head = case.last.removesuffix("weight")
    torch.save({k: v for k, v in state.items() if not k.startswith(head)}, tmp_path / "w.pth")
    assert same_body(case, build(case, weights=str(tmp_path / "w.pth")), state)


@every_case
def test_weights_of_another_shape(tmp_path: Path, case: Case, state: State) -> None:
    torch.save(state, tmp_path / "w.pth")
    option, value = case.another
    with pytest.raises(InputError) as raised:
        build(case, weights=str(tmp_path / "w.pth"), **{option: value})
    shape = tuple(state[case.first].shape)
    for part in (f"{case.name} with {option}={value}", f"{case.first} has the shape {shape}"):
        assert part in str(raised.value)


@every_case
def test_weights_of_another_network(tmp_path: Path, case: Case, state: State) -> None:
    torch.save({"stem.weight": torch.zeros(3)}, tmp_path / "other.pth")
    torch.save({**state, "extra": torch.zeros(3)}, tmp_path / "more.pth")
    other, more = (
        rf"{n}\.pth belongs to another network than {case.name} " for n in ("other", "more")
    )
    with pytest.raises(InputError, match=other + r".* is missing"):
        build(case, weights=str(tmp_path / "other.pth"))
    with pytest.raises(InputError, match=more + r".* it has extra"):
        build(case, weights=str(tmp_path / "more.pth"))


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_a_file_that_holds_no_weights(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"these are no weights")
    classifier = neuplug.load(CASES[0].name, weights=str(tmp_path / name))
    for refuse in (classifier.check_images, partial(classifier.build, 6)):
        with pytest.raises(InputError, match=f"{name} cannot be read as weights"):
            refuse(3, (48, 48))


def test_a_whole_model_is_refused(tmp_path: Path) -> None:
    torch.save([torch.zeros(3)], tmp_path / "w.pth")
    with pytest.raises(InputError, match=r"holds no state_dict: save model\.state_dict\(\)"):
        build(CASES[0], weights=str(tmp_path / "w.pth"))


@every_case
def test_a_file_that_is_not_there(case: Case) -> None:
    sentence = rf"{case.name}\.weights = imagenett: there is no such file"
    with pytest.raises(InputError, match=sentence):
        neuplug.load(case.name, weights="imagenett")


# ImageNet's


@every_published
def test_imagenet_is_torchvision_s_file(name: str, options: dict[str, Any], theirs: str) -> None:
    published = neuplug.load(name, **options).options.published()
    assert SOURCE + published == models.get_weight(theirs).url


@every_published
def test_pretrained_takes_rgb_normalised_as_imagenet(
    tmp_path: Path, name: str, options: dict[str, Any], theirs: str
) -> None:
    (tmp_path / "w.pth").touch()
    classifier = neuplug.load(name, weights=str(tmp_path / "w.pth"), **options)
    assert classifier.channels == {3}
    assert classifier.normalization == (IMAGENET_MEAN, IMAGENET_STD)
    preset = models.get_weight(theirs).transforms()
    assert (tuple(preset.mean), tuple(preset.std)) == classifier.normalization


@every_published
def test_from_scratch_it_takes_grey_and_the_images_own_normalization(
    name: str, options: dict[str, Any], theirs: str
) -> None:
    classifier = neuplug.load(name, **options)
    assert classifier.channels == {1, 3}
    assert classifier.normalization is None


@every_published
def test_imagenet_missing_says_where_to_put_it(
    hub: Path, name: str, options: dict[str, Any], theirs: str
) -> None:
    with pytest.raises(InputError) as raised:
        neuplug.load(name, weights="imagenet", **options)
    file = models.get_weight(theirs).url.rpartition("/")[2]
    for part in (f"{name}.weights", str(hub / file), "weights=PATH", "download=true"):
        assert part in str(raised.value)


@every_case
def test_imagenet_that_cannot_be_fetched(hub: Path, case: Case) -> None:
    # a plan fetches nothing, so that it has nothing to check yet
    neuplug.load(case.name, weights="imagenet", download="true").check_images(1, (48, 48))
    with pytest.raises(NeuplugError) as raised:
        build(case, weights="imagenet", download="true")
    for part in ("no network in this test", str(hub), f"{case.name}.weights=PATH"):
        assert part in str(raised.value)
    assert list(hub.iterdir()) == []


@every_case
def test_imagenet_from_the_hub_folder(
    hub: Path, case: Case, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a stand-in for the published file, under the name that its own hash gives it
    hub.mkdir(parents=True)
    torch.save(state, hub / "w.pth")
    digest = hashlib.sha256((hub / "w.pth").read_bytes()).hexdigest()[:8]
    file = (hub / "w.pth").rename(hub / f"{case.builder}-{digest}.pth")
    monkeypatch.setattr(type(neuplug.load(case.name).options), "imagenet", file.name)
    assert same_body(case, build(case, weights="imagenet"), state)

    file.write_bytes(file.read_bytes()[:-1] + b"\0x")
    with pytest.raises(InputError, match="is damaged: its SHA-256 begins with"):
        build(case, weights="imagenet")


# Light until used, and grey images


@pytest.mark.parametrize("name", ["mobilenetv2", "resnet50", "vgg16"])
def test_choosing_it_loads_no_torchvision(name: str) -> None:
    code = (
        f"import sys, neuplug; neuplug.load({name!r}).channels;"
        "sys.exit('torchvision' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_first_convolution_for_grey_images() -> None:
    rgb = nn.Conv2d(3, 64, (7, 5), stride=(2, 1), padding=(3, 2))
    assert with_channels(rgb, 3) is rgb
    grey = with_channels(rgb, 1)
    assert grey.weight.shape == (64, 1, 7, 5)
    picture = torch.zeros(1, 1, 20, 30)
    assert grey(picture).shape == rgb(picture.expand(-1, 3, -1, -1)).shape
    assert not grey(picture).any()  # no bias
    # He et al.: 2 over the number of connections of an input
    assert grey.weight.var().item() == pytest.approx(2 / (64 * 7 * 5), rel=0.1)
