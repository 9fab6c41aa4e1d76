"""The component ``mobilenetv2``; weight files are made here, nothing is fetched."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F
from torchvision.models import MobileNet_V2_Weights, mobilenet_v2

import neuplug
from neuplug import InputError, NeuplugError
from neuplug_mobilenetv2 import weights as weights_module
from neuplug_mobilenetv2.classifier import IMAGENET_MEAN, IMAGENET_STD


def build(
    classes: int = 6, in_chans: int = 3, size: tuple[int, int] = (48, 48), **options: Any
) -> nn.Module:
    return neuplug.load("mobilenetv2", **options).build(classes, in_chans, size)


def images(in_chans: int = 3, size: tuple[int, int] = (48, 48), n: int = 4) -> torch.Tensor:
    return torch.randn(n, in_chans, *size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("in_chans", [1, 3])
@pytest.mark.parametrize("size", [(28, 28), (37, 53), (64, 64), (64, 200)])
def test_logits_and_embeddings(in_chans: int, size: tuple[int, int]) -> None:
    net = build(5, in_chans, size).eval()
    batch = images(in_chans, size)
    logits, embeddings = net(batch), net.forward_features(batch)
    assert logits.shape == (4, 5)
    assert embeddings.shape == (4, 1280)
    assert torch.isfinite(logits).all()
    assert torch.isfinite(embeddings).all()
    assert torch.equal(net.classifier(embeddings), logits)


def test_it_is_torchvision_s_network() -> None:
    torch.manual_seed(0)
    theirs = mobilenet_v2(num_classes=6).eval()
    ours = build().eval()
    ours.load_state_dict(theirs.state_dict())
    assert torch.equal(ours(images()), theirs(images()))


@pytest.mark.parametrize("in_chans", [1, 3])
def test_every_parameter_gets_a_gradient(in_chans: int) -> None:
    net = build(in_chans=in_chans)
    F.cross_entropy(net(images(in_chans)), torch.tensor([0, 1, 2, 3])).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_the_seed_decides_the_weights() -> None:
    def parameters(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return nn.utils.parameters_to_vector(build(in_chans=1).parameters())

    assert torch.equal(parameters(3), parameters(3))
    assert not torch.equal(parameters(3), parameters(4))


def test_from_scratch_it_takes_grey_and_the_images_own_normalization() -> None:
    classifier = neuplug.load("mobilenetv2")
    assert classifier.channels == {1, 3}
    assert classifier.normalization is None


def test_width_mult() -> None:
    narrow, wide = build(width_mult=0.5), build(width_mult="1.4")
    assert sum(p.numel() for p in narrow.parameters()) < 0.5 * sum(
        p.numel() for p in wide.parameters()
    )
    assert wide.forward_features(images()).shape == (4, 1792)


def test_dropout() -> None:
    assert build(dropout=0.35).classifier[0].p == 0.35


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"width_mult": 0}, r"mobilenetv2\.width_mult = 0"),
        ({"dropout": -0.1}, r"mobilenetv2\.dropout = -0\.1"),
        ({"weight": "imagenet"}, r"no option 'weight'\. Did you mean weights\?"),
        ({"weights": "imagenett"}, r"weights = imagenett: there is no such file"),
        ({"weights": "imagenet", "width_mult": 0.5}, "weights=imagenet has width_mult=1 only"),
    ],
)
def test_bad_options(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        neuplug.load("mobilenetv2", **options)


def test_choosing_it_loads_no_torchvision() -> None:
    code = (
        "import sys, neuplug; neuplug.load('mobilenetv2').channels;"
        "sys.exit('torchvision' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Weights


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    """Random weights of torchvision's own network, for 1000 classes."""
    torch.manual_seed(5)
    return mobilenet_v2().state_dict()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Torch's hub folder, empty, and no way out."""

    def no_network(*_: object, **__: object) -> None:
        raise OSError("no network in this test")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr("torch.hub._hub_dir", None)
    monkeypatch.setattr("torch.hub.urlopen", no_network)
    return tmp_path / "torch" / "hub" / "checkpoints" / weights_module.IMAGENET_FILE


def same_features(net: nn.Module, state: dict[str, torch.Tensor]) -> bool:
    own = net.state_dict()
    return all(torch.equal(own[k], v) for k, v in state.items() if k.startswith("features."))


