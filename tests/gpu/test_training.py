"""Captured steps and the training of classifiers on a GPU: the same numbers as without a graph."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from neuplug_tests.bars import draw_bars
from torch import Tensor, nn
from torch.nn import functional as F

import neuplug
import neuplug.training.loop as training
from neuplug import Augmenter, Classifier, FitContext, HeldOutSet, Mixer, TrainingOptions
from neuplug.storage.store import StoredCheckpoint

GPU = torch.device("cuda", 0)


def context(device: torch.device = GPU, **changes: Any) -> FitContext:
    return FitContext(**{"device": device, "seed": 1, "name": "net on bars", **changes})


def options(**changes: Any) -> TrainingOptions:
    return TrainingOptions(**{"steps": 60, "batch": 8, "precision": "fp32", **changes})


def training_step(generator: torch.Generator) -> Any:
    """A step with noise, dropout and an optimiser of its own."""
    torch.manual_seed(3)
    network = nn.Sequential(nn.Linear(8, 16), nn.Dropout(0.5), nn.Linear(16, 1)).to(GPU)
    rate = torch.tensor(0.1, device=GPU)
    optimizer = torch.optim.Adam(network.parameters(), rate, fused=True, capturable=True)

    def step(images: Tensor) -> Tensor:
        noise = torch.randn(images.shape, device=GPU, generator=generator)
        optimizer.zero_grad(set_to_none=True)
        loss = network(images + noise).square().mean()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def losses(graph: bool) -> list[float]:
    generator = torch.Generator(GPU).manual_seed(5)
    step = training_step(generator)
    if graph:
        step = neuplug.captured(step, GPU, [generator])
    images = torch.randn(12, 4, 8, generator=torch.Generator().manual_seed(7)).to(GPU)
    torch.manual_seed(9)
    return [float(step(batch)) for batch in images]


def test_a_captured_step_does_what_it_does_as_written() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        found = losses(graph=True)
    assert found == pytest.approx(losses(graph=False), rel=1e-5)
    assert len(set(found)) == 12


@pytest.mark.parametrize("late", [False, True])
def test_a_generator_goes_on_where_its_state_says(late: bool) -> None:
    generator = torch.Generator(GPU).manual_seed(5)
    draw = neuplug.captured(
        lambda: torch.rand(4, device=GPU, generator=generator), GPU, [generator]
    )
    for _ in range(6 if late else 1):
        draw()
    state = generator.get_state()
    first = [draw().clone() for _ in range(4)]
    generator.set_state(state)
    assert torch.equal(torch.stack(first), torch.stack([draw().clone() for _ in range(4)]))


def test_what_cannot_be_captured_goes_on_as_written() -> None:
    dropout = nn.Dropout(0.5)

    def step(images: Tensor) -> Tensor:
        kept = dropout(images)
        return kept + float(kept.sum())  # waits for the GPU, which no graph can

    images = torch.ones(64, device=GPU)
    careful = neuplug.captured(step, GPU)
    with pytest.warns(UserWarning, match="run without a CUDA graph"):
        found = [careful(images).clone() for _ in range(6)]
    assert len({float(values.sum()) for values in found}) > 1
    state = torch.cuda.get_rng_state(GPU)
    again = dropout(images)
    torch.cuda.set_rng_state(state, GPU)
    assert torch.equal(again, dropout(images))


def network(name: str, capturable: bool) -> Classifier:
    found = neuplug.load(name)
    kind = type(found)
    return type(kind.__name__, (kind,), {"capturable": capturable})(found.options)


@pytest.mark.parametrize("name", ["smallcnn", "mobilenetv2", "resnet18", "vgg11"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_with_and_without_a_graph(name: str, precision: str) -> None:
    train = draw_bars(40, 0)
    big = F.interpolate(train.images.float(), size=(32, 32)).to(torch.uint8)
    train = type(train)(**{**vars(train), "images": big})
    curves = []
    for capturable in (False, True):
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            found = network(name, capturable)
            chosen = options(precision=precision, steps=40, lr=1e-4)
            _, record = neuplug.fit_classifier(found, train, chosen, context())
        curves.append([loss for _, loss in record.curves["train_loss"]])
    # three steps as written, then five replayed; later ones drift with the order of sums
    expected, found = (curve[:4] for curve in curves)
    assert found == pytest.approx(expected, rel=0.02 if precision == "fp32" else 0.2)


class Halves(Mixer):
    """Means of two images."""

    def mix(self, images: Tensor, targets: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        order = torch.randperm(len(images), generator=rng)
        mixed = (images.float() + images[order].float()) / 2
        return mixed.to(torch.uint8), (targets + targets[order]) / 2


def test_mixed_images_beside_real_ones_with_and_without_a_graph() -> None:
    bars = draw_bars(40, 0)
    train = type(bars)(**{**vars(bars), "origins": ("real", "gan") * 20})
    curves = []
    for capturable in (False, True):
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            _, record = neuplug.fit_classifier(
                network("smallcnn", capturable),
                train,
                options(steps=40, lr=1e-4, mix="beside", generated_weight=0.3),
                context(),
                mixer=Halves(),
            )
        curves.append([loss for _, loss in record.curves["train_loss"]][:4])
    assert curves[1] == pytest.approx(curves[0], rel=0.02)


class Watch(Augmenter):
    """Remembers what it was given and turns some of it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        self.seen.append(images)
        turned = torch.rand(len(images), generator=rng) < 0.5
        return torch.where(turned.view(-1, 1, 1, 1), images.flip(3), images)


def test_batches_made_ahead_are_those_of_the_processor() -> None:
    watched = {}
    for device in (torch.device("cpu"), GPU):
        watched[device.type] = Watch()
        neuplug.fit_classifier(
            network("smallcnn", True), draw_bars(20, 0), options(), context(device),
            augmenter=watched[device.type],
        )  # fmt: skip
    assert len(watched["cuda"].seen) == 60
    assert torch.equal(torch.stack(watched["cpu"].seen), torch.stack(watched["cuda"].seen))


@pytest.mark.parametrize("augmenter", [None, Watch()])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_interrupted_training_goes_on(
    augmenter: Augmenter | None, optimizer: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    chosen = options(optimizer=optimizer, lr=1e-2)
    train, test = draw_bars(20, 0), draw_bars(20, 9, HeldOutSet)

    def fit(**changes: Any) -> neuplug.FittedClassifier:
        place = context(**changes)
        found = network("smallcnn", True)
        return neuplug.fit_classifier(found, train, chosen, place, augmenter=augmenter)[0]

    whole = fit()

    def stop(done: int, total: int, note: str = "") -> None:
        if done >= 40:
            raise KeyboardInterrupt

    checkpoint = StoredCheckpoint(tmp_path / "x.safetensors")
    with pytest.raises(KeyboardInterrupt):
        fit(checkpoint=checkpoint, progress=stop)
    resumed = fit(checkpoint=checkpoint)
    torch.testing.assert_close(resumed.predict(test), whole.predict(test), rtol=1e-3, atol=1e-3)
