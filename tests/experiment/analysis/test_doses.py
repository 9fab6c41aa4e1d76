"""Several amounts: chosen on validation images, tested once."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from neuplug_tests.hearing import Hearing


@pytest.fixture(scope="module")
def result(ask_once: Any) -> Any:
    # the demand for many images of noise makes large amounts worse
    return ask_once(
        aug=["jitter", "invert+jitter", "same"],
        clf=["linear", "conv"],
        share=[0, 0.5, 0.9],
        per_class=10,
        repeats=2,
    )


def curves(result: Any) -> dict[tuple[str, str], list[dict[str, Any]]]:
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in result.results.doses:
        found.setdefault((row.family, row.classifier), []).append(row)
    return found


def told(result: Any) -> str:
    """What the terminal shows of a run, in one line."""
    return " ".join(str(result).split())


def test_each_curve_has_every_amount_and_one_choice(result: Any) -> None:
    found = curves(result)
    arms = {"none", "jitter", "invert+jitter"}
    assert set(found) == {(arm, clf) for arm in arms for clf in ("linear", "conv")}
    for (family, _), rows in found.items():
        if family == "none":
            assert [(r.arm, r.value, r.chosen) for r in rows] == [("none", None, False)]
            continue
        assert [(r.amount, r.value) for r in rows] == [
            ("share", 0.0), ("share", 0.5), ("share", 0.9),
        ]  # fmt: skip
        best = max(rows, key=lambda r: r.mean)
        (chosen,) = [r for r in rows if r.chosen]
        assert chosen.mean == best.mean
        assert all(r.n == 2 and 0 <= r.mean <= 1 for r in rows)
        # nothing is added: the same training as none, to the last bit
        assert rows[0].mean == found["none", rows[0].classifier][0].mean or (family != "jitter")


def test_only_the_choice_is_tested(result: Any) -> None:
    chosen = {(r.arm, r.classifier) for r in result.results.doses if r.chosen}
    tested = {(c.arm, c.classifier) for c in result.results.cells}
    others = {(arm, clf) for arm in ("none", "same") for clf in ("linear", "conv")}
    assert tested == chosen | others
    assert {(c.arm, c.classifier) for c in result.results.comparisons} <= tested
    assert {a.name for a in result.results.arms} == {arm for arm, _ in tested}
    assert any("it alone was scored" in s for s in result.results.protocol.sentences)
    with (result.folder / "results.csv").open() as file:
        assert {(r["arm"], r["classifier"]) for r in csv.DictReader(file)} == tested


def test_the_manifest_has_every_amount_all_the_same(result: Any) -> None:
    with (result.folder / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    families = ("jitter", "invert+jitter")
    amounts = {f"{f} (share={s})" for f in families for s in ("0", "0.5", "0.9")}
    assert {r["arm"] for r in rows if r["split"] == "train"} == {"none", "same"} | amounts
    # 2 of 10 images of a class are for validation
    assert sum(r["split"] == "val" and r["repeat"] == "0" for r in rows) == 4


def test_no_image_is_no_arm(ask: Any) -> None:
    """Of equals the smaller amount is chosen, and 1 % of a few images is none."""
    given: dict[str, Any] = {"share": [0, 0.01], "per_class": 10, "repeats": 2}
    result = ask(aug=["jitter", "jitter+same", "same"], **given)
    assert [r.arm for r in result.results.doses if r.chosen] == [
        "jitter (share=0)", "jitter+same (share=0)",
    ]  # fmt: skip
    found = [(c.arm, c.against, c.family) for c in result.results.comparisons]
    # with augmenters on each batch it is an arm, and theirs alone
    assert found == [("jitter+same (share=0)", "none", 2), ("same", "none", 2)]
    said = "jitter (share=0) adds no image for linear: it is none, and not compared with it."
    assert said in told(result)
    alone = ask(aug=["jitter"], **given)
    assert alone.verdicts() == {} and said in told(alone)


def test_as_many_images_as_there_are(ask: Any) -> None:
    arms = ["jitter", "jitter+same"]
    result = ask(aug=arms, to=[10, 30], per_class=10, repeats=2, val=0)
    found = [(c.arm, c.against, c.family) for c in result.results.comparisons]
    # jitter (to=10) has nothing but the ten real images
    assert found == [
        ("jitter (to=30)", "none", 3),
        ("jitter+same (to=10)", "none", 3), ("jitter+same (to=30)", "none", 3),
    ]  # fmt: skip
    assert "jitter (to=10) adds no image for linear: it is none" in told(result)


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_evaluators_look_at_the_choice_alone(ask: Any, workers: int) -> None:
    hearing = Hearing()
    result = ask(
        aug=["jitter", "jitter@add=2"],
        add=[2, 9, 30],
        per_class=10,
        repeats=1,
        eval=["brightness", "confidence", "broken"],
        on_event=hearing,
        workers=workers,
    )
    chosen = next(r.arm for r in result.results.doses if r.chosen)
    found = {(e.evaluator, e.arm): e.error for e in result.results.evaluations}
    assert set(found) == {
        (evaluator, arm)
        for evaluator in ("brightness", "confidence", "broken")
        for arm in ("none", "jitter@add=2", chosen)
    } - {("brightness", "none"), ("broken", "none")}
    assert all((name == "broken") == (error is not None) for (name, _), error in found.items())
    distinct = {e.key for e in result.results.evaluations if not e.error}
    assert hearing.done.count("evaluate") == len(distinct)


def test_without_validation_every_amount_is_an_arm(ask: Any) -> None:
    result = ask(aug=["jitter"], add=[2, 4], val=0.0)
    assert not result.results.doses
    assert {arm for arm, _ in result.verdicts()} == {"jitter (add=2)", "jitter (add=4)"}
    sentence = "there are no validation images to choose among the 2 amounts"
    assert [w for w in result.results.warnings if sentence in w]


def test_one_amount_is_no_dose(ask: Any) -> None:
    result = ask(aug=["jitter"], add=[4])
    assert not result.results.doses
    assert not [w for w in result.results.warnings if "amounts" in w]
    assert result.results.config["val"] == 0.0
