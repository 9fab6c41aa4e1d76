"""Filters in runs: between a generator and the set."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from neuplug_tests.hearing import Hearing

import neuplug
from neuplug import ImageSet, InputError, NeuplugError
from neuplug.cli import main


def test_filtered_and_unfiltered_are_arms_that_share_their_generator(ask: Any, lab: Any) -> None:
    arms = ["jitter@add=6", "jitter@add=6,filter=copies:1", "jitter@add=6,filter=agreement:0"]
    result = ask(aug=[*arms, "echo@add=6,filter=copies"], repeats=1)
    fits = [entry["name"] for entry in lab() if entry["what"] == "fit"]
    assert sum(name.startswith("jitter") for name in fits) == 2  # whatever is filtered
    assert sum(name.startswith("echo") for name in fits) == 2
    found = result.results.filtered
    assert {f.arm for f in found} == {
        "jitter@add=6,filter=copies:1",
        "jitter@add=6,filter=agreement:0",
        "echo@add=6,filter=copies:0.01",
    }
    for row in found:
        assert row.images <= row.wanted == 6 and row.drawn % 6 == 0
        if row.arm.startswith("echo"):  # nothing but copies: none is left
            assert (row.images, row.drawn) == (0, 60)
    with (result.folder / "manifest.csv").open() as file:
        counted = [row["arm"] for row in csv.DictReader(file) if row["origin"] == "echo"]
    assert counted == []
    warned = [w for w in result.results.warnings if w.startswith("echo")]
    assert "filter=copies:0.01 left 0 of 60 images of lying, but 6 were requested" in " ".join(
        warned
    )


def test_images_filtered_by_another_rule_are_not_used_again(
    ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = ["jitter@add=6", "jitter@add=6,filter=agreement:0", "jitter@add=6,filter=copies:0"]
    settings = {"aug": arms, "repeats": 1, "eval": ["walker"], "per_class": 10}
    ask(**settings)
    again, other = Hearing(), Hearing()
    ask(**settings, name="again", on_event=again)
    assert again.done == []
    monkeypatch.setattr("neuplug.experiment.planning.COPIES_RULE", "another")
    ask(**settings, name="other", on_event=other)
    assert sorted(other.done) == ["evaluate", "sample", "sample", "train"]  # of the last arm alone


def test_agreement_asks_a_classifier_of_the_real_images(ask: Any) -> None:
    """A classifier that has learned its classes lets hardly changed images pass."""
    right = ask(aug=["jitter@add=6,filter=agreement"], repeats=1, training={"steps": 200})
    rows = right.results.filtered
    assert sum(r.images for r in rows) == 12
    assert all(r.drawn <= 18 for r in rows)  # jitter's images are hardly changed


@pytest.mark.parametrize("runs", [1, 2])
def test_evaluators_draw_what_the_classifiers_were_trained_on(ask: Any, runs: int) -> None:
    """Every second image of magpie is a copy, the others are noise of no class."""
    arms = [f"magpie@add=6,runs={runs}{f}" for f in ("", ",filter=copies", ",filter=agreement:0")]
    result = ask(aug=arms, repeats=1, eval=["walker"])
    all_of_them, copies, agreement = [
        {(m.name, m.class_name): m.value for m in e.metrics} for e in result.results.evaluations
    ]
    for name in ("standing", "lying"):
        assert all_of_them["copies", name] >= 4 and copies["copies", name] == 0
        assert all_of_them["agreeing", name] < 1 == agreement["agreeing", name]
        assert agreement["copies", name] > 0


def test_an_evaluator_is_told_where_a_filter_leaves_too_few(ask: Any) -> None:
    arm = "echo@add=6,filter=copies+jitter@add=6"
    result = ask(aug=[arm], repeats=1, eval=["walker", "brightness"])
    found = {e.evaluator: e.error for e in result.results.evaluations}
    sentence = "filter=copies:0.01 let 0 of 50 images of lying pass, but 5 are needed"
    assert sentence in found["walker"].replace("standing", "lying")
    assert found["brightness"] is None
    assert len(result.results.cells) == 2


def test_where_a_filter_leaves_nothing_there_is_nothing_to_evaluate(ask: Any) -> None:
    """As for *none*: no failure, no number; the filter's own warning says why."""
    arms = ["echo@add=6,filter=copies", "jitter@add=6"]
    result = ask(aug=arms, repeats=1, eval=["walker", "brightness", "confidence"])
    found = result.results.evaluations
    assert [e.error for e in found] == [None] * len(found)
    empty = {e.evaluator for e in found if e.arm.startswith("echo") and not e.metrics}
    assert empty == {"walker", "brightness"}  # confidence looks at predictions, not at images
    assert "failed" not in str(result)
    assert "left 0 of 60 images" in " ".join(result.results.warnings)


