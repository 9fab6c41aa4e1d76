"""Which arms are compared with which, and what a run says of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuplug.experiment.analysis.comparisons import AllScored, Scored, compare
from neuplug.experiment.analysis.influence import image_scores
from neuplug.experiment.arms import Selection
from neuplug.experiment.config import resolve
from neuplug.experiment.decisive import Decisive, read_metric
from neuplug.experiment.parts import Cell
from neuplug.experiment.results import Comparison


@pytest.fixture
def result(ask: Any) -> Any:
    return ask(aug=["invert", "same", "jitter", "jitter+same"], repeats=3)


def rows(result: Any, question: str) -> dict[str, dict[str, Any]]:
    return {c.arm: c for c in result.results.comparisons if c.question == question}


def test_every_arm_beside_none_and_generators_beside_the_best_classical(result: Any) -> None:
    plain, classical = rows(result, "none"), rows(result, "best classical")
    assert list(plain) == ["invert", "same", "jitter", "jitter+same"]
    assert list(classical) == ["jitter", "jitter+same"]
    best = max(("invert", "same"), key=lambda arm: result.mean(arm, "linear"))
    assert {c.against for c in classical.values()} == {best}
    assert {c.against for c in plain.values()} == {"none"}
    assert {c.family for c in plain.values()} == {4}
    assert {c.family for c in classical.values()} == {2}
    assert {c.candidates for c in plain.values()} == {1}
    assert {c.candidates for c in classical.values()} == {2}
    for arm, c in [*plain.items(), *classical.items()]:
        expected = result.mean(arm, "linear") - result.mean(c.against, "linear")
        assert c.effect == pytest.approx(expected)
        assert c.adjusted_p >= c.p and c.low <= c.effect <= c.high
        assert c.n == 3
        assert 28 < c.items <= 40  # of three tests of 28 images, each image counts once
    assert set(result.verdicts()) == {(arm, "linear") for arm in plain}
    assert set(result.verdicts("best classical")) == {(arm, "linear") for arm in classical}


def simulated(arms: list[Any], rng: np.random.Generator, **gain: float) -> list[Comparison]:
    """What is found in five repeats of 300 images where arms differ by ``gain`` alone."""
    images = np.arange(300)
    easy = rng.beta(8, 1.2, 300)
    cells, scored = [], {}
    for arm in arms:
        for repeat in range(5):
            key = f"{arm.name}/{repeat}"
            chance = np.clip(easy + rng.normal(gain.get(arm.base, 0.0), 0.02), 0, 1)
            right = rng.random(300) < chance
            logits = np.eye(2)[right.astype(int)]
            scored[key] = Scored(right.astype(float), images, logits, np.ones(300, dtype=int))
            about = {"arm": arm.name, "classifier": "linear", "repeat": repeat}
            cells.append(Cell.model_construct(**about, key=key))
    strata = np.zeros(300, dtype=np.int64)
    every = AllScored(Decisive("accuracy", "accuracy"), scored, strata, ("wrong", "right"))
    return [c for c in compare(cells, arms, every, margin=0.02) if c.question == "best classical"]


def test_the_best_of_many_equal_arms_makes_no_other_worse(lab: object) -> None:
    """It is the best by chance, and chance alone would call the other one worse too often."""
    classical = [f"mirror@odds={odds / 10}" for odds in range(8)]
    config = resolve(None, {"aug": [*classical, "jitter"], "clf": ["linear"]}, ())
    arms = list(Selection(config).arms)
    rng = np.random.default_rng(0)
    found = [row for _ in range(400) for row in simulated(arms, rng)]
    assert len(found) == 400 and {row.candidates for row in found} == {8}
    assert sum(row.p < 0.05 and row.effect < 0 for row in found) > 24  # as it would be
    assert sum(row.verdict == "harms" for row in found) <= 10  # half of 5 %
    assert sum(row.verdict == "helps" for row in found) <= 10
    truly = [row for _ in range(40) for row in simulated(arms, rng, jitter=-0.15)]
    assert sum(row.verdict == "harms" for row in truly) > 30


def test_without_a_classical_arm_nobody_is_compared_with_one(ask: Any) -> None:
    result = ask(aug=["jitter"])
    assert result.verdicts("best classical") == {}
    assert [c.question for c in result.results.comparisons] == ["none"]


def test_with_several_numbers_of_images_the_best_has_as_many(ask: Any) -> None:
    result = ask(aug=["invert", "same", "jitter"], per_class=[3, 6])
    for arm, c in rows(result, "best classical").items():
        assert arm.partition(" ")[2] == c.against.partition(" ")[2] != ""


def test_none_is_compared_with_none_on_fewer_images(ask: Any) -> None:
    result = ask(aug=["same"], per_class=[3, 12, 6], repeats=3)
    more = rows(result, "more images")
    assert {(arm, c.against) for arm, c in more.items()} == {
        ("none (6 per class)", "none (3 per class)"),
        ("none (12 per class)", "none (6 per class)"),
    }
    for arm, c in more.items():
        gain = result.mean(arm, "linear") - result.mean(c.against, "linear")
        assert c.effect == pytest.approx(gain)
        assert c.family == 2 and c.n == 3
    assert set(result.verdicts("more images")) == {(arm, "linear") for arm in more}
    # it is no verdict on an augmentation
    assert {arm for arm, _ in result.verdicts()} == {f"same ({n} per class)" for n in (3, 6, 12)}


def test_one_repeat_has_no_verdict(ask: Any) -> None:
    result = ask(aug=["same", "jitter"], repeats=1)
    assert {c.verdict for c in result.results.comparisons} == {"one repeat"}
    assert {c.p for c in result.results.comparisons} == {None}


@pytest.mark.parametrize("metric", ["macro_f1", "recall:CLASS", "auroc", "log_loss"])
def test_verdicts_go_by_the_metric_that_is_asked_for(ask: Any, metric: str) -> None:
    metric = metric.replace("CLASS", ask().results.data.classes[-1])
    result = ask(aug=["invert"], metric=metric, repeats=3)
    (c,) = result.results.comparisons
    assert c.metric == result.results.metric == metric
    ours, plain = (result.results.decisive(arm, "linear") for arm in ("invert", "none"))
    assert c.effect == pytest.approx(ours.mean - plain.mean)
    assert ours.low < ours.mean < ours.high


def scored(metric: str, logits: dict[str, list[Any]], labels: Any) -> list[Comparison]:
    """What ``compare`` finds of arms with these logits, by repeat, on the same test images."""
    goes_by, classes = read_metric(metric), ("a", "b")
    cells, found = [], {}
    for arm, repeats in logits.items():
        for repeat, each in enumerate(repeats):
            key = f"{arm}/{repeat}"
            scores = image_scores(goes_by, each, labels, classes)
            found[key] = Scored(scores, np.arange(len(labels)), each, labels)
            about = {"arm": arm, "classifier": "linear", "repeat": repeat}
            cells.append(Cell.model_construct(**about, key=key))
    config = resolve(None, {"aug": [arm for arm in logits if arm != "none"], "clf": ["linear"]}, ())
    arms = list(Selection(config).arms)
    return compare(cells, arms, AllScored(goes_by, found, labels, classes), margin=0.02)


def sure(labels: Any, rng: np.random.Generator, strength: float) -> list[Any]:
    """Logits of five repeats that are right with some confidence."""
    found = []
    for _ in range(5):
        logits = rng.normal(0, 1, (len(labels), 2))
        logits[np.arange(len(labels)), labels] += strength
        found.append(logits)
    return found


def test_less_loss_is_better(lab: object) -> None:
    """In the verdict, the choice of the best classical arm and the correction for that choice."""
    rng, labels = np.random.default_rng(0), np.arange(200) % 2
    logits = {
        "none": sure(labels, rng, 1.0), "mirror": sure(labels, rng, 3.0),
        "invert": sure(labels, rng, 0.2), "jitter": sure(labels, rng, 2.0),
    }  # fmt: skip
    rows = scored("log_loss", logits, labels)
    said = {(c.arm, c.question): c for c in rows}
    assert said["mirror", "none"].verdict == "helps" and said["mirror", "none"].effect < 0
    assert said["invert", "none"].verdict == "harms" and said["invert", "none"].effect > 0
    beside = said["jitter", "best classical"]
    assert (beside.against, beside.candidates, beside.verdict) == ("mirror", 2, "harms")


def test_ten_images_of_a_class_tell_little_of_its_recall(lab: object) -> None:
    """However many of the other class there are, and however much the arms differ there."""
    labels = np.array([1] * 10 + [0] * 490)
    right = np.stack([labels == 0, labels == 1], axis=1).astype(float)
    other = right.copy()
    other[20:60] = other[20:60, ::-1]  # forty of the other class
    (alike,) = scored("recall:b", {"none": [right] * 5, "mirror": [other] * 5}, labels)
    assert alike.effect == 0 and alike.verdict == "no evidence" and alike.p_equivalent > 0.5
    assert alike.high > 0.25  # 3.7 / 10
    other = right.copy()
    other[:5] = other[:5, ::-1]  # five of the class
    (less,) = scored("recall:b", {"none": [right] * 5, "mirror": [other] * 5}, labels)
    assert less.effect == pytest.approx(-0.5) and less.p == pytest.approx(2 / 2**5)


def test_a_rare_class_weighs_more_in_balanced_accuracy(lab: object) -> None:
    labels = np.array([1] * 4 + [0] * 300)
    right = np.stack([labels == 0, labels == 1], axis=1).astype(float)
    (alike,) = scored("balanced_accuracy", {"none": [right] * 5, "mirror": [right] * 5}, labels)
    assert alike.verdict == "no evidence" and alike.high > 0.3  # of two classes of four images


def estimated(right: NDArray[np.bool_], labels: NDArray[np.int64]) -> dict[Any, Any]:
    """All means of one arm, of three repeats in which the same images are right."""
    answers = np.where(right, labels, (labels + 1) % 3)
    logits = 4.0 * np.eye(3)[answers]
    scores = right.astype(float)
    cells = [Cell.model_construct(arm="none", classifier="a", repeat=r, key=f"{r}") for r in "012"]
    one = Scored(scores, np.arange(len(labels)), logits, labels)
    strata = labels
    every = AllScored(read_metric("accuracy"), {c.key: one for c in cells}, strata, ("a", "b", "c"))
    return every.estimates(cells)


@pytest.mark.parametrize("wrong", [0, 3])
def test_no_interval_is_without_width_where_repeats_agree_exactly(wrong: int) -> None:
    labels = np.repeat(np.arange(3), [60, 40, 20])
    right = np.arange(120) >= wrong  # of the largest class alone
    found = estimated(right, labels)
    assert {metric for metric, _ in found} == {"accuracy", "precision", "recall", "f1", "loss"}
    assert len(found) == 2 + 3 * 4
    for (metric, name), mean in found.items():
        if metric != "loss":
            half = (mean.high - mean.low) / 2
            sizes = {"a": 60, "b": 40, "c": 20, None: 120 if metric == "accuracy" else 60}
            # a share that none of N images has shown may be 3.7/N
            assert half > 1.2 / sizes[name], (metric, name)
            assert not wrong or half < 8 / sizes[name], (metric, name)
    if not wrong:
        assert found["recall", "c"].high - 1 == pytest.approx(1 - 0.025 ** (1 / 20))
        assert found["f1", None].mean == 1 and found["f1", None].low < 0.95
