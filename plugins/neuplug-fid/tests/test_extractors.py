"""torch-fidelity's extractors in ``fid``: the same numbers as its own command, from local files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch_fidelity
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn
from torch_fidelity import feature_extractor_clip
from torch_fidelity.feature_extractor_base import FeatureExtractorBase
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY as REGISTRY

import neuplug
from neuplug import Evaluation, EvaluationContext, HeldOutSet, ImageSet, InputError, TrainingSet
from neuplug.storage.store import cache_dir

from .flat import numbers

INCEPTION = "inception-v3-compat"
N = 6


def noise(n: int, channels: int, seed: int, high: int = 255, side: int = 20) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, high, (n, channels, side, side), dtype=torch.uint8, generator=rng)


def patterns() -> Tensor:
    """Black, white, stripes either way, and two more black ones: six grey images of 20x20."""
    images = torch.zeros(6, 1, 20, 20, dtype=torch.uint8)
    images[1] = 255
    images[2] = (torch.arange(20) // 2 % 2 * 255).to(torch.uint8)
    images[3] = images[2].transpose(1, 2)
    return images


def evaluate(folder: Path, generated: Tensor, real: Tensor, **options: Any) -> Evaluation:
    def a_set(kind: type[ImageSet], images: Tensor) -> Any:
        ids = tuple(f"{i:03d}" for i in range(len(images)))
        return kind(images, torch.zeros(len(images), dtype=torch.int64), ("crazing",), ids)

    context = EvaluationContext(
        train=a_set(TrainingSet, real),
        test=a_set(HeldOutSet, real),
        generated=a_set(ImageSet, generated),
        logits=None,
        device=torch.device("cpu"),
        seed=1,
        folder=folder,
    )
    evaluator = neuplug.load("fid", kid_per_class=False, **options)
    assert isinstance(evaluator, neuplug.Evaluator)
    return evaluator.evaluate(context)


@pytest.fixture(autouse=True)
def empty_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees the weights and the features that the machine may have."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("NEUPLUG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "torch" / "hub"


class Unloaded(FeatureExtractorInceptionV3):  # type: ignore[misc]
    """The network before its weights."""

    def load_state_dict(self, *_: Any, **__: Any) -> None:  # type: ignore[override]
        pass


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of random weights that keep the signal alive through all the layers."""
    file = tmp_path_factory.mktemp("weights") / "random.pth"
    torch.save({}, file)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Unloaded(INCEPTION, ["2048"], feature_extractor_weights_path=file)
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        network.fc.weight.mul_(10)  # or every image would have all classes alike
    torch.save(network.state_dict(), file)
    return file


def save_pngs(images: Tensor, folder: Path) -> str:
    folder.mkdir()
    for i, image in enumerate(images):
        Image.fromarray(np.asarray(image[0])).save(folder / f"{i:03d}.png")
    return str(folder)