def test_a_filter_is_for_generators(ask: Any) -> None:
    with pytest.raises(InputError, match="filter is for generators, but invert is an augmenter"):
        ask(aug=["invert@add=3,filter=copies"])


@pytest.mark.parametrize(
    ("arm", "settings", "left"),
    [
        ("echo@filter=copies", {"share": 1}, "copies:0.01"),
        ("echo@add=6,replace,filter=agreement:0/copies", {}, "agreement:0/copies:0.01"),
        ("jitter@add=6,replace,filter=agreement:1", {}, "agreement:1"),
        ("echo@replace,filter=copies+invert@to=9", {}, "copies:0.01"),
        ("echo@replace,filter=copies+jitter@add=3", {}, "copies:0.01"),
        ("echo@add=6,replace,runs=2,filter=copies", {}, "copies:0.01"),
        ("echo@replace,filter=copies", {"training": {"epochs": 1}}, "copies:0.01"),
        ("echo@replace,filter=copies", {"training": {"class_balance": "sampling"}}, "copies:0.01"),
        (
            "echo@replace,filter=copies",
            {"training": {"steps": 3, "real_first": 2}},
            "copies:0.01",
        ),
    ],
)
def test_an_arm_of_which_nothing_is_left_is_named_and_the_rest_is_done(
    ask: Any, arm: str, settings: dict[str, Any], left: str
) -> None:
    hearing = Hearing()
    sentence = rf"repeat 1 of arm mine leaves class \w+ \(filter={left} let 0 of \d+ images"
    with pytest.raises(NeuplugError, match=sentence) as caught:
        ask(aug=[f"mine: {arm}", "jitter@add=2"], on_event=hearing, **settings)
    assert not isinstance(caught.value, InputError)
    assert "no replace, a share below 1" in str(caught.value)
    if "training" not in settings:
        assert hearing.done.count("train") == 4  # none and the other arm, two repeats each
        again = Hearing()
        result = ask(aug=["jitter@add=2"], on_event=again)  # which has an amount of its own
        assert again.done == [] and ("jitter@add=2", "linear") in result.verdicts()


def test_one_class_of_which_nothing_is_left_ends_its_arm_alone(ask: Any) -> None:
    """A classifier that never sees a class would be blamed for it."""
    arm = "echo@add=6,replace,only=lying,filter=copies"
    sentence = (
        r"repeat 1 of arm .* leaves class lying \(filter=copies:0.01 let 0 of 60 images pass\)"
    )
    with pytest.raises(NeuplugError, match=sentence) as caught:
        ask(aug=[arm], repeats=1)
    said = str(caught.value)
    assert arm in said.replace("copies:0.01", "copies") and "standing" not in said
    result = ask(aug=[arm.replace("replace,", "")], repeats=1)  # beside the real ones: a warning
    assert len(result.results.cells) == 2


def test_an_amount_of_which_nothing_is_left(ask: Any) -> None:
    with pytest.raises(NeuplugError, match=r"arm echo.* \(share=1\) leaves class standing"):
        ask(aug=["echo@filter=copies"], share=[0, 1], per_class=10, repeats=1)


def test_an_arm_by_itself_of_which_nothing_is_left(bars: ImageSet, lab: Any) -> None:
    train = neuplug.training_set(bars.images, bars.labels, bars.classes)
    with pytest.raises(NeuplugError, match=r"leaves class standing .* let 0 of 200 images pass"):
        neuplug.build_arm("echo@replace,filter=copies", train)


@pytest.mark.parametrize("workers", ["0", pytest.param("2", marks=pytest.mark.slow)])
def test_the_command_ends_in_a_sentence_where_nothing_is_left(
    workers: str, lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["compose", "--clf", "linear", "--imgsz", "28", "--steps", "2", "--per-class", "4"]
    words += ["--classes", "crazing,patches", "--repeats", "1", "--workers", workers, "--quiet"]
    words += ["--share", "1", "--aug", "echo@filter=copies"]
    assert main(words) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("neuplug: error: repeat 1 of arm echo@filter=copies:0.01 leaves")
    assert "class crazing (filter=copies:0.01 let 0 of 40 images pass)" in said
    assert len(said.splitlines()) == 1
