"""Has it learnt at all? Asked of every training before a verdict, and before the length is set."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from neuplug_tests.lab import compose

from neuplug import ImageSet
from neuplug.experiment.analysis import learnt
from neuplug.experiment.reading import read_results
from neuplug.experiment.tasks import MadeImages, Mixture, RealImages
from neuplug.training import options

CLASSES = ("intact", "crack", "dent", "rust")


def textures(counts: tuple[int, ...], contrast: float, size: int = 12) -> ImageSet:
    """Gratings on noise; a class is their angle."""
    rng = torch.Generator().manual_seed(0)
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    images, labels = [], []
    for label, count in enumerate(counts):
        for _ in range(count):
            angle = math.pi * label / len(counts)
            phase = 2 * math.pi * float(torch.rand(1, generator=rng))
            wave = torch.sin(1.5 * (x * math.cos(angle) + y * math.sin(angle)) + phase)
            noise = torch.randn(size, size, generator=rng)
            images.append((128 + contrast * wave + 25 * noise).clamp(0, 255).byte())
            labels.append(label)
    names = tuple(f"{i}.png" for i in range(len(labels)))
    return ImageSet(torch.stack(images)[:, None], torch.tensor(labels), CLASSES, names)


def train(steps: int | None = None, **more: Any) -> dict[str, Any]:
    return {"batch": 16, "lr": 1e-2} | ({} if steps is None else {"steps": steps}) | more


@pytest.fixture(scope="module")
def unequal() -> ImageSet:
    """One class has seven tenths of the images."""
    return textures((98, 14, 14, 14), contrast=60)


def told(result: Any) -> list[str]:
    """The lines of the terminal's summary."""
    return str(result).splitlines()


def test_a_network_that_names_the_largest_class_gets_no_verdict(
    unequal: ImageSet, tmp_path: Path, lab: object
) -> None:
    settings: dict[str, Any] = {"aug": ["invert", "jitter"], "clf": ["conv"], "per_class": None}
    short = compose(unequal, tmp_path, **settings, repeats=3, training=train(2))
    found = {each.arm: each for each in short.results.learnt}
    assert set(found) == {"none", "invert", "jitter"}
    # right for seven tenths of the images, which is what the largest class has
    assert short.mean("none", "conv") > 0.6
    assert short.mean("none", "conv", "recall") == pytest.approx(0.25, abs=0.05)
    assert found["none"].problem == "one class"
    assert set(found["none"].never_answered) <= {"crack", "dent", "rust"}
    assert set(short.verdicts().values()) == {"no evidence"}
    for comparison in short.results.comparisons:
        assert "none" in comparison.unlearnt or comparison.question != "none"
    first = told(short)[0]
    assert first.startswith("conv has not learnt with none") and "--steps" in first
    assert "it takes nearly all test images for one class" in first
    assert any("conv has not learnt with" in line for line in told(short) if "no evidence" in line)
    # no number of repeats would decide it
    assert not any("expect to need" in line for line in told(short))
    stored = json.loads((short.folder / "results.json").read_text())
    assert stored["learnt"][0]["problem"] == "one class"
    assert read_results(short.folder).learnt == short.results.learnt


def test_what_has_learnt_is_said_before_its_verdicts(
    unequal: ImageSet, tmp_path: Path, lab: object
) -> None:
    settings: dict[str, Any] = {"aug": ["jitter"], "clf": ["conv"], "per_class": None}
    result = compose(unequal, tmp_path, **settings, repeats=2, training=train(40))
    (none, jitter) = result.results.learnt
    assert none.problem is None and none.never_answered == ()
    assert none.training is not None and none.training.mean > 0.95 and none.training.n == 2
    assert 0.25 < none.guessing < 0.5 < result.mean("none", "conv", "recall")
    assert jitter.arm == "jitter" and result.results.comparisons[0].unlearnt == ()
    first = told(result)[0]
    assert first.startswith("Balanced accuracy of conv with none") and "by guessing up to" in first
    for cell in result.results.cells:
        # of each class as many as were trained on, all of them real
        assert cell.train is not None
        assert sum(s.support for s in cell.train.per_class.values()) == cell.train_images["real"]
    assert result.results.warnings[-1].startswith("Verdicts go by macro F1")


def test_labels_that_mean_nothing_are_learnt_by_heart_only(tmp_path: Path, lab: object) -> None:
    """Its own training images are fitted, and test images no better than guessed."""
    rng = torch.Generator().manual_seed(1)
    noise = torch.randint(0, 256, (80, 1, 12, 12), generator=rng, dtype=torch.uint8)
    images = ImageSet(noise, torch.arange(80) % 2, ("a", "b"), tuple(map(str, range(80))))
    settings: dict[str, Any] = {"aug": ["jitter"], "clf": ["linear"], "per_class": 20}
    result = compose(images, tmp_path, **settings, repeats=3, training=train(100))
    for each in result.results.learnt:
        assert each.training is not None and each.training.mean > 0.95
        assert each.problem == "chance"
    assert result.verdicts() == {("jitter", "linear"): "no evidence"}
    assert "no better than guessing" in told(result)[0]


