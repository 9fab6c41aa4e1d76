"""``gantest`` with a classifier that has been trained, and generators with known faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import neuplug
from neuplug import (
    ClassGenerator,
    Embedder,
    Evaluation,
    EvaluationContext,
    FitContext,
    Generator,
    HeldOutSet,
    ImageSet,
    InputError,
    NeuplugError,
    TrainingSet,
)
from neuplug.training.fitted import FittedClassifier
from neuplug.training.loop import fit_classifier
from neuplug.training.options import TrainingOptions

from .flat import numbers

CLASSES = ("flat", "rows", "columns", "checks")
CPU = torch.device("cpu")
SIDE = 16
TEST = "GAN-test[smallcnn]"
TRAIN = "GAN-train, linear probe[smallcnn]"


def textures(labels: Tensor, seed: int) -> Tensor:
    """A pattern for each class, shifted at random and under noise: some are hard to tell."""
    rng = torch.Generator().manual_seed(seed)
    stripes = (torch.arange(SIDE) // 2 % 2).float()
    patterns = torch.stack(
        [
            torch.full((SIDE, SIDE), 0.5),
            stripes[:, None].expand(SIDE, SIDE),
            stripes[None].expand(SIDE, SIDE),
            (stripes[:, None] - stripes[None]).abs(),
        ]
    )
    n = len(labels)
    shifts = torch.randint(0, 4, (n, 2), generator=rng).tolist()
    chosen = patterns[labels]
    moved = torch.stack([p.roll(s, (0, 1)) for p, s in zip(chosen, shifts, strict=True)])
    strength = 20 + 80 * torch.rand(n, 1, 1, generator=rng)
    noisy = 128 + strength * (moved - 0.5) + 40 * torch.randn(n, SIDE, SIDE, generator=rng)
    return noisy.clamp(0, 255).byte()[:, None]


def a_set(kind: type[ImageSet], n: int, seed: int) -> Any:
    """``n`` images of each class."""
    labels = torch.arange(len(CLASSES)).repeat_interleave(n)
    return kind(textures(labels, seed), labels, CLASSES, tuple(map(str, range(len(labels)))))


@pytest.fixture(scope="module")
def train() -> TrainingSet:
    found: TrainingSet = a_set(TrainingSet, 20, 1)
    return found


@pytest.fixture(scope="module")
def test() -> HeldOutSet:
    found: HeldOutSet = a_set(HeldOutSet, 40, 2)
    return found


@pytest.fixture(scope="module")
def fitted(train: TrainingSet) -> FittedClassifier:
    classifier = neuplug.load("smallcnn", channels=8)
    assert isinstance(classifier, neuplug.Classifier)
    options = TrainingOptions.parse({"steps": 100}, "training")
    return fit_classifier(classifier, train, options, FitContext(CPU, seed=0))[0]


class Drawing(Generator):
    """What the tests let generators draw."""

    def fit(self, train: TrainingSet, context: FitContext) -> neuplug.FitRecord:
        return neuplug.FitRecord()

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Any) -> None:
        pass


class Perfect(Drawing):
    def sample(self, labels: Tensor, seed: int) -> Tensor:
        return textures(labels, seed)


class Swapped(Drawing):
    """Good images of the next class."""

    def sample(self, labels: Tensor, seed: int) -> Tensor:
        return textures((labels + 1) % len(CLASSES), seed)


class Noise(Drawing):
    def sample(self, labels: Tensor, seed: int) -> Tensor:
        rng = torch.Generator().manual_seed(seed)
        shape = (len(labels), 1, SIDE, SIDE)
        return torch.randint(0, 256, shape, dtype=torch.uint8, generator=rng)


class Collapsed(Drawing):
    """One good image of each class, and nothing else."""

    def sample(self, labels: Tensor, seed: int) -> Tensor:
        return textures(torch.arange(len(CLASSES)), 5)[labels]


class Half(Drawing):
    """Perfect in the first two classes, which the other two are made of too."""

    def sample(self, labels: Tensor, seed: int) -> Tensor:
        return textures(labels % 2, seed)


@pytest.fixture
def evaluate(train: TrainingSet, test: HeldOutSet, fitted: FittedClassifier, tmp_path: Path) -> Any:
    def run(
        generator: Generator,
        n: int = 20,
        seed: int = 3,
        tested: HeldOutSet = test,
        classes: int = len(CLASSES),
        embedder: Embedder | None = None,
        **options: Any,
    ) -> Evaluation:
        labels = torch.arange(classes).repeat_interleave(n)
        generated = ImageSet(
            generator.sample(labels, seed + 100), labels, CLASSES, tuple(map(str, labels.tolist()))
        )
        context = EvaluationContext(
            train=train,
            test=tested,
            generated=generated,
            logits=None,
            device=CPU,
            seed=seed,
            folder=tmp_path,
            generators={CLASSES[i]: (ClassGenerator(generator, i),) for i in range(classes)},
            embedder=embedder or Embedder("smallcnn", fitted.embed, fitted.classify),
        )
        evaluator = neuplug.load("gantest", **options)
        assert isinstance(evaluator, neuplug.Evaluator)
        return evaluator.evaluate(context)

    return run


def test_copies_reach_the_ceiling(evaluate: Any, train: TrainingSet) -> None:
    duplicate = neuplug.load("duplicate")
    assert isinstance(duplicate, Generator)
    duplicate.fit(train, FitContext(CPU, seed=0))
    metrics = numbers(evaluate(duplicate, n=100))
    assert metrics[f"{TRAIN} real"] > 0.7  # with room above: the ceiling is not 1 by itself
    assert metrics[f"{TRAIN} all drawn"] == pytest.approx(metrics[f"{TRAIN} real"], abs=0.04)
    assert metrics[TRAIN] == pytest.approx(metrics[f"{TRAIN} real"], abs=0.08)
    assert metrics[TEST] > metrics[f"{TEST} real"]  # the classifier has learned these very images


def test_a_perfect_generator_reaches_it_too(evaluate: Any) -> None:
    metrics = numbers(evaluate(Perfect()))
    assert metrics[TEST] == pytest.approx(metrics[f"{TEST} real"], abs=0.1)
    assert metrics[TRAIN] > metrics[f"{TRAIN} real"] - 0.1


def test_swapped_labels_are_below_chance(evaluate: Any) -> None:
    metrics = numbers(evaluate(Swapped()))
    assert metrics[TEST] < 0.15
    assert metrics[TRAIN] < 0.15
    assert metrics[f"{TRAIN} real"] > 0.7


@pytest.mark.slow
def test_noise_is_at_chance(evaluate: Any) -> None:
    """On average: a boundary through noise calls whole classes right or wrong."""
    found = [numbers(evaluate(Noise(), seed=seed)) for seed in range(8)]
    for name in (TEST, TRAIN):
        mean = sum(metrics[name] for metrics in found) / len(found)
        assert 0.1 < mean < 0.4, (name, mean)


def test_classes_that_are_missed_show(evaluate: Any) -> None:
    metrics = numbers(evaluate(Half()))
    for name in ("flat", "rows"):
        assert metrics[f"{TEST} {name}"] > 0.6
    for name in ("columns", "checks"):
        assert metrics[f"{TEST} {name}"] < 0.3
    whole = sum(metrics[f"{TRAIN} {name}"] * metrics[f"n: {TRAIN} {name}"] for name in CLASSES)
    assert metrics[TRAIN] == pytest.approx(whole / metrics[f"n: {TRAIN}"])
    assert metrics[TRAIN] < metrics[f"{TRAIN} real"] - 0.2


def test_a_collapse_is_measured(evaluate: Any) -> None:
    metrics = numbers(evaluate(Collapsed(), n=30))
    assert metrics[f"{TRAIN} all drawn"] < metrics[f"{TRAIN} real"]


def test_test_images_are_not_learned_from(evaluate: Any, test: HeldOutSet) -> None:
    """What is called right of some does not depend on the others, dark and wrong as they are."""
    wrong = HeldOutSet(test.images // 2, (test.labels + 1) % len(CLASSES), CLASSES, test.ids)
    both = HeldOutSet(
        torch.cat([test.images, wrong.images]),
        torch.cat([test.labels, wrong.labels]),
        CLASSES,
        tuple(map(str, range(2 * len(test)))),
    )
    ours, theirs, together = (
        numbers(evaluate(Perfect(), n=40, tested=tested)) for tested in (test, wrong, both)
    )
    for name in (TRAIN, f"{TRAIN} real", f"{TRAIN} all drawn"):
        assert ours[name] > theirs[name]
        assert together[name] == pytest.approx((ours[name] + theirs[name]) / 2)


def test_counts_and_intervals_stand_beside(evaluate: Any) -> None:
    metrics = numbers(evaluate(Perfect(), n=30))
    assert (metrics["n"], metrics["n real"], metrics[f"n: {TRAIN}"]) == (120, 80, 160)
    assert (metrics["n rows"], metrics[f"n: {TRAIN} rows"]) == (30, 40)
    for name in (TEST, f"{TEST} real", TRAIN, f"{TRAIN} real", f"{TRAIN} all drawn"):
        assert 0 < metrics[f"{name} low"] < metrics[name] < metrics[f"{name} high"] <= 1
        assert f"{name} checks" in metrics


def test_missing_images_are_drawn(evaluate: Any, train: TrainingSet) -> None:
    """With 3 images of a class and 20 real ones, 17 come from the generators, of that class."""

    class Counting(Perfect):
        drawn = 0

        def sample(self, labels: Tensor, seed: int) -> Tensor:
            Counting.drawn += len(labels)
            return super().sample(labels, seed)

    metrics = numbers(evaluate(Counting(), n=3))
    assert Counting.drawn == 4 * (3 + 17)
    assert f"{TRAIN} all drawn" not in metrics  # which are fewer
    assert metrics["n"] == 12
    assert metrics[TRAIN] > 0.6


def test_the_same_seed_gives_the_same_numbers(evaluate: Any) -> None:
    assert evaluate(Perfect(), n=4) == evaluate(Perfect(), n=4)


def test_gan_test_alone(evaluate: Any) -> None:
    metrics = numbers(evaluate(Perfect(), probe="false"))
    assert TEST in metrics
    assert not [name for name in metrics if "GAN-train" in name]


def test_classes_that_cannot_be_judged_are_named(evaluate: Any) -> None:
    found = evaluate(Perfect(), classes=3)
    assert (
        "gantest left out checks: it has 0 generated, 20 training and 40 test images, but needs "
        "1, 2 and 1." in found.warnings
    )
    assert numbers(found)[f"n: {TEST} real"] == 120
    one = evaluate(Perfect(), classes=1)
    assert any("GAN-train takes two classes" in warning for warning in one.warnings)
    assert set(numbers(one)) >= {TEST, f"{TEST} flat"}
    assert TRAIN not in numbers(one)
    with pytest.raises(NeuplugError, match="gantest has nothing to judge"):
        evaluate(Noise(), classes=0)


def test_features_alone_are_not_enough(evaluate: Any, fitted: FittedClassifier) -> None:
    with pytest.raises(NeuplugError, match="smallcnn gives features, and no classes"):
        evaluate(Perfect(), embedder=Embedder("smallcnn", fitted.embed))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"folds": 1}, r"gantest\.folds = 1"), ({"fold": 3}, r"Did you mean folds\?")],
)
def test_bad_options(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        neuplug.load("gantest", **options)


def test_in_a_run(tmp_path: Path) -> None:
    """The run's own classifier judges; copies are told from nothing else."""
    everything = a_set(ImageSet, 30, 7)
    result = neuplug.compose(
        everything,
        aug=["duplicate"],
        clf=["smallcnn"],
        eval=["gantest"],
        per_class=10,
        add=15,
        repeats=1,
        workers=0,
        project=tmp_path,
        training={"steps": 60},
    )
    (entry,) = result.results.evaluations
    assert not entry.error
    metrics = numbers(entry)
    assert (metrics["n"], metrics["n real"]) == (60, 40)
    cells = {cell.arm: cell for cell in result.results.cells}
    assert metrics[f"{TEST} real"] == pytest.approx(cells["none"].test.accuracy)
    assert metrics[TEST] > 0.8
