"""The classifier loop, with a real small network and planted faults."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from neuplug_tests.bars import draw_bars
from torch import Tensor

import neuplug
import neuplug.training.loop as training
from neuplug import (
    Augmenter,
    FitContext,
    HeldOutSet,
    InputError,
    Mixer,
    TrainingDiverged,
    TrainingSet,
)
from neuplug.storage.store import StoredCheckpoint
from neuplug.training.loop import fit_classifier
from neuplug.training.options import TrainingOptions


def options(**changes: Any) -> TrainingOptions:
    return TrainingOptions(**{"steps": 60, "batch": 8, **changes})


def context(**changes: Any) -> FitContext:
    return FitContext(
        **{"device": torch.device("cpu"), "seed": 1, "name": "net on bars", **changes}
    )


def classifier() -> Any:
    return neuplug.load("conv")


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
@pytest.mark.parametrize("schedule", ["constant", "cosine", "one-cycle", "plateau"])
def test_every_optimiser_and_schedule_learns(optimizer: str, schedule: str) -> None:
    lr = 0.02 if optimizer == "sgd" else 3e-3
    chosen = options(optimizer=optimizer, schedule=schedule, lr=lr, steps=100)
    fitted, record = fit_classifier(classifier(), draw_bars(40, 0), chosen, context())
    test = draw_bars(60, 9, HeldOutSet)
    accuracy = (fitted.predict(test).argmax(1) == test.labels).float().mean()
    assert accuracy > 0.85
    assert record.curves["train_loss"][-1][0] == 100
    assert "val_loss" not in record.curves


def test_same_seed_same_classifier_whatever_the_global_state() -> None:
    test = draw_bars(20, 9, HeldOutSet)
    torch.manual_seed(5)
    first, _ = fit_classifier(classifier(), draw_bars(20, 0), options(), context())
    torch.manual_seed(6)
    before = torch.get_rng_state()
    second, _ = fit_classifier(classifier(), draw_bars(20, 0), options(), context())
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.predict(test), second.predict(test))
    third, _ = fit_classifier(classifier(), draw_bars(20, 0), options(), context(seed=2))
    assert not torch.equal(first.predict(test), third.predict(test))


@pytest.mark.parametrize("schedule", ["one-cycle", "plateau", "cosine", "constant"])
@pytest.mark.parametrize("balance", ["none", "sampling", "loss"])
def test_interrupted_training_goes_on_exactly(
    schedule: str, balance: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    chosen = options(schedule=schedule, class_balance=balance)
    sets = (draw_bars(20, 0), draw_bars(20, 5, HeldOutSet))
    test = draw_bars(20, 9, HeldOutSet)
    whole, record = fit_classifier(classifier(), sets[0], chosen, context(), val=sets[1])

    class Stop(Exception):
        pass

    def stop_late(done: int, total: int, note: str = "") -> None:
        if done >= 40:
            raise Stop

    checkpoint = StoredCheckpoint(tmp_path / "x.safetensors")
    with pytest.raises(Stop):
        fit_classifier(
            classifier(), sets[0], chosen,
            context(checkpoint=checkpoint, progress=stop_late), val=sets[1],
        )  # fmt: skip
    kept = checkpoint.load()
    assert kept is not None and 0 < kept["step"] < 60
    seen: list[int] = []
    resumed, again = fit_classifier(
        classifier(), sets[0], chosen,
        context(checkpoint=checkpoint, progress=lambda d, t, n="": seen.append(d)), val=sets[1],
    )  # fmt: skip
    assert seen[0] > kept["step"]  # did not start over
    assert torch.equal(whole.predict(test), resumed.predict(test))
    assert again.curves == {k: [list(p) for p in v] for k, v in record.curves.items()} or (
        again.curves == record.curves
    )


def test_the_weights_of_the_best_validation_loss_are_kept() -> None:
    """A learning rate that ruins the network late: the kept weights are the early ones."""
    val = draw_bars(40, 5, HeldOutSet)
    chosen = options(steps=120, schedule="constant", optimizer="sgd", lr=0.5, evaluations=30)
    fitted, record = fit_classifier(classifier(), draw_bars(40, 0), chosen, context(), val=val)
    losses = [loss for _, loss in record.curves["val_loss"]]
    loss = torch.nn.functional.cross_entropy(fitted.predict(val), val.labels)
    assert float(loss) == pytest.approx(min(losses), rel=1e-5)


def test_the_weights_that_a_judge_prefers_are_kept_and_of_equals_those_of_the_least_loss() -> None:
    val = draw_bars(40, 5, HeldOutSet)
    chosen = options(steps=120, schedule="constant", optimizer="sgd", lr=0.5, evaluations=30)

    def kept(values: Any) -> tuple[float, list[float]]:
        """The validation loss of the weights that are kept, and all of the curve."""
        rest = iter(values)

        def judge(logits: Tensor, labels: Tensor) -> float:
            assert logits.shape == (40, 2) and torch.equal(labels, val.labels)
            return float(next(rest))

        fitted, record = fit_classifier(
            classifier(), draw_bars(40, 0), chosen, context(), val=val, judge=judge
        )
        loss = torch.nn.functional.cross_entropy(fitted.predict(val), val.labels)
        return float(loss), [value for _, value in record.curves["val_loss"]]

    loss, curve = kept([0.5] * 7 + [0.75] + [0.5] * 22)
    assert loss == pytest.approx(curve[7], rel=1e-5) and loss > min(curve)
    # several are equal but for rounding: of these the one of the least loss
    loss, curve = kept([0.5] * 10 + [0.75, 0.75 + 1e-16, 0.75 - 1e-16] + [0.5] * 17)
    assert loss == pytest.approx(min(curve[10:13]), rel=1e-5)
    loss, curve = kept([0.5] * 30)
    assert loss == pytest.approx(min(curve), rel=1e-5)


def test_balanced_sampling_draws_classes_equally_often() -> None:
    """38 images of one class and 2 of the other: balanced training finds the rare class."""
    few = draw_bars(40, 0)
    index = [i for i in range(40) if i % 2 == 0 or i < 4]
    train = few.subset(index)
    seen: list[Tensor] = []

    class Watch(Augmenter):
        def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
            seen.append(images)
            return images

    loop_options = options(class_balance="sampling", steps=50)
    fit_classifier(classifier(), train, loop_options, context(), augmenter=Watch())
    rare = {bytes(image.numpy()) for image in train.images[train.labels == 1]}
    drawn = [bytes(image.numpy()) in rare for batch in seen for image in batch]
    assert 0.4 < sum(drawn) / len(drawn) < 0.6


def test_in_a_weighted_loss_all_classes_count_alike() -> None:
    """The mean over classes of their mean loss: 20 images and 4, all of them in the one batch."""
    train = draw_bars(40, 0).subset([i for i in range(40) if i % 2 == 0 or i < 8])

    def fit(balance: str, **changes: Any) -> tuple[Any, Any]:
        chosen = options(steps=1, batch=24, class_balance=balance, precision="fp32", **changes)
        return fit_classifier(neuplug.load("linear"), train, chosen, context())

    start = fit("none", lr=1e-30)[0].classify(train.images)
    losses = torch.nn.functional.cross_entropy(start, train.labels, reduction="none")
    by_class = [float(losses[train.labels == label].mean()) for label in (0, 1)]
    found = {b: fit(b)[1].curves["train_loss"] for b in ("none", "loss")}
    assert found["none"] == [(1, pytest.approx(float(losses.mean()), rel=1e-4))]
    assert found["loss"] == [(1, pytest.approx(sum(by_class) / 2, rel=1e-4))]
    assert abs(sum(by_class) / 2 - float(losses.mean())) > 0.001


def test_without_balance_every_image_comes_before_any_comes_again() -> None:
    train = draw_bars(20, 0)
    seen: list[bytes] = []

    class Watch(Augmenter):
        def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
            seen.extend(bytes(image.numpy()) for image in images)
            return images

    fit_classifier(classifier(), train, options(steps=15), context(), augmenter=Watch())
    assert len(seen) == 120
    for start in range(0, 120, 20):
        assert len(set(seen[start : start + 20])) == 20


def test_epochs_count_the_arms_own_images() -> None:
    chosen = TrainingOptions(epochs=3, batch=8)
    assert chosen.total_steps(20) == 9 and chosen.total_steps(40) == 15
    _, record = fit_classifier(classifier(), draw_bars(20, 0), chosen, context())
    assert record.curves["train_loss"][-1][0] == 9
    with pytest.raises(InputError, match="steps or epochs, not both"):
        TrainingOptions.parse({"steps": 5, "epochs": 5}, "training")


def test_not_a_number_stops_with_a_sentence() -> None:
    chosen = options(optimizer="sgd", lr=1e25, schedule="constant")
    with pytest.raises(TrainingDiverged, match=r"net on bars: the training loss is .* at step"):
        fit_classifier(classifier(), draw_bars(20, 0), chosen, context())


@pytest.mark.parametrize("name", ["conv", "linear"])
def test_grey_is_repeated_only_where_a_network_needs_three(name: str) -> None:
    net: Any = neuplug.load(name)
    fitted, _ = fit_classifier(net, draw_bars(8, 0), options(steps=2), context())
    assert fitted.channels == 1

    class NeedsThree(type(net)):  # type: ignore[misc]
        @property
        def channels(self) -> frozenset[int]:
            return frozenset({3})

    fitted, _ = fit_classifier(
        NeedsThree(net.options), draw_bars(8, 0), options(steps=2), context()
    )
    assert fitted.channels == 3
    assert fitted.predict(draw_bars(4, 1, HeldOutSet)).shape == (4, 2)


def test_normalisation_is_that_of_the_real_images() -> None:
    real = draw_bars(10, 0)
    made = TrainingSet(
        torch.full_like(real.images, 255), real.labels, real.classes,
        tuple(f"made {i}" for i in real.ids), ("gan",) * 10,
    )  # fmt: skip
    mixed = TrainingSet.concatenate([real, made])
    fitted, _ = fit_classifier(classifier(), mixed, options(steps=2), context())
    assert float(fitted.mean) == pytest.approx(float(real.images.float().mean() / 255), abs=1e-5)


def test_bf16_is_used_where_asked_and_learns() -> None:
    chosen = options(precision="bf16", steps=100, lr=3e-3)
    fitted, _ = fit_classifier(classifier(), draw_bars(40, 0), chosen, context())
    test = draw_bars(60, 9, HeldOutSet)
    assert (fitted.predict(test).argmax(1) == test.labels).float().mean() > 0.85


def test_batches_made_ahead_come_in_order_and_no_more_of_them_are_made() -> None:
    """What a GPU waits for is made by a thread, which needs no GPU to be tested."""
    for device in (torch.device("cpu"), torch.device("cuda")):
        made: list[Tensor] = []

        def make(made: list[Tensor] = made) -> tuple[Tensor, Tensor]:
            made.append(torch.tensor(len(made)))
            return made[-1], made[-1]

        ahead = training._ahead(make, 5, device)
        assert [int(images) for images, _ in ahead] == [0, 1, 2, 3, 4]
        assert len(made) == 5


def test_on_a_processor_a_step_is_not_captured() -> None:
    def step() -> None: ...

    assert neuplug.captured(step, torch.device("cpu")) is step


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_gpu() -> None:
    fitted, _ = fit_classifier(
        classifier(), draw_bars(20, 0), options(), context(device=torch.device("cuda"))
    )
    assert fitted.predict(draw_bars(4, 1, HeldOutSet)).device.type == "cpu"


@pytest.mark.parametrize(
    "changes", [{}, {"steps": None, "epochs": 3}, {"class_balance": "sampling"}]
)
def test_no_images_are_refused(changes: dict[str, Any]) -> None:
    nothing = draw_bars(4, 0).subset([])
    with pytest.raises(InputError, match="the training set has no images"):
        fit_classifier(classifier(), nothing, options(**changes), context())


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("changes", [{"steps": 2}, {"steps": None, "epochs": 2}])
def test_fewer_images_than_a_batch_come_again_within_it(n: int, changes: dict[str, Any]) -> None:
    seen: list[int] = []

    class Watch(Augmenter):
        def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
            seen.append(len(images))
            return images

    chosen = options(batch=8, **changes)
    fit_classifier(classifier(), draw_bars(n, 0), chosen, context(), augmenter=Watch())
    assert seen == [8, 8]


def test_a_validation_loss_that_is_no_number_is_in_no_curve(ask: Any) -> None:
    blind, linear = (neuplug.load(name) for name in ("blind", "linear"))
    images = torch.randint(0, 256, (8, 1, 16, 16), dtype=torch.uint8)
    train = neuplug.training_set(images, [0, 1] * 4)
    options = neuplug.TrainingOptions(steps=2, batch=4)
    for classifier, curves in ((blind, {"train_loss"}), (linear, {"train_loss", "val_loss"})):
        _, record = neuplug.fit_classifier(
            classifier,
            train,
            options,
            neuplug.FitContext(torch.device("cpu"), 0),
            val=neuplug.held_out(train),
        )
        assert set(record.curves) == curves


def test_a_network_with_a_logit_too_many_is_refused() -> None:
    class Spare(type(neuplug.load("conv"))):  # type: ignore[misc]
        def build(self, num_classes: int, *others: Any) -> Any:
            return super().build(num_classes + 1, *others)

    with pytest.raises(TypeError, match=r"logits of shape \(\d+, 3\) instead of \(\d+, 2\)"):
        neuplug.fit_classifier(
            Spare(),
            draw_bars(24, 0),
            neuplug.TrainingOptions(steps=2),
            neuplug.FitContext(torch.device("cpu"), 0),
        )


class Mix(Mixer):
    """The mean of two images; or what it is told."""

    def __init__(self, share: float = 0.5, targets: float | None = None) -> None:
        super().__init__()
        self.share, self.targets = share, targets
        self.seen: list[Tensor] = []

    def mix(self, images: Tensor, targets: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        self.seen.append(images)
        order = torch.randperm(len(images), generator=rng)
        mixed = torch.lerp(images.float(), images[order].float(), self.share).round().byte()
        shares = torch.lerp(targets, targets[order], self.share)
        return mixed, shares if self.targets is None else torch.full_like(targets, self.targets)


def test_it_learns_from_mixed_images() -> None:
    chosen = options(steps=150, lr=3e-3, label_smoothing=0.05)
    fitted, _ = fit_classifier(classifier(), draw_bars(40, 0), chosen, context(), mixer=Mix(0.3))
    test = draw_bars(60, 9, HeldOutSet)
    assert (fitted.predict(test).argmax(1) == test.labels).float().mean() > 0.85


def test_the_loss_is_the_cross_entropy_to_the_targets() -> None:
    """Halves for every image: no network comes below the entropy of one half."""
    chosen = options(steps=150, lr=3e-3)
    fitted, record = fit_classifier(
        classifier(), draw_bars(40, 0), chosen, context(), mixer=Mix(0.0, targets=0.5)
    )
    losses = [loss for _, loss in record.curves["train_loss"]]
    assert min(losses) >= math.log(2) - 1e-6
    assert losses[-1] == pytest.approx(math.log(2), abs=0.02)
    shares = fitted.predict(draw_bars(20, 9, HeldOutSet)).softmax(1)
    assert (shares - 0.5).abs().max() < 0.2


def test_one_hot_targets_are_labels() -> None:
    """A mixer that mixes nothing leaves the training as it is, but for rounding."""
    test = draw_bars(20, 9, HeldOutSet)
    plain, curves = fit_classifier(classifier(), draw_bars(20, 0), options(), context())
    same, others = fit_classifier(
        classifier(), draw_bars(20, 0), options(), context(), mixer=Mix(0.0)
    )
    for (_, one), (_, other) in zip(
        curves.curves["train_loss"], others.curves["train_loss"], strict=True
    ):
        assert one == pytest.approx(other, rel=1e-3)
    assert torch.allclose(plain.predict(test), same.predict(test), atol=1e-2)


def test_a_mixer_changes_neither_the_order_of_images_nor_what_augmenters_draw() -> None:
    class Noise(Augmenter):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[Tensor] = []

        def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
            noisy = images + torch.randint(0, 9, images.shape, generator=rng).byte()
            self.seen.append(noisy)
            return noisy

    alone, before, mixer = Noise(), Noise(), Mix()
    few = options(steps=5)
    fit_classifier(classifier(), draw_bars(20, 0), few, context(), augmenter=alone)
    fit_classifier(classifier(), draw_bars(20, 0), few, context(), augmenter=before, mixer=mixer)
    for one, other, given in zip(alone.seen, before.seen, mixer.seen, strict=True):
        assert torch.equal(one, other) and torch.equal(other, given)


def test_an_interrupted_training_with_a_mixer_goes_on_exactly(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    test = draw_bars(20, 9, HeldOutSet)
    whole, _ = fit_classifier(classifier(), draw_bars(20, 0), options(), context(), mixer=Mix(0.3))

    def stop_late(done: int, total: int, note: str = "") -> None:
        if done >= 40:
            raise KeyboardInterrupt

    checkpoint = StoredCheckpoint(tmp_path / "x.safetensors")
    kept = context(checkpoint=checkpoint, progress=stop_late)
    with pytest.raises(KeyboardInterrupt):
        fit_classifier(classifier(), draw_bars(20, 0), options(), kept, mixer=Mix(0.3))
    assert checkpoint.load() is not None
    kept = context(checkpoint=checkpoint)
    resumed, _ = fit_classifier(classifier(), draw_bars(20, 0), options(), kept, mixer=Mix(0.3))
    assert torch.equal(whole.predict(test), resumed.predict(test))
