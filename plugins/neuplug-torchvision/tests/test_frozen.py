"""``freeze``: the last layer alone is trained, on the features of the given weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import neuplug
from neuplug import FitContext, InputError, TrainingOptions
from neuplug_torchvision.classifier import TorchvisionClassifier
from neuplug_torchvision.options import PretrainedOptions

CPU = torch.device("cpu")
# Component, what makes it small, and how the names of its last layer begin
CASES = [
    ("mobilenetv2", {"width_mult": 0.25}, "classifier."),
    ("resnet18", {"stem": "imagenet"}, "fc."),
    ("vgg11", {"head": "small", "batch_norm": False}, "classifier."),
]


def a_set(n: int = 12) -> neuplug.TrainingSet:
    images = torch.randint(0, 256, (n, 1, 32, 32), dtype=torch.uint8)
    images[::2] //= 2
    return neuplug.training_set(images, ["dark", "bright"] * (n // 2))


def weights_of(name: str, options: dict[str, Any], file: Path) -> dict[str, torch.Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        state = neuplug.load(name, **options).build(7, 3, (32, 32)).state_dict()
    torch.save(state, file)
    return state


every_case = pytest.mark.parametrize(("name", "options", "head"), CASES, ids=[c[0] for c in CASES])


@every_case
def test_the_head_alone_learns(
    tmp_path: Path, name: str, options: dict[str, Any], head: str
) -> None:
    weights_of(name, options, tmp_path / "w.pth")
    frozen = neuplug.load(name, weights=str(tmp_path / "w.pth"), freeze="true", **options)
    frozen.check_images(1, (32, 32))
    net = frozen.build(2, 3, (32, 32)).eval()
    learning = {key for key, parameter in net.named_parameters() if parameter.requires_grad}
    assert learning == {key for key in net.state_dict() if key.startswith(head)}
    batch = torch.randn(3, 3, 32, 32)
    assert torch.equal(net.forward_head(net.forward_features(batch)), net(batch))


@pytest.mark.parametrize("case", [0, 1], ids=["mobilenetv2", "resnet18"])
@pytest.mark.parametrize("online", [False, True])
def test_nothing_else_changes(tmp_path: Path, case: int, online: bool) -> None:
    name, options, head = CASES[case]
    given = weights_of(name, options, tmp_path / "w.pth")
    frozen = neuplug.load(name, weights=str(tmp_path / "w.pth"), freeze=True, **options)
    before = neuplug.load(name, weights=str(tmp_path / "w.pth"), **options)
    with neuplug.seeded(1, CPU):
        fresh = before.build(2, 3, (32, 32)).state_dict()
    fitted, _ = neuplug.fit_classifier(
        frozen, a_set(), TrainingOptions(steps=3, batch=4), FitContext(CPU, 1),
        augmenter=neuplug.load("flip") if online else None,
    )  # fmt: skip
    state = fitted.module.state_dict()
    for key, tensor in given.items():
        if not key.startswith(head):
            assert torch.equal(state[key], tensor), key
        else:
            assert not torch.equal(state[key], fresh[key]), key


def test_without_weights_there_is_nothing_to_freeze() -> None:
    for name, _, _ in CASES:
        with pytest.raises(InputError, match=rf"{name}: freeze=true .* give weights=imagenet or"):
            neuplug.load(name, freeze=True)


class Headless(nn.Module):
    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.features = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(4, num_classes)

    def forward_features(self, images: torch.Tensor) -> Any:
        return self.features(images).mean((2, 3))

    def forward(self, images: torch.Tensor) -> Any:
        return self.fc(self.forward_features(images))


class HeadlessOptions(PretrainedOptions):
    component = "headless"
    imagenet = "headless-00000000.pth"


class HeadlessClassifier(TorchvisionClassifier):
    options_class = HeadlessOptions
    head = "fc."

    def network(self, num_classes: int, in_chans: int, image_size: tuple[int, int]) -> nn.Module:
        return Headless(num_classes)


def test_a_network_without_forward_head_has_no_freeze(tmp_path: Path) -> None:
    file = tmp_path / "w.pth"
    torch.save(Headless(2).state_dict(), file)
    options = HeadlessOptions.parse({"weights": str(file), "freeze": True}, "headless")
    for refuse in (HeadlessClassifier.check_images, HeadlessClassifier.build):
        arguments = (3, (32, 32)) if refuse is HeadlessClassifier.check_images else (2, 3, (32, 32))
        with pytest.raises(InputError, match=r"headless has no freeze: .* no method forward_head"):
            refuse(HeadlessClassifier(options), *arguments)  # type: ignore[operator]