@pytest.mark.slow
def test_the_numbers_of_the_fidelity_command(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Grey images and their PNG files give the same numbers.

    On 2048 features torch-fidelity takes a minute for FID, so it is compared on 768.
    """
    generated, real = patterns(), noise(N, 1, 2, high=200)
    generated[4:] = real[4:]
    state = torch.get_rng_state()
    wanted = torch_fidelity.calculate_metrics(
        input1=save_pngs(generated, tmp_path / "generated"),
        input2=save_pngs(real, tmp_path / "real"),
        feature_extractor=INCEPTION,
        feature_extractor_weights_path=str(weights),
        feature_layer_fid="768",
        **{"fid": True, "kid": True, "prc": True},
        **{"kid_subset_size": N},
        **{"cuda": False, "cache": False, "save_cpu_ram": True, "verbose": False},
    )
    capfd.readouterr()
    torch.set_rng_state(state)
    options: dict[str, Any] = {"extractor": INCEPTION, "weights": weights, "halvings": 0}
    found = evaluate(tmp_path, generated, real, **options)
    short = evaluate(tmp_path, generated, real, layer="768", kid=False, prc=False, **options)
    assert "".join(capfd.readouterr()) == ""
    assert torch.equal(torch.get_rng_state(), state)

    def same(ours: float, theirs: str) -> bool:
        return ours == pytest.approx(wanted[theirs], rel=1e-4)

    assert wanted["frechet_inception_distance"] > 1e-3
    assert 0 < wanted["precision"] < 1
    assert same(numbers(short)[f"frechet[{INCEPTION}:768]"], "frechet_inception_distance")
    assert same(numbers(found)["kid"], "kernel_inception_distance_mean")
    assert same(numbers(found)[f"precision[{INCEPTION}]"], "precision")
    assert same(numbers(found)[f"recall[{INCEPTION}]"], "recall")
    assert numbers(found)["fid"] > 0
    assert "fid" not in numbers(short)
    assert any("does not hold the published weights" in w for w in found.warnings)


class Tiny(FeatureExtractorBase):  # type: ignore[misc]
    """An extractor of another's making that counts the images it has seen."""

    seen = 0

    def __init__(
        self, name: str, features_list: list[str], feature_extractor_weights_path: str, **_: Any
    ) -> None:
        super().__init__(name, features_list)
        self.matrix = nn.Parameter(torch.zeros(3, 8))
        self.load_state_dict(torch.load(feature_extractor_weights_path, weights_only=True))

    @staticmethod
    def get_provided_features_list() -> tuple[str, ...]:
        return ("tiny",)

    @staticmethod
    def get_default_feature_layer_for_metric(metric: str) -> str:
        return "tiny"

    def forward(self, images: Tensor) -> tuple[Tensor]:
        assert images.dtype == torch.uint8
        assert images.shape[1] == 3
        Tiny.seen += len(images)
        return ((images.float() / 255).flatten(2).std(2) @ self.matrix,)


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    monkeypatch.setitem(REGISTRY, "tiny", Tiny)
    matrix = torch.randn(3, 8, generator=torch.Generator().manual_seed(0))
    torch.save({"matrix": matrix}, tmp_path / "tiny.pth")
    Tiny.seen = 0
    yield {"extractor": "tiny", "weights": tmp_path / "tiny.pth"}


def test_real_features_are_computed_once(tiny: dict[str, Any], tmp_path: Path) -> None:
    real = noise(10, 1, 1)
    first = evaluate(tmp_path, noise(6, 1, 2), real, **tiny)
    assert Tiny.seen == 16
    again = evaluate(tmp_path, noise(6, 1, 2), real, **tiny)
    assert Tiny.seen == 16 + 6
    assert numbers(again) == numbers(first)
    evaluate(tmp_path, noise(6, 1, 2), noise(10, 1, 3), **tiny)  # other images
    assert Tiny.seen == 22 + 16
    torch.save({"matrix": torch.ones(3, 8)}, tiny["weights"])
    evaluate(tmp_path, noise(6, 1, 2), real, **tiny)  # other weights
    assert Tiny.seen == 38 + 16


@pytest.mark.parametrize("damage", ["cut", "flipped", "other"])
def test_damaged_features_are_computed_again(
    damage: str, tiny: dict[str, Any], tmp_path: Path
) -> None:
    first = evaluate(tmp_path, noise(6, 1, 2), noise(10, 1, 1), **tiny)
    (file,) = (cache_dir() / "features").iterdir()
    content = file.read_bytes()
    bad = {
        "cut": content[:-20],
        "flipped": content[:-1] + bytes([content[-1] ^ 1]),
        "other": b"something else",
    }
    file.write_bytes(bad[damage])
    again = evaluate(tmp_path, noise(6, 1, 2), noise(10, 1, 1), **tiny)
    assert numbers(again) == numbers(first)
    assert Tiny.seen == 32
    assert file.read_bytes() == content


def test_grey_is_rgb_with_equal_channels(tiny: dict[str, Any], tmp_path: Path) -> None:
    generated, real = noise(6, 1, 2), noise(10, 1, 1)
    grey = numbers(evaluate(tmp_path, generated, real, **tiny))
    colour = generated.repeat(1, 3, 1, 1), real.repeat(1, 3, 1, 1)
    rgb = numbers(evaluate(tmp_path, *colour, batch_size=4, **tiny))
    assert grey == pytest.approx(rgb, rel=1e-5)
    assert set(grey) >= {"frechet[tiny]", "kernel[tiny]", "precision[tiny]", "recall[tiny]"}


def check(**options: Any) -> None:
    """What a run asks before anything is trained."""
    neuplug.load("fid", **options).check_images(1, (20, 20))


@pytest.mark.parametrize("name", [n for n in sorted(REGISTRY) if not n.startswith("dinov2")])
def test_missing_weights_are_named(name: str, empty_hub: Path) -> None:
    with pytest.raises(InputError) as raised:
        check(extractor=name)
    text = str(raised.value)
    assert str(empty_hub / "checkpoints") in text
    assert "Fetch https://" in text
    assert "--set fid.weights=PATH" in text
    assert "SHA-256 begins with" in text


@pytest.mark.parametrize("name", ["dinov2-vit-s-14", "vgg"])
def test_an_extractor_that_does_not_exist(name: str, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=rf"{name}.*no such extractor.*classifier, .*vgg16"
    ) as said:
        check(extractor=name)
    assert "dinov2" not in str(said.value).partition("There are:")[2]
    with pytest.raises(InputError, match="no such extractor"):
        evaluate(tmp_path, noise(N, 3, 1), noise(N, 3, 2), extractor=name)


def test_the_published_file_by_name(empty_hub: Path) -> None:
    with pytest.raises(InputError, match=r"weights-inception-2015-12-05-6726825d\.pth are not .*"):
        check(extractor=INCEPTION)
    file = empty_hub / "checkpoints" / "weights-inception-2015-12-05-6726825d.pth"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"half a file")
    with pytest.raises(InputError, match=r"is damaged: its SHA-256 does not begin with 6726825d"):
        check(extractor=INCEPTION)


