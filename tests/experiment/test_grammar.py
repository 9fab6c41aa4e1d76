"""An arm as it is typed, and what it means."""

from __future__ import annotations

import pytest

from neuplug import InputError
from neuplug.experiment.grammar import Amount, ArmSpec, StageSpec, parse_arm


def test_arms() -> None:
    assert parse_arm("none") == ArmSpec("", ())
    assert parse_arm("mirror").stages == (StageSpec("mirror"),)
    assert parse_arm("invert + jitter").stages == (StageSpec("invert"), StageSpec("jitter"))
    assert parse_arm("my-dist:jitter@add=100+invert@to=700,replace").stages == (
        StageSpec("my-dist:jitter", Amount("add", 100)),
        StageSpec("invert", Amount("to", 700, replace=True)),
    )


def test_arms_with_all_that_a_stage_can_be_told() -> None:
    settings = "to=700,keep=real,only=pitting/rust,runs=3,checkpoint=600/best,lr=1e-4"
    arm = parse_arm(f"GAN, 3 runs: jitter@{settings}")
    assert arm.label == "GAN, 3 runs"
    assert arm.stages == (
        StageSpec(
            "jitter",
            Amount("to", 700, keep_real=True),
            ("pitting", "rust"),
            (),
            3,
            (),
            {"checkpoint": "600/best", "lr": "1e-4"},
        ),
    )
    # what is written names it again
    assert parse_arm(str(arm.stages[0])).stages == arm.stages
    only_options = parse_arm("jitter@checkpoint=1800").stages[0]
    assert only_options.amount is None and only_options.options == {"checkpoint": 1800}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "not a component name"),
        ("mirror++jitter", "not a component name"),
        ("none+mirror", "none stands alone"),
        ("jitter@300", "is not a setting"),
        ("jitter@runs=0", "at least 1"),
        ("jitter@only=", "needs classes"),
        ("jitter@share=0.8,replace", "leave share out"),
        ("jitter@keep=all", "there is keep=real"),
        ("jitter@replace,keep=real", "not both"),
        (": jitter", "nothing before the colon"),
        ("none: jitter", "the real images alone"),
        ("jitter@add=3,to=5", "one of add, to and share"),
        ("jitter@add=many", "needs a number"),
        ("jitter@add=-1", "number of images"),
        ("jitter@add=1.5", "number of images"),
        ("jitter@share=1.2", "0 to 1"),
        ("jitter@replace=yes", "takes no value"),
        ("jitter@add=nan", "number of images"),
        ("jitter@to=inf", "number of images"),
        ("jitter@add=1,add=2", "given twice"),
    ],
)
def test_arms_that_make_no_sense(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        parse_arm(text)


@pytest.mark.parametrize(
    ("amount", "present", "images", "keeps"),
    [
        (Amount("add", 300), 40, 300, True),
        (Amount("to", 700), 100, 600, True),
        (Amount("to", 700), 900, 0, True),
        (Amount("to", 700, replace=True), 100, 700, False),
        (Amount("share", 0.5), 40, 40, True),
        (Amount("share", 0.8), 40, 160, True),
        (Amount("share", 0), 40, 0, True),
        (Amount("share", 1), 40, 40, False),
        (Amount(), 40, 40, True),
        (Amount(replace=True), 40, 40, False),
    ],
)
def test_amounts(amount: Amount, present: int, images: int, keeps: bool) -> None:
    assert amount.images(present) == images
    assert amount.keeps is keeps


def test_a_filter_that_does_not_exist_or_does_not_fit() -> None:
    assert str(parse_arm("jitter@filter=copies").stages[0]) == "jitter@filter=copies:0.01"
    assert len(parse_arm("jitter@filter=copies/agreement:0.9").stages[0].filters) == 2
    with pytest.raises(InputError, match=r"filter=copys is unknown\. Did you mean copies\?"):
        parse_arm("jitter@filter=copys")
    with pytest.raises(InputError, match="the level is a number from 0 to 1"):
        parse_arm("jitter@filter=copies:2")
