"""What an arm's stages can be told, and what runs share."""

from __future__ import annotations

import csv
from collections import Counter
from typing import Any

import pytest
from neuplug_tests.hearing import Hearing

from neuplug import InputError


def images_of(result: Any, arm: str, repeat: int = 0) -> dict[str, Counter[str]]:
    """Class to origins of the images that an arm's classifiers trained on."""
    found: dict[str, Counter[str]] = {}
    with (result.folder / "manifest.csv").open() as file:
        for row in csv.DictReader(file):
            if (row["arm"], row["split"], row["repeat"]) == (arm, "train", str(repeat)):
                found.setdefault(row["class"], Counter())[row["origin"]] += 1
    return found


@pytest.mark.parametrize(
    ("arm", "standing", "lying"),
    [
        ("jitter@to=10,only=lying", {"real": 6}, {"real": 6, "jitter": 4}),
        ("jitter@to=10,except=standing", {"real": 6}, {"real": 6, "jitter": 4}),
        ("jitter@to=10,replace,only=lying", {"real": 6}, {"jitter": 10}),
        ("jitter@add=5,only=lying/standing", {"real": 6, "jitter": 5}, {"real": 6, "jitter": 5}),
        (
            "same+invert@to=8+jitter@to=10,keep=real",
            {"real": 6, "jitter": 4},
            {"real": 6, "jitter": 4},
        ),
        (
            "jitter@add=2,only=lying+same+invert@to=10",
            {"real": 6, "same+invert": 4},
            {"real": 6, "jitter": 2, "same+invert": 2},
        ),
        ("jitter@add=5,runs=2", {"real": 6, "jitter": 5}, {"real": 6, "jitter": 5}),
    ],
)
def test_stages_enlarge_what_they_are_told_to(
    ask: Any, arm: str, standing: dict[str, int], lying: dict[str, int]
) -> None:
    result = ask(aug=[f"mine: {arm}"], repeats=1)
    assert [a.name for a in result.results.arms] == ["none", "mine"]
    assert images_of(result, "mine") == {"standing": standing, "lying": lying}


def test_a_generator_learns_from_all_that_came_before_though_only_real_images_stay(
    ask: Any, lab: Any
) -> None:
    ask(aug=["same@to=9+jitter@to=10,keep=real"], repeats=1)
    assert {len(e["images"]) for e in lab() if e["what"] == "fit"} == {9}


def test_pooled_runs_are_fits_of_their_own(ask: Any, lab: Any) -> None:
    result = ask(aug=["jitter@add=5,runs=3,only=lying"], repeats=1, eval=["walker"])
    assert sum(e["what"] == "fit" for e in lab()) == 3
    assert [g.run for g in result.results.generators] == [0, 1, 2]
    (found,) = result.results.evaluations
    assert found.metrics[0].name == "runs" and found.metrics[0].value == 3


def test_arms_that_differ_in_sampling_options_share_a_fit(ask: Any, lab: Any) -> None:
    arms = ["dark: jitter@add=9", "bright: jitter@add=9,shade=90", "long: jitter@add=9,steps=5"]
    result = ask(aug=arms, repeats=1, eval=["brightness", "walker"])
    assert sum(e["what"] == "fit" for e in lab()) == 2 * 2  # classes; shade trains nothing anew
    found = result.results.evaluations
    for class_name in (None, "lying"):  # of brightness, and of walker
        grey = {
            e.arm: m.value
            for e in found
            for m in e.metrics
            if (m.name, m.class_name) == ("grey", class_name)
        }
        assert grey["bright"] > grey["dark"] + 60


def test_an_evaluator_is_given_generators_and_a_classifier_of_real_images(ask: Any) -> None:
    result = ask(aug=["jitter", "flip"], repeats=2, eval=["walker"])
    found = result.results.evaluations
    assert [(e.arm, e.repeat, e.error) for e in found] == [
        ("jitter", 0, None),
        ("jitter", 1, None),
    ]
    assert (found[0].metrics[-1].name, found[0].metrics[-1].value) == ("features", 28 * 28)
    sentence = "jitter, repeats 1 and 2, walker: in the features of linear"
    assert result.results.warnings.count(sentence) == 1


