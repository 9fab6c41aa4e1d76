"""What arms are worth in photographs, in whole runs."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import neuplug
from neuplug import ImageSet, InputError
from neuplug.experiment.events import Planned

QUARTER, HALF = "none (a quarter)", "none (half)"


@pytest.fixture(scope="module")
def result(ask_once: Callable[..., Any]) -> Any:
    return ask_once(
        worth=True, per_class=8, aug=["invert", "same"], clf=["linear", "dropping"], repeats=3
    )


def manifest(folder: Path) -> dict[tuple[str, int], set[str]]:
    """(arm, repeat) to the training images."""
    found: dict[tuple[str, int], set[str]] = {}
    with (folder / "manifest.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["split"] == "train":
                found.setdefault((row["arm"], int(row["repeat"])), set()).add(row["id"])
    return found


def test_none_is_trained_on_nested_parts_of_its_images(result: Any) -> None:
    trained = manifest(result.folder)
    for repeat in range(3):
        quarter, half, whole = (trained[arm, repeat] for arm in (QUARTER, HALF, "none"))
        assert quarter < half < whole
        assert [len(images) for images in (quarter, half, whole)] == [4, 8, 16]
    assert len({frozenset(trained[QUARTER, repeat]) for repeat in range(3)}) == 3


def test_all_have_the_same_test_images_and_as_many_steps(result: Any) -> None:
    cells = result.results.cells
    assert {cell.arm for cell in cells} == {"none", "invert", "same", QUARTER, HALF}
    assert {(cell.steps, cell.test_images) for cell in cells} == {(10, 24)}
    per_class = Counter(cell.classifier for cell in cells)
    assert per_class == {"linear": 15, "dropping": 15}


def test_each_classifier_has_a_curve_and_each_arm_a_worth(result: Any) -> None:
    found = result.results
    assert [curve.classifier for curve in found.learning] == ["linear", "dropping"]
    for curve in found.learning:
        assert curve.photographs == {QUARTER: 2, HALF: 4, "none": 8}
        assert [each.arm for each in curve.worth] == ["invert", "same"]
        assert [e.photographs for e in curve.expected][-4:] == [10, 12, 14, 16]
        there = next(e for e in curve.expected if e.photographs == pytest.approx(8))
        plain = found.decisive("none", curve.classifier)
        assert there.value == pytest.approx(plain.mean)
        for each in curve.expected:
            assert each.low <= each.value <= each.high <= 1
    assert neuplug.read_results(result.folder) == found
    # parts of none are no arms to be compared
    assert {c.arm for c in found.comparisons} == {"invert", "same"}


def test_nothing_of_it_unless_it_is_asked_for(ask: Callable[..., Any]) -> None:
    result = ask(aug=["invert"])
    assert result.results.learning == ()
    assert {arm.name for arm in result.results.arms} == {"none", "invert"}


def test_three_numbers_of_images_are_a_curve_already(ask: Callable[..., Any]) -> None:
    result = ask(worth=True, per_class=[2, 4, 8], aug=["invert"], repeats=2)
    sizes = (2, 4, 8)
    plain = {f"none ({n} per class)": n for n in sizes}
    assert {arm.name for arm in result.results.arms} == {
        *plain, *(f"invert ({n} per class)" for n in sizes)
    }  # fmt: skip
    [curve] = result.results.learning
    assert curve.photographs == plain
    assert [each.arm for each in curve.worth] == [f"invert ({n} per class)" for n in sizes]


def test_two_numbers_of_images_get_parts_of_the_larger(ask: Callable[..., Any]) -> None:
    [curve] = ask(worth=True, per_class=[6, 8], aug=["invert"], repeats=2).results.learning
    assert list(curve.photographs.items()) == [
        (QUARTER, 2), (HALF, 4), ("none (6 per class)", 6), ("none (8 per class)", 8)
    ]  # fmt: skip


def test_classes_of_unequal_size_shrink_together(bars: ImageSet, ask: Callable[..., Any]) -> None:
    kept = [i for i in range(40) if i % 2 == 0 or i < 18]  # 20 standing, 9 lying
    result = ask.func(  # type: ignore[attr-defined]
        bars.subset(kept),
        ask.args[1],
        worth=True,
        per_class=None,
        repeats=2,
        metric="log_loss",  # type: ignore[attr-defined]
    )
    [curve] = result.results.learning
    # 14 and 6 for training: 3.5 and 1.5 are rounded to even numbers
    assert curve.photographs == {QUARTER: (4 + 2) / 2, HALF: (7 + 3) / 2, "none": (14 + 6) / 2}
    forecast = curve.expected[-1]
    assert 0 < forecast.low < forecast.value < forecast.high


def test_too_few_images_are_refused_before_anything_runs(
    ask: Callable[..., Any], lab: Callable[[], list[Any]]
) -> None:
    with pytest.raises(InputError, match="worth: no class has more than 3 training images"):
        ask(worth=True, per_class=3)
    assert lab() == []


def test_one_repeat_has_forecasts_without_intervals(ask: Callable[..., Any]) -> None:
    [curve] = ask(worth=True, per_class=8, aug=["invert"], repeats=1).results.learning
    assert {(each.low, each.high) for each in curve.expected} == {(None, None)}
    assert (curve.worth[0].low, curve.worth[0].high) == (None, None)


def test_workers_find_the_same_and_only_what_is_new_is_trained(
    ask: Callable[..., Any], tmp_path: Path
) -> None:
    first = ask(per_class=8, aug=["invert"], project=tmp_path / "first")
    trained: list[str] = []

    def note(event: Any) -> None:
        if isinstance(event, Planned):
            trained.extend(task.label for task in event.tasks)

    asked = {"worth": True, "per_class": 8, "aug": ["invert"]}
    second = ask(**asked, project=tmp_path / "second", workers=2, on_event=note)
    assert sorted(trained) == sorted(
        f"linear on {arm}, repeat {repeat}"
        for arm, repeat in itertools.product((QUARTER, HALF), (1, 2))
    )
    assert second.mean("none", "linear") == first.mean("none", "linear")
    third = ask(**asked, project=tmp_path / "third", workers=0)
    assert third.results.learning == second.results.learning


def test_an_arm_with_the_classifiers_of_none_has_no_worth_of_its_own(
    ask: Callable[..., Any],
) -> None:
    [curve] = ask(worth=True, per_class=8, aug=["echo@add=0", "invert"]).results.learning
    assert [each.arm for each in curve.worth] == ["invert"]


def test_amounts_are_chosen_as_without_it(ask: Callable[..., Any]) -> None:
    asked = {"aug": ["jitter"], "add": [4, 8], "val": 0.25, "per_class": 8}
    without = ask(**asked).results
    found = ask(**asked, worth=True).results
    assert [c.arm for c in found.comparisons] == [c.arm for c in without.comparisons]
    assert [each.arm for each in found.learning[0].worth] == [c.arm for c in found.compared()]
    assert found.learning[0].photographs == {QUARTER: 2, HALF: 3, "none": 6}