def test_an_arm_without_real_images_has_no_training_score(
    unequal: ImageSet, tmp_path: Path, lab: object
) -> None:
    settings: dict[str, Any] = {"aug": ["jitter"], "clf": ["linear"], "replace": True, "add": 5}
    result = compose(unequal, tmp_path, **settings, repeats=1, training=train(2))
    none, jitter = result.results.learnt
    assert none.training is not None and jitter.training is None
    assert [cell.train is None for cell in result.results.cells] == [False, True]
    # of one repeat no verdict is withheld, as there is none
    assert set(result.verdicts().values()) == {"one repeat"}


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch) -> int:
    """A default that is too short, so that these tests are not long; the most there may be."""
    for module in (options, learnt):
        monkeypatch.setattr(module, "DEFAULT_STEPS", 2)
    monkeypatch.setattr(learnt, "LONGEST_UNASKED", 32)
    return 32


def test_training_lasts_until_none_fits_its_own_images(
    unequal: ImageSet, tmp_path: Path, lab: object, usual: int
) -> None:
    settings: dict[str, Any] = {"aug": ["jitter"], "clf": ["conv"], "per_class": None}
    result = compose(unequal, tmp_path, **settings, repeats=2, training=train())
    (steps,) = {cell.steps for cell in result.results.cells}  # equal for all arms
    first = result.results.cells[0]
    assert 2 < steps < usual and first.train is not None and first.train.recall >= 0.95
    assert result.results.config["training"]["steps"] == steps
    said = f"none does not fit its training images in {steps // 2} steps: every arm has {steps}."
    assert said in result.results.warnings and said in str(result)
    assert any(f"{steps} optimiser steps" in s for s in result.results.protocol.sentences)
    # what a user says stays as it is, and then it is said
    given = compose(unequal, tmp_path, **settings, repeats=1, training=train(2))
    assert {cell.steps for cell in given.results.cells} == {2}
    assert any(s.startswith("The training is short") for s in given.results.warnings)


def test_where_the_most_steps_are_too_few_that_is_said(
    unequal: ImageSet, tmp_path: Path, lab: object, usual: int
) -> None:
    settings: dict[str, Any] = {"aug": ["jitter"], "clf": ["linear"], "per_class": None}
    result = compose(unequal, tmp_path, **settings, repeats=1, training=train(lr=1e-6))
    assert {cell.steps for cell in result.results.cells} == {usual}
    assert any(s.startswith("The training is short") for s in result.results.warnings)


def test_what_fits_in_the_usual_number_of_steps_is_trained_once(
    tmp_path: Path, lab: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (options, learnt):
        monkeypatch.setattr(module, "DEFAULT_STEPS", 30)
    started: list[str] = []

    def note(event: Any) -> None:
        started.extend([event.key] if type(event).__name__ == "TaskStarted" else [])

    images = textures((20, 20, 20, 20), contrast=60)
    settings: dict[str, Any] = {"aug": ["jitter"], "clf": ["conv"], "per_class": 10}
    result = compose(images, tmp_path, **settings, repeats=2, training=train(), on_event=note)
    assert {cell.steps for cell in result.results.cells} == {30}
    assert {cell.key for cell in result.results.cells} <= set(started)
    assert len(started) == len(set(started)) == 2 * 2 + 2 * 8  # trainings; fits and drawings
    assert result.results.config["training"]["steps"] is None


def test_a_damaged_first_training_is_done_again(
    unequal: ImageSet, tmp_path: Path, lab: object, usual: int
) -> None:
    settings: dict[str, Any] = {"aug": ["jitter"], "clf": ["conv"], "per_class": None}
    asked: dict[str, Any] = {**settings, "repeats": 1, "training": train()}
    whole = compose(unequal, tmp_path, **asked)
    store = tmp_path / "store"
    for file in store.rglob("predictions.safetensors"):
        file.write_bytes(b"x" * file.stat().st_size)
    again = compose(unequal, tmp_path, **asked, name="again")
    assert again.results.cells[0].test == whole.results.cells[0].test


def test_no_more_than_about_two_thousand_images_are_scored() -> None:
    parts = {
        "a": (RealImages(indices=tuple(range(5000))), MadeImages(task="x", n=9)),
        "b": (RealImages(indices=tuple(range(5000, 5007))),),
    }
    found = Mixture(parts=parts).evenly()
    assert found[-7:] == list(range(5000, 5007))
    assert 800 < len(found) - 7 <= 1001 and max(found[:-7]) > 4990


def test_the_metric_of_the_verdicts_says_which_weights_are_kept(
    unequal: ImageSet, tmp_path: Path, lab: object
) -> None:
    settings: dict[str, Any] = {"clf": ["conv"], "aug": ["invert"], "repeats": 1}
    settings |= {"training": train(20, lr=3e-2), "per_class": None}

    def asked(metric: str, val: float) -> Any:
        return compose(unequal, tmp_path, **settings, metric=metric, val=val).results

    rust, loss = asked("recall:rust", 0.3), asked("log_loss", 0.3)
    sentences = " ".join(rust.protocol.sentences)
    assert "weights of best recall:rust on validation images, of equals the least loss" in sentences
    assert {c.key for c in rust.cells}.isdisjoint(c.key for c in loss.cells)
    # without validation images there is nothing to choose, and nothing is trained twice
    assert [c.key for c in asked("recall:rust", 0).cells] == [
        c.key for c in asked("log_loss", 0).cells
    ]