@pytest.mark.parametrize("name", [INCEPTION, "clip-vit-b-32"])
def test_weights_of_another_network(name: str, tmp_path: Path) -> None:
    file = tmp_path / "some.pth"
    torch.save(nn.Linear(2, 2).state_dict(), file)
    with pytest.raises(InputError, match=rf"some\.pth does not hold the weights of {name}: "):
        check(extractor=name, weights=str(file))


def test_a_weights_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"fid\.weights = .*nowhere\.pth: there is no file of that"
    ):
        check(extractor=INCEPTION, weights=str(tmp_path / "nowhere.pth"))


def test_a_layer_that_is_not_there(weights: Path) -> None:
    with pytest.raises(InputError, match=r"has the layers 64, 192, 768, 2048"):
        check(extractor=INCEPTION, weights=weights, layer="2047")


class Holder(nn.Module):
    """Tensors under the names that CLIP's file has."""

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        super().__init__()
        for name, tensor in tensors.items():
            *path, last = name.split(".")
            place: nn.Module = self
            for part in path:
                if not hasattr(place, part):
                    place.add_module(part, nn.Module())
                place = getattr(place, part)
            place.register_buffer(last, tensor)

    def forward(self, x: Tensor) -> Tensor:
        return x


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_clip_from_a_torchscript_file_of_known_hash_and_from_tensors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vision transformer of one block, in the format of CLIP's own files and as tensors."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        visual = feature_extractor_clip.CLIPVisual(16, 32, 1, 64, 16)
    named = {f"visual.{name}": tensor for name, tensor in visual.visual.state_dict().items()}
    tensors = {**named, "text_projection": torch.zeros(4, 16)}
    torch.jit.script(Holder(tensors)).save(tmp_path / "clip.pt")
    save_file(tensors, tmp_path / "clip.safetensors")

    def distance(file: str) -> float:
        options = {"extractor": "clip-vit-b-32", "weights": tmp_path / file}
        check(**options)
        generated, real = noise(N, 3, 1), noise(N, 3, 2, high=90)
        return numbers(evaluate(tmp_path, generated, real, **options))["frechet[clip-vit-b-32]"]

    with pytest.raises(InputError, match=r"clip\.pt cannot be read as weights"):
        check(extractor="clip-vit-b-32", weights=tmp_path / "clip.pt")
    known = hashlib.sha256((tmp_path / "clip.pt").read_bytes()).hexdigest()
    monkeypatch.setitem(feature_extractor_clip.MODEL_METADATA["clip-vit-b-32"], "hash", known)
    assert distance("clip.pt") == distance("clip.safetensors") > 0
    monkeypatch.setitem(feature_extractor_clip.MODEL_METADATA["clip-vit-b-32"], "hash", known[:8])
    with pytest.raises(InputError, match=r"clip\.pt cannot be read as weights"):
        check(extractor="clip-vit-b-32", weights=tmp_path / "clip.pt")