def test_several_numbers_of_real_images(ask: Any, lab: Any) -> None:
    result = ask(aug=["jitter@add=2"], per_class=[3, 6], repeats=2)
    names = [a.name for a in result.results.arms]
    assert names == [
        "none (3 per class)", "jitter@add=2 (3 per class)",
        "none (6 per class)", "jitter@add=2 (6 per class)",
    ]  # fmt: skip
    for repeat in range(2):
        ids: dict[str, set[str]] = {}
        with (result.folder / "manifest.csv").open() as file:
            for row in csv.DictReader(file):
                if row["repeat"] == str(repeat) and row["origin"] == "real":
                    ids.setdefault(row["arm"] + row["split"], set()).add(row["id"])
        few, many = ids["none (3 per class)train"], ids["none (6 per class)train"]
        assert (len(few), len(many)) == (6, 12) and few < many
        assert not many & ids["alltest"]
        assert few == ids["jitter@add=2 (3 per class)train"]
    # an arm's rival is the one with as many real images; none's is none with fewer
    rivals = {(c.arm, c.against, c.question) for c in result.results.comparisons}
    assert rivals == {
        (names[1], names[0], "none"),
        (names[3], names[2], "none"),
        (names[2], names[0], "more images"),
    }
    assert {c.test_images for c in result.results.cells} == {40 - 12}


def test_each_number_of_real_images_has_its_own_validation_part(ask: Any) -> None:
    result = ask(per_class=[5, 10], val=0.2, repeats=1)
    rows: dict[tuple[str, str], set[str]] = {}
    with (result.folder / "manifest.csv").open() as file:
        for row in csv.DictReader(file):
            rows.setdefault((row["arm"], row["split"]), set()).add(row["id"])
    sizes = {}
    for number in (5, 10):
        train = rows[f"none ({number} per class)", "train"]
        val = rows[f"none ({number} per class)", "val"]
        assert not train & val and not (train | val) & rows["all", "test"]
        sizes[number] = (len(train), len(val))
    assert sizes == {5: (8, 2), 10: (16, 4)}


def test_scoring_on_every_real_image_besides(ask: Any) -> None:
    result = ask(score_all=True, repeats=1)
    (cell,) = result.results.cells
    assert sum(map(sum, cell.test.confusion)) == 28
    assert sum(map(sum, cell.all_images.confusion)) == 40
    plain = ask(repeats=1)
    assert plain.results.cells[0].all_images is None
    assert plain.results.cells[0].test == cell.test


def test_retraining_begins_with_the_real_images(ask: Any) -> None:
    training = {"steps": 10, "batch": 4, "real_first": 6}
    result = ask(aug=["jitter@add=4", "jitter@add=4,replace"], repeats=1, training=training)
    assert {c.steps for c in result.results.cells} == {16}
    plain = ask(aug=["jitter@add=4"], repeats=1)
    by_arm = {c.arm: c.test.loss for c in result.results.cells}
    assert by_arm["none"] != plain.results.cells[0].test.loss
    epochs = ask(repeats=1, training={"epochs": 2, "real_first": 1, "batch": 4})
    assert epochs.results.cells[0].steps == 3 * 3  # 12 images in 3 batches


def test_retraining_shares_its_first_phase(ask: Any, lab: Any) -> None:
    hearing = Hearing()
    training = {"steps": 4, "batch": 4, "real_first": 3}
    arms = ["jitter@add=4", "jitter@add=8", "jitter@add=4,replace"]
    ask(aug=arms, repeats=1, training=training, on_event=hearing)
    # one first phase for three arms, one for the arm without real images
    assert hearing.done.count("train") == 4 + 2


@pytest.mark.parametrize(
    ("arms", "sentence"),
    [
        (["jitter@only=sitting"], "no class 'sitting'"),
        (["jitter@stepz=3"], "Did you mean steps"),
        (["jitter@ad=3"], "Did you mean add"),
        (["invert@runs=2,add=3"], "runs is for generators"),
        (["invert@only=lying"], "go with an amount"),
        (["a: jitter@add=3", "a: jitter@add=4"], "two different arms are called 'a'"),
        (["jitter@shade=dark"], "jitter.shade = 'dark'"),
    ],
)
def test_stages_that_make_no_sense(ask: Any, arms: list[str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        ask(aug=arms)


def test_classifiers_are_profiled(ask: Any) -> None:
    result = ask(repeats=2)
    profile = result.results.profiles["linear"]
    assert profile.parameters == 2 * 28 * 28 + 2
    assert profile.multiply_adds == 2 * 28 * 28
    assert profile.latency_ms > 0


def test_a_limit_leaves_training_images_out(ask: Any) -> None:
    result = ask(per_class=8, limit={"lying": 3}, repeats=2)
    for repeat in range(2):
        assert images_of(result, "none", repeat) == {"standing": {"real": 8}, "lying": {"real": 3}}
    assert result.results.data.left_out == {"standing": 0, "lying": 5}
    with pytest.raises(InputError, match="Did you mean lying"):
        ask(limit={"lyin": 3})
