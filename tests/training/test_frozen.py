"""Networks whose trunk is frozen: the head learns, nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from neuplug_tests.bars import draw_bars
from torch import Tensor, nn

import neuplug
import neuplug.training.loop as training
from neuplug import Augmenter, Classifier, FitContext, HeldOutSet, Mixer, TrainingOptions
from neuplug.storage.store import StoredCheckpoint
from neuplug.training.loop import fit_classifier

STEPS, BATCH = 30, 8


class Net(nn.Module):
    def __init__(self, num_classes: int, in_chans: int, frozen: bool) -> None:
        super().__init__()
        self.passed = 0
        self.stem = nn.Conv2d(in_chans, 8, 3, padding=1)
        self.trunk = nn.Sequential(
            nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.2), nn.Conv2d(8, 16, 3, stride=2),
            nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        )  # fmt: skip
        self.head = nn.Sequential(nn.BatchNorm1d(64), nn.Dropout(0.3), nn.Linear(64, num_classes))
        if frozen:
            self.stem.requires_grad_(False)
            self.trunk.requires_grad_(False)

    def forward_features(self, images: Tensor) -> Tensor:
        self.passed += len(images)
        found: Tensor = self.trunk(self.stem(images))
        return found

    def forward_head(self, features: Tensor) -> Tensor:
        found: Tensor = self.head(features)
        return found

    def forward(self, images: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(images))


class Probe(Classifier):
    """Keeps what it built as it was."""

    def __init__(self, frozen: bool = True) -> None:
        super().__init__()
        self.frozen = frozen

    def build(self, num_classes: int, in_chans: int, image_size: tuple[int, int]) -> nn.Module:
        net = Net(num_classes, in_chans, self.frozen)
        self.first = {name: tensor.clone() for name, tensor in net.state_dict().items()}
        return net


class Same(Augmenter):
    """Leaves images alone, and remembers them; there is nothing to compute once beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        self.seen.append(images)
        return images.clone()


class Halves(Mixer):
    """Half of an image, and half of the one before."""

    def mix(self, images: Tensor, targets: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        both = torch.stack([images, images.roll(1, 0)]).float().mean(0)
        return both.to(torch.uint8), (targets + targets.roll(1, 0)) / 2


def fit(
    classifier: Classifier | None = None,
    augmenter: Augmenter | None = None,
    mixer: Mixer | None = None,
    options: dict[str, Any] | None = None,
    **context: Any,
) -> Any:
    return fit_classifier(
        classifier or Probe(),
        draw_bars(40, 0),
        TrainingOptions(steps=STEPS, batch=BATCH, lr=0.01, **(options or {})),
        FitContext(**{"device": torch.device("cpu"), "seed": 1, **context}),
        val=draw_bars(20, 5, HeldOutSet),
        augmenter=augmenter,
        mixer=mixer,
    )


ONLINE: dict[str, Any] = {
    "nothing": {},
    "an augmenter": {"augmenter": Same()},
    "a mixer": {"mixer": Halves()},
}


@pytest.mark.parametrize("online", ONLINE)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_nothing_of_the_trunk_changes_and_the_head_learns(online: str, precision: str) -> None:
    probe = Probe()
    fitted, record = fit(probe, options={"precision": precision}, **ONLINE[online])
    for name, tensor in fitted.module.state_dict().items():
        assert torch.equal(tensor, probe.first[name]) is not name.startswith("head."), name
    losses = [loss for _, loss in record.curves["train_loss"]]
    assert losses[-1] < 0.95 * losses[0]


def test_features_are_computed_once_where_nothing_changes_images() -> None:
    once, again, mixed = (fit(**given)[0].module for given in ONLINE.values())
    # training and validation images, and the one that is looked at first
    assert once.passed == 40 + 20 + 1
    assert again.passed == mixed.passed == STEPS * BATCH + 20 + 1


def test_computed_once_or_batch_by_batch_is_the_same() -> None:
    (once, curves), (again, others) = fit(), fit(augmenter=Same())
    test = draw_bars(30, 9, HeldOutSet)
    torch.testing.assert_close(once.predict(test), again.predict(test), rtol=1e-4, atol=1e-5)
    for name in ("train_loss", "val_loss"):
        torch.testing.assert_close(
            torch.tensor(curves.curves[name]), torch.tensor(others.curves[name])
        )
    assert curves.curves["train_loss"][-1][0] == STEPS


def test_the_same_batches_are_drawn_as_for_a_network_that_learns_as_a_whole() -> None:
    frozen, learning = Same(), Same()
    fit(augmenter=frozen)
    whole = fit(Probe(frozen=False), learning)[0].module
    assert torch.equal(torch.stack(frozen.seen), torch.stack(learning.seen))
    assert whole.passed > STEPS * BATCH + 20 * 10  # the validation images each time


def test_a_trunk_that_is_frozen_in_part_learns_in_the_rest() -> None:
    class Part(Probe):
        def build(self, *shape: Any) -> nn.Module:
            net: Any = super().build(*shape)
            net.trunk.requires_grad_(True)
            return net  # type: ignore[no-any-return]

    part = Part()
    state = fit(part)[0].module.state_dict()
    unchanged = {name for name, tensor in state.items() if torch.equal(tensor, part.first[name])}
    assert unchanged == {"stem.weight", "stem.bias"}


def test_without_forward_head_it_is_trained_as_it_is_written() -> None:
    class Older(Probe):
        def build(self, *shape: Any) -> nn.Module:
            inner: Any = super().build(*shape)

            class Whole(nn.Module):
                def __init__(self) -> None:
                    super().__init__()
                    self.inner = inner

                def forward_features(self, images: Tensor) -> Any:
                    return self.inner.forward_features(images)

                def forward(self, images: Tensor) -> Any:
                    return self.inner(images)

            return Whole()

    older = Older()
    state = fit(older)[0].module.inner.state_dict()
    assert torch.equal(state["stem.weight"], older.first["stem.weight"])
    assert not torch.equal(state["trunk.0.running_mean"], older.first["trunk.0.running_mean"])


@pytest.mark.parametrize("online", [False, True])
def test_interrupted_it_goes_on_exactly(
    online: bool, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)

    class Stop(Exception):
        pass

    def stop(done: int, total: int, note: str = "") -> None:
        if done >= STEPS // 2:
            raise Stop

    checkpoint = StoredCheckpoint(tmp_path / "x.safetensors")
    with pytest.raises(Stop):
        fit(augmenter=Same() if online else None, checkpoint=checkpoint, progress=stop)
    assert checkpoint.load() is not None
    resumed, _ = fit(augmenter=Same() if online else None, checkpoint=checkpoint)
    whole, _ = fit(augmenter=Same() if online else None)
    test = draw_bars(30, 9, HeldOutSet)
    assert torch.equal(whole.predict(test), resumed.predict(test))


def test_retraining_goes_on_with_the_head() -> None:
    first, _ = fit()
    state = first.state_dict()
    options = TrainingOptions(steps=5, batch=BATCH)
    context = FitContext(torch.device("cpu"), 2)
    again, _ = fit_classifier(Probe(), draw_bars(40, 3), options, context, start=state)
    for name, tensor in again.module.state_dict().items():
        assert torch.equal(tensor, state["module"][name]) is not name.startswith("head."), name
    kept = neuplug.FittedClassifier.load(
        Probe(), again.state_dict(), 2, (16, 16), torch.device("cpu")
    )
    photos = draw_bars(9, 4).images
    assert torch.equal(kept.classify_features(kept.embed(photos)), again.classify(photos))
