"""Which images batches are made of, and how much each part of them counts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from neuplug_tests.bars import draw_bars
from torch import Tensor

import neuplug
import neuplug.training.loop as training
from neuplug import Augmenter, FitContext, HeldOutSet, InputError, Mixer, TrainingSet
from neuplug.storage.store import StoredCheckpoint
from neuplug.training.loop import fit_classifier
from neuplug.training.options import TrainingOptions

REAL, MADE = 20, 12


def numbered(made: int = MADE, flipped: bool = False) -> TrainingSet:
    """Real images and others after them; the first pixel says which one it is."""
    images: TrainingSet = draw_bars(REAL + 40, 0).subset(range(REAL + made))
    images.images[:, :, 0, 0] = torch.arange(REAL + made, dtype=torch.uint8)[:, None]
    labels = images.labels.clone()
    labels[REAL:] = 1 - labels[REAL:] if flipped else labels[REAL:]
    origins = ("real",) * REAL + ("duplicate", "gan") * (made // 2)
    return TrainingSet(images.images, labels, images.classes, images.ids, origins)


class Watch(Augmenter):
    """Writes down which images make a batch."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[list[int]] = []

    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        self.seen.append(images[:, 0, 0, 0].tolist())
        return images


def fit(train: TrainingSet, *, network: str = "linear", context: Any = None, **options: Any) -> Any:
    mixer = options.pop("mixer", None)
    watch = Watch()
    chosen = TrainingOptions(**{"steps": 15, "batch": 8, "precision": "fp32", **options})
    context = context or FitContext(torch.device("cpu"), 1, "net")
    fitted, record = fit_classifier(
        neuplug.load(network),  # type: ignore[arg-type]
        train,
        chosen,
        context,
        augmenter=watch,
        mixer=mixer,
    )
    return fitted, record, watch.seen


def test_beside_real_images_come_as_without_others() -> None:
    _, _, alone = fit(numbered(0))
    _, _, beside = fit(numbered(), mix="beside", generated_share=0.5)
    assert [batch[:8] for batch in beside] == alone
    others = [i for batch in beside for i in batch[8:]]
    assert {len(batch) for batch in beside} == {12}
    for start in range(0, 60, MADE):  # every one of them once before any comes again
        assert sorted(others[start : start + MADE]) == list(range(REAL, REAL + MADE))


def test_together_all_images_come_alike() -> None:
    _, _, together = fit(numbered(), steps=4)
    assert sorted(i for batch in together for i in batch) == list(range(REAL + MADE))


@pytest.mark.parametrize(
    ("share", "n"), [(0.01, 1), (0.06, 1), (0.2, 2), (1.0, 8), (1.5, 12), (3.0, 24)]
)
def test_the_share_is_for_each_real_image(share: float, n: int) -> None:
    _, _, seen = fit(numbered(), mix="beside", generated_share=share, steps=3)
    assert {len(batch) for batch in seen} == {8 + n}
    assert all(min(batch[8:]) >= REAL > max(batch[:8]) for batch in seen)


def test_real_and_generated_images_alone() -> None:
    for mix, expected in (("real", range(REAL)), ("generated", range(REAL, REAL + MADE))):
        _, _, seen = fit(numbered(), mix=mix)
        assert {i for batch in seen for i in batch} == set(expected)


def test_a_class_without_generated_images_keeps_its_real_ones() -> None:
    train = numbered()
    one_class = [i for i in range(REAL + MADE) if i < REAL or train.labels[i] == 1]
    _, _, seen = fit(train.subset(one_class), mix="generated")
    expected = {i for i in one_class if i >= REAL or train.labels[i] == 0}
    assert {i for batch in seen for i in batch} == expected


def test_where_there_is_one_kind_alone_all_are_drawn() -> None:
    only = numbered(0)
    _, _, usual = fit(only)
    for mix in ("beside", "generated", "real"):
        assert fit(only, mix=mix)[2] == usual
    made = numbered().subset(range(REAL, REAL + MADE))
    for mix in ("beside", "generated", "real"):
        assert {i for batch in fit(made, mix=mix)[2] for i in batch} == set(
            range(REAL, REAL + MADE)
        )


def test_balanced_draws_both_parts_by_class() -> None:
    train = numbered(40)
    rare = [i for i in range(REAL + 40) if train.labels[i] == 0 or i % 10 == 1]
    few = train.subset(rare)
    _, _, seen = fit(few, mix="beside", class_balance="sampling", steps=60)
    for part in (slice(0, 8), slice(8, 16)):
        labels = [int(train.labels[i]) for batch in seen for i in batch[part]]
        assert 0.4 < sum(labels) / len(labels) < 0.6


def first_loss(weight: float) -> float:
    _, record, _ = fit(numbered(), mix="beside", generated_weight=weight, steps=1)
    return float(record.curves["train_loss"][0][1])