@pytest.mark.parametrize("kind", ["pth", "nested", "safetensors", "old"])
def test_weights_from_a_file(tmp_path: Path, state: dict[str, torch.Tensor], kind: str) -> None:
    file = tmp_path / ("w.safetensors" if kind == "safetensors" else "w.pth")
    if kind == "safetensors":
        save_file(state, file)
    elif kind == "nested":
        torch.save({"model": state, "epoch": 3}, file)
    elif kind == "old":  # without the counters that batch normalisation has had since 2018
        torch.save({k: v for k, v in state.items() if "num_batches" not in k}, file)
    else:
        torch.save(state, file)
    torch.manual_seed(0)
    net = build(weights=str(file))
    assert same_features(net, state)
    assert net(images()).shape == (4, 6)
    torch.manual_seed(0)
    assert torch.equal(net.classifier[1].weight, build().classifier[1].weight)  # a new head


def test_a_head_for_as_many_classes_is_kept(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    torch.save(state, tmp_path / "w.pth")
    net = build(1000, weights=str(tmp_path / "w.pth"))
    assert torch.equal(net.classifier[1].weight, state["classifier.1.weight"])


def test_a_file_without_a_head(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    torch.save({k: v for k, v in state.items() if "classifier" not in k}, tmp_path / "w.pth")
    assert same_features(build(weights=str(tmp_path / "w.pth")), state)


def test_pretrained_takes_rgb_normalised_as_imagenet(
    tmp_path: Path, state: dict[str, torch.Tensor]
) -> None:
    torch.save(state, tmp_path / "w.pth")
    classifier = neuplug.load("mobilenetv2", weights=str(tmp_path / "w.pth"))
    assert classifier.channels == {3}
    assert classifier.normalization == (IMAGENET_MEAN, IMAGENET_STD)
    preset = MobileNet_V2_Weights.IMAGENET1K_V2.transforms()
    assert (tuple(preset.mean), tuple(preset.std)) == classifier.normalization


def test_weights_of_another_width(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(InputError, match=r"features\.0\.0\.weight has the shape \(32, 3, 3, 3\)"):
        build(weights=str(tmp_path / "w.pth"), width_mult=0.5)


def test_weights_of_another_network(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    torch.save({"conv1.weight": torch.zeros(3)}, tmp_path / "other.pth")
    torch.save({**state, "extra": torch.zeros(3)}, tmp_path / "more.pth")
    with pytest.raises(InputError, match=r"other\.pth is of another network .* is missing"):
        build(weights=str(tmp_path / "other.pth"))
    with pytest.raises(InputError, match=r"more\.pth is of another network .* it has extra"):
        build(weights=str(tmp_path / "more.pth"))


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_a_file_that_holds_no_weights(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"these are no weights")
    with pytest.raises(InputError, match=f"{name} cannot be read as weights"):
        build(weights=str(tmp_path / name))


class Mischief:
    """Would leave a trace if a file's code were run."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.trace,))


def test_nothing_in_a_file_is_executed(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    torch.save({"features.0.0.weight": Mischief(trace)}, tmp_path / "w.pth")
    with pytest.raises(InputError, match="cannot be read as weights"):
        build(weights=str(tmp_path / "w.pth"))
    assert not trace.exists()


def test_a_whole_model_is_refused(tmp_path: Path) -> None:
    torch.save([torch.zeros(3)], tmp_path / "w.pth")
    with pytest.raises(InputError, match=r"holds no state_dict: save model\.state_dict\(\)"):
        build(weights=str(tmp_path / "w.pth"))


def test_imagenet_is_torchvision_s_file() -> None:
    url = MobileNet_V2_Weights.IMAGENET1K_V2.url
    assert url.rpartition("/")[2] == weights_module.IMAGENET_FILE


def test_imagenet_missing_says_where_to_put_it(hub: Path) -> None:
    with pytest.raises(InputError) as raised:
        neuplug.load("mobilenetv2", weights="imagenet")
    for part in (str(hub), "weights=PATH", "download=true"):
        assert part in str(raised.value)


def test_imagenet_that_cannot_be_fetched(hub: Path) -> None:
    with pytest.raises(NeuplugError) as raised:
        build(weights="imagenet", download="true")
    for part in ("no network in this test", str(hub), "weights=PATH"):
        assert part in str(raised.value)
    assert list(hub.parent.iterdir()) == []


def test_imagenet_from_the_hub_folder(
    hub: Path, state: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    # a stand-in for the published file, under the name that its own hash gives it
    hub.parent.mkdir(parents=True)
    torch.save(state, hub)
    digest = hashlib.sha256(hub.read_bytes()).hexdigest()[:8]
    hub = hub.rename(hub.with_name(f"mobilenet_v2-{digest}.pth"))
    monkeypatch.setattr(weights_module, "IMAGENET_FILE", hub.name)
    assert same_features(build(weights="imagenet"), state)

    hub.write_bytes(hub.read_bytes()[:-1] + b"\0x")
    with pytest.raises(InputError, match="is damaged: its SHA-256 begins with"):
        build(weights="imagenet")
