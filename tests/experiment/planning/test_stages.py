"""What an arm's stages can be told, and what runs share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import neuplug
from neuplug import ImageSet

from .manifests import images_of


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


@pytest.mark.parametrize(
    ("settings", "images"),
    [
        ({"add": 9}, {"real": 12, "jitter": 18}),
        ({"to": 10}, {"real": 12, "jitter": 8}),
        ({"share": 0.75}, {"real": 12, "jitter": 36}),
        ({"share": 1}, {"jitter": 12}),
        ({"add": 9, "replace": True}, {"jitter": 18}),
        ({"to": 10, "replace": True}, {"jitter": 20}),
        ({}, {"real": 12, "jitter": 12}),
    ],
)
def test_amounts(ask: Any, settings: dict[str, Any], images: dict[str, int]) -> None:
    result = ask(aug=["jitter"], repeats=1, **settings)
    cell = next(c for c in result.results.cells if c.arm == "jitter")
    assert cell.train_images == images


def test_stages_with_amounts_of_their_own(ask: Any) -> None:
    """100 generated, then classical over both: the sixth task of Schlagenhauf et al."""
    chain = "jitter@add=2+invert@to=20"
    result = ask(aug=[chain, "jitter"], repeats=1, add=9)
    cell = next(c for c in result.results.cells if c.arm == chain)
    assert cell.train_images == {"real": 12, "jitter": 4, "invert": 24}


def test_a_list_of_amounts_makes_an_arm_of_each(ask: Any) -> None:
    result = ask(aug=["jitter", "invert"], repeats=1, add=[2, 4], val=0.0)
    names = [arm.name for arm in result.results.arms]
    assert names == ["none", "jitter (add=2)", "jitter (add=4)", "invert"]
    assert len(result.results.generators) == 2 * 2  # both amounts share the fits
    assert len({g.key for g in result.results.generators}) == 2


def test_a_class_that_has_enough_gets_no_generator(
    bars: ImageSet, lab: Any, tmp_path: Path
) -> None:
    few = bars.subset([i for i in range(40) if i % 2 == 0 or i < 20])  # 20 and 10 images
    result = neuplug.compose(
        few, aug=["jitter"], clf=["linear"], test=0.5, to=8, repeats=1, workers=0,
        project=tmp_path / "runs", training={"steps": 2},
    )  # fmt: skip
    assert [g.class_name for g in result.results.generators] == ["lying"]
    cell = next(c for c in result.results.cells if c.arm == "jitter")
    assert cell.train_images == {"real": 15, "jitter": 3}