def test_the_loss_is_that_of_real_images_and_the_weighted_other() -> None:
    _, record, _ = fit(numbered(0), steps=1)
    real = record.curves["train_loss"][0][1]
    assert first_loss(0) == pytest.approx(real, rel=1e-5)
    generated = first_loss(1) - real
    assert generated > 0.1
    for weight in (0.3, 2.0, 10.0):
        assert first_loss(weight) == pytest.approx(real + weight * generated, rel=1e-4)


def test_a_weight_of_nothing_leaves_the_training_as_it_is() -> None:
    """A network without batch normalisation: what has no weight teaches nothing."""
    test = draw_bars(20, 9, HeldOutSet)
    alone = fit(numbered(0))[0].predict(test)
    nothing = fit(numbered(flipped=True), mix="beside", generated_weight=0.0)[0].predict(test)
    much = fit(numbered(flipped=True), mix="beside", generated_weight=3.0)[0].predict(test)
    assert torch.allclose(alone, nothing, atol=1e-3)
    assert not torch.allclose(alone, much, atol=1e-1)


def test_epochs_are_those_of_the_images_that_are_drawn() -> None:
    for mix, steps in (("together", 12), ("beside", 9), ("real", 9), ("generated", 6)):
        _, record, _ = fit(numbered(), mix=mix, steps=None, epochs=3)
        assert record.curves["train_loss"][-1][0] == steps


def test_images_are_normalised_by_the_real_ones_whatever_is_drawn() -> None:
    train = numbered()
    train.images[REAL:] = 255
    expected = float(train.images[:REAL].float().mean() / 255)
    for mix in ("together", "beside", "real", "generated"):
        fitted, *_ = fit(train, mix=mix, steps=2)
        assert float(fitted.mean) == pytest.approx(expected, abs=1e-5)


def test_a_mixer_mixes_the_parts_apart() -> None:
    class Parts(Mixer):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[set[int]] = []

        def mix(
            self, images: Tensor, targets: Tensor, rng: torch.Generator
        ) -> tuple[Tensor, Tensor]:
            self.seen.append(set(images[:, 0, 0, 0].tolist()))
            return images, targets

    mixer = Parts()
    fit(numbered(), mix="beside", mixer=mixer, steps=4)
    assert len(mixer.seen) == 8
    assert all(
        max(real) < REAL <= min(made)
        for real, made in zip(mixer.seen[::2], mixer.seen[1::2], strict=True)
    )


def test_an_interrupted_training_goes_on_exactly(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    test = draw_bars(20, 9, HeldOutSet)
    asked: dict[str, Any] = {"mix": "beside", "generated_share": 0.4, "steps": 40}
    whole, _, seen = fit(numbered(), **asked)

    def stop_late(done: int, total: int, note: str = "") -> None:
        if done >= 26:
            raise KeyboardInterrupt

    checkpoint = StoredCheckpoint(tmp_path / "x.safetensors")
    about = {"device": torch.device("cpu"), "seed": 1, "checkpoint": checkpoint}
    with pytest.raises(KeyboardInterrupt):
        fit(numbered(), context=FitContext(progress=stop_late, **about), **asked)
    resumed, _, rest = fit(numbered(), context=FitContext(**about), **asked)
    assert 0 < len(rest) < 40 and rest == seen[-len(rest) :]
    assert torch.equal(whole.predict(test), resumed.predict(test))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"generated_weight": 0.5}, "generated_weight has no effect with mix=together"),
        ({"generated_share": 0.5}, "generated_share has no effect with mix=together"),
        ({"mix": "real", "generated_share": 0.5}, "generated_share has no effect with mix=real"),
        ({"mix": "beside", "generated_first": 5}, "mix has no effect with generated_first=5"),
        ({"real_first": 3, "generated_first": 5}, "real_first has no effect with generated_fir"),
        ({"mix": "besides"}, "training.mix = 'besides'"),
        ({"mix": "beside", "generated_share": 0}, "generated_share = 0: input should be greater"),
        ({"mix": "beside", "generated_weight": -1}, "generated_weight = -1"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        TrainingOptions.parse(options, "training")


def test_phases() -> None:
    first, second = TrainingOptions(steps=60, generated_first=20).phases()
    assert first is not None
    assert (first.mix, first.steps, second.mix, second.steps) == ("generated", 20, "real", 60)
    first, second = TrainingOptions(epochs=6, generated_first=2).phases()
    assert first is not None and (first.epochs, second.epochs) == (2, 6)
    beside = TrainingOptions(steps=60, real_first=20, mix="beside", generated_share=0.5)
    for phase in beside.phases():  # each is one that a task can be told of
        assert phase is not None
        assert TrainingOptions.model_validate(phase.model_dump()) == phase
