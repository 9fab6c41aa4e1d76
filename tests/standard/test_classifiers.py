"""What holds for every classifier that is installed, and for every network it can be told to be."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from neuplug_tests.bars import draw_bars
from torch import Tensor, nn
from torch.nn import functional as F

import neuplug
from neuplug import (
    Classifier,
    FitContext,
    HeldOutSet,
)
from neuplug.training.loop import fit_classifier
from neuplug.training.options import TrainingOptions

# Options that make another network than the default ones do at these sizes.
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("smallcnn", {"layout": "reser2020"}),
    ("smallcnn", {"layout": "edcgan2023"}),
    ("smallcnn", {"layout": "farhat"}),
    ("smallcnn", {"layout": "schlagenhauf2020"}),
    ("mobilenetv2", {"width_mult": 0.5}),
    ("resnet18", {"stem": "imagenet"}),
    ("vgg11", {"batch_norm": False}),
]
DEFAULTS: list[tuple[str, dict[str, Any]]] = [
    (provided.name, {}) for provided in neuplug.discover().of_kind("classifier")
]

every_network = pytest.mark.parametrize(
    ("name", "options"),
    DEFAULTS + VARIANTS,
    ids=lambda part: part if isinstance(part, str) else "-".join(map(str, part.values())),
)
# one side is odd, and none is a power of two
every_task = pytest.mark.parametrize(
    ("num_classes", "in_chans", "image_size"), [(2, 1, (32, 32)), (7, 3, (35, 52))]
)


def load(name: str, options: dict[str, Any]) -> Classifier:
    classifier = neuplug.load(name, **options)
    assert isinstance(classifier, Classifier)
    return classifier


def build(
    classifier: Classifier, num_classes: int, in_chans: int, size: tuple[int, int], seed: int = 0
) -> nn.Module:
    if in_chans not in classifier.channels:
        pytest.skip(f"takes {sorted(classifier.channels)} channels")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return classifier.build(num_classes, in_chans, size)


def images(in_chans: int, size: tuple[int, int]) -> Tensor:
    """Four normalised images, laid out as the training loop does."""
    batch = torch.randn(4, in_chans, *size, generator=torch.Generator().manual_seed(1))
    return batch.contiguous(memory_format=torch.channels_last)


def test_the_classifiers_of_this_repository_are_here() -> None:
    names = {name for name, _ in DEFAULTS}
    ours = {"smallcnn", "mobilenetv2", "resnet18", "resnet34", "resnet50", "vgg11", "vgg16"}
    assert ours <= names


@every_network
@every_task
def test_one_training_step_and_a_prediction(
    name: str,
    options: dict[str, Any],
    num_classes: int,
    in_chans: int,
    image_size: tuple[int, int],
) -> None:
    network = build(load(name, options), num_classes, in_chans, image_size)
    batch = images(in_chans, image_size)

    logits = network(batch)
    assert logits.shape == (4, num_classes)
    assert logits.dtype == torch.float32
    F.cross_entropy(logits, torch.arange(4) % num_classes).backward()
    for parameter_name, parameter in network.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all(), parameter_name
        assert parameter.grad.any(), parameter_name

    network.eval()
    with torch.no_grad():
        logits, embeddings = network(batch), network.forward_features(batch)
    assert logits.shape == (4, num_classes)
    assert torch.isfinite(logits).all()
    assert embeddings.shape[0] == 4 and embeddings.ndim == 2
    assert embeddings.dtype == torch.float32
    assert torch.isfinite(embeddings).all()
    assert embeddings.std(0).any()  # they tell images apart


@every_network
def test_the_weights_are_the_seed_s_and_can_be_stored(name: str, options: dict[str, Any]) -> None:
    classifier = load(name, options)
    in_chans = min(classifier.channels)
    batch = images(in_chans, (32, 32))

    def predict(network: nn.Module) -> Tensor:
        with torch.no_grad():
            return network.eval()(batch)

    first, again, other = (build(classifier, 3, in_chans, (32, 32), seed) for seed in (0, 0, 1))
    assert torch.equal(predict(first), predict(again))
    assert not torch.equal(predict(first), predict(other))
    other.load_state_dict(first.state_dict())
    assert torch.equal(predict(first), predict(other))


@every_network
def test_normalization_fits_the_channels(name: str, options: dict[str, Any]) -> None:
    classifier = load(name, options)
    assert classifier.channels <= {1, 3} and classifier.channels
    if classifier.normalization is not None:
        mean, std = classifier.normalization
        assert classifier.channels == {len(mean)} == {len(std)}
        assert all(0 <= m <= 1 for m in mean) and all(s > 0 for s in std)


@pytest.mark.parametrize("name", ["smallcnn", "mobilenetv2"])
def test_grey_is_repeated_only_where_a_network_needs_three(name: str) -> None:
    short, context = TrainingOptions(steps=2, batch=8), FitContext(torch.device("cpu"), 1)
    net: Any = neuplug.load(name)
    fitted, _ = fit_classifier(net, draw_bars(8, 0), short, context)
    assert fitted.channels == 1

    class NeedsThree(type(net)):  # type: ignore[misc]
        @property
        def channels(self) -> frozenset[int]:
            return frozenset({3})

    fitted, _ = fit_classifier(NeedsThree(net.options), draw_bars(8, 0), short, context)
    assert fitted.channels == 3
    assert fitted.predict(draw_bars(4, 1, HeldOutSet)).shape == (4, 2)
