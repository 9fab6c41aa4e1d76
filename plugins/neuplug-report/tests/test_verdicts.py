"""The words for numbers and verdicts."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from neuplug.experiment.results import Comparison, Mean
from neuplug.experiment.summary import wording
from neuplug_report import headline as heading
from neuplug_report.stats import magnitude

from .conftest import typed

Make = Callable[..., dict[str, Any]]


def comparison(
    verdict: str, effect: float, low: float | None, high: float | None, **changes: Any
) -> Comparison:
    p = None if low is None else 0.5
    found = {
        "arm": "dcgan",
        "classifier": "mobilenetv2",
        "against": "none",
        "question": "none",
        "metric": "accuracy",
        "effect": effect,
        "low": low,
        "high": high,
        "n": 1 if low is None else 3,
        "items": 60,
        "candidates": 1,
        "family": 1,
        "verdict": verdict,
    }
    found |= dict.fromkeys(("p", "p_equivalent", "adjusted_p", "adjusted_equivalent"), p)
    found |= {"detectable": p, "margin": 0.02}
    return Comparison.model_validate(found | changes)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (
            comparison("helps", 0.023, 0.009, 0.037),
            "dcgan helps mobilenetv2: +2.3 points accuracy, 95 % interval +0.9 … +3.7, 3 repeats",
        ),
        (
            comparison("no evidence", 0.004, -0.01, 0.018),
            "no evidence that dcgan helps or harms mobilenetv2: "
            "+0.4 points accuracy, 95 % interval \N{MINUS SIGN}1.0 … +1.8, 3 repeats",
        ),
        (
            comparison("equivalent", 0.004, -0.004, 0.012),
            "dcgan neither helps nor harms mobilenetv2 by 2 points or more: "
            "+0.4 points accuracy, 95 % interval \N{MINUS SIGN}0.4 … +1.2, 3 repeats",
        ),
        (
            comparison("helps", 0.01, 0.004, 0.016, adjusted_equivalent=0.01),
            "dcgan helps mobilenetv2, by less than 2 points: "
            "+1.0 points accuracy, 95 % interval +0.4 … +1.6, 3 repeats",
        ),
        (
            comparison("harms", -0.05, -0.06, -0.04),
            "dcgan harms mobilenetv2: \N{MINUS SIGN}5.0 points accuracy, "
            "95 % interval \N{MINUS SIGN}6.0 … \N{MINUS SIGN}4.0, 3 repeats",
        ),
        (
            comparison("one repeat", 0.012, None, None),
            "dcgan with mobilenetv2: +1.2 points accuracy, one repeat: no verdict, add --repeats",
        ),
    ],
)
def test_each_verdict_is_a_sentence(make: Make, entry: Comparison, sentence: str) -> None:
    real, simulated = (typed(make(simulated=so)) for so in (False, True))
    assert wording.verdict_sentence(entry, real) == sentence
    assert wording.verdict_sentence(entry, simulated) == f"{sentence}, simulated data"


@pytest.mark.parametrize(
    ("verdict", "claim"),
    [
        ("helps", "dcgan is better for mobilenetv2 than flip, the best classical arm"),
        ("harms", "dcgan is worse for mobilenetv2 than flip, the best classical arm"),
        (
            "equivalent",
            "dcgan is as good for mobilenetv2 as flip, the best classical arm, within 2 points",
        ),
        (
            "no evidence",
            "no evidence that dcgan is better or worse for mobilenetv2 than flip, "
            "the best classical arm",
        ),
    ],
)
def test_beside_the_best_classical_arm(make: Make, verdict: str, claim: str) -> None:
    beside = {"against": "flip", "question": "best classical"}
    entry = comparison(verdict, 0.01, -0.01, 0.03, **beside)
    assert wording.verdict_sentence(entry, typed(make())).startswith(
        f"{claim}: +1.0 points accuracy, 95"
    )


def test_an_interval_that_correction_has_overruled_is_explained(make: Make) -> None:
    corrected = {"family": 12, "adjusted_p": 0.07}
    entry = comparison("no evidence", 0.02, 0.003, 0.037, **corrected)
    sentence = wording.verdict_sentence(entry, typed(make(simulated=False)))
    assert sentence.endswith("3 repeats, p 0.07 when corrected for 12 comparisons")
    held = comparison("no evidence", 0.02, -0.003, 0.043, **corrected)
    assert "corrected" not in wording.verdict_sentence(held, typed(make()))


def test_what_could_not_be_seen(make: Make) -> None:
    results = make(
        arms=dict.fromkeys(["none", "flip", "dcgan", "twice"], 0.0), classifiers=["a", "b"]
    )
    results["arms"][3]["control"] = True
    points = {"flip": 0.02, "dcgan": 0.035, "twice": 0.1}
    for c in results["comparisons"]:
        c |= {"detectable": points[c["arm"]] if c["classifier"] == "a" else 0.04, "family": 6}
    for cell in results["cells"]:
        cell["test_images"] = 780
    assert wording.power_sentence(typed(results)) == (
        "With 3 repeats and 780 test images, a true difference under 2.9 points with a and "
        "4.0 points with b may well go unseen "
        "(power below 80 %, as the clearest of 6 comparisons)."
    )
    results["comparisons"] = [
        c | {"family": 1} for c in results["comparisons"] if c["arm"] == "twice"
    ][:1]
    assert wording.power_sentence(typed(results)).endswith(
        "a true difference under 10.0 points may well go unseen (power below 80 %)."
    )
    assert wording.power_sentence(typed(make(repeats=1))) == ""


def test_what_would_be_enough(make: Make) -> None:
    results = make(arms=dict.fromkeys(["none", "flip", "dcgan", "edcgan"], 0.0))
    results["comparisons"] = results["comparisons"][:3]
    for c, number, images in zip(
        results["comparisons"], (9, None, 7), (None, 1200, 8), strict=True
    ):
        c |= {"verdict": "no evidence", "enough_repeats": number, "enough_images": images}
    results["comparisons"][2]["verdict"] = "equivalent"
    assert wording.enough_sentence(typed(results)) == (
        "To decide what is open, expect to need about 9 repeats for flip; "
        "1200 test images for dcgan."
    )
    results["comparisons"][0]["verdict"] = results["comparisons"][1]["verdict"] = "helps"
    assert wording.enough_sentence(typed(results)) == ""


@pytest.mark.parametrize(
    ("value", "signed", "text"),
    [
        (0.9434, False, "94.3"),
        (0.0226, True, "+2.3"),
        (-0.0004, True, "\N{MINUS SIGN}0.0"),
        (0.0004, True, "+0.0"),
        (-0.0004, False, "0.0"),
        (0.0, True, "0.0"),
        (-0.021, True, "\N{MINUS SIGN}2.1"),
        (math.nan, False, "\N{EN DASH}"),
        (None, False, "\N{EN DASH}"),
    ],
)
def test_numbers(value: float | None, signed: bool, text: str) -> None:
    assert wording.number(value, wording.METRICS["accuracy"], signed=signed) == text


def test_plus_minus_stands_for_a_centred_interval_only() -> None:
    shown = wording.METRICS["accuracy"]
    assert wording.spread(Mean(mean=0.9, low=0.88, high=0.92, n=3), shown) == "± 2.0"
    assert wording.spread(Mean(mean=0.9, low=0.88, high=0.91, n=3), shown) == "(88.0 … 91.0)"
    assert wording.spread(Mean(mean=0.9, low=None, high=None, n=1), shown) == "one repeat"


def said(verdict: str, **changes: Any) -> Comparison:
    ends = (None, None) if verdict == "one repeat" else (0.0, 0.02)
    return comparison(verdict, 0.01, *ends, **changes)


Found = list[tuple[str, str, str]]


def told(make: Make, found: Found, *others: Comparison, controls: tuple[str, ...] = ()) -> Any:
    """Results with these verdicts beside *none*."""
    arms = ["none", *dict.fromkeys(arm for arm, _, _ in found)]
    results = make(arms=dict.fromkeys(arms, 0.0), classifiers=["a", "b", "c"], curves=False)
    for arm in results["arms"]:
        arm["control"] = arm["name"] in controls
    own = [said(v, arm=arm, classifier=classifier) for arm, classifier, v in found]
    results["comparisons"] = [c.model_dump() for c in (*own, *others)]
    return typed(results)


def headline(make: Make, found: Found, *others: Comparison, **about: Any) -> list[str]:
    return [text for _, text in heading.headline(told(make, found, *others, **about))]


def test_the_headline_joins_arms_of_one_fate(make: Make) -> None:
    found = [
        ("flip", "a", "no evidence"),
        ("dcgan", "a", "helps"),
        ("edcgan", "a", "helps"),
        ("flip", "b", "no evidence"),
        ("dcgan", "b", "helps"),
        ("edcgan", "b", "helps"),
    ]
    assert headline(make, found) == [
        "dcgan and edcgan help a and b.",
        "No evidence that flip helps or harms a and b.",
    ]


def test_the_headline_says_what_generators_do_beside_classical_arms(make: Make) -> None:
    found = [("flip", "a", "helps"), ("dcgan", "a", "helps"), ("twice", "a", "harms")]
    beside = {"against": "flip", "question": "best classical"}
    worse = comparison("harms", -0.02, -0.03, -0.01, classifier="a", **beside)
    # what a control does is no news
    assert headline(make, found, worse, controls=("twice",)) == [
        "flip and dcgan help a.",
        "dcgan is worse for a than the best classical arm.",
    ]
    others = [
        said("no evidence", classifier="b", **beside),
        said("helps", classifier="c", **beside),
    ]
    assert headline(make, found, worse, *others, controls=("twice",)) == [
        "Augmentation helps in 2 of 2 comparisons.",
        "Generated images beat the best classical arm in 1 of 3 comparisons, are worse in 1.",
    ]


def test_a_headline_of_controls_alone(make: Make) -> None:
    assert headline(make, [("twice", "a", "no evidence")], controls=("twice",)) == [
        "No evidence that twice helps or harms a."
    ]


def test_a_headline_that_would_be_long_counts(make: Make) -> None:
    found = [
        ("flip", "a", "no evidence"),
        ("flip", "b", "harms"),
        ("dcgan", "a", "helps"),
        ("edcgan", "b", "helps"),
    ]
    assert headline(make, found) == [
        "Augmentation helps in 2 of 4 comparisons, harms in 1; no evidence in 1."
    ]


def test_a_headline_of_many_arms_counts(make: Make) -> None:
    found = [(f"arm {i}", "a", "helps") for i in range(7)]
    assert headline(make, found) == ["Augmentation helps in 7 of 7 comparisons."]


def test_a_headline_without_a_verdict(make: Make) -> None:
    assert headline(make, [("dcgan", "a", "one repeat"), ("flip", "a", "one repeat")]) == [
        "One repeat: no verdict, add --repeats."
    ]
    assert headline(make, []) == ["Nothing to compare: no arm ran beside none."]


@pytest.mark.parametrize(
    ("count", "text"),
    [(940, "940"), (999.6, "1.0 k"), (9_940, "9.9 k"), (93_670, "94 k"), (2_231_558, "2.2 M"),
     (300_400_000, "300 M"), (4_100_000_000, "4.1 G")],
)  # fmt: skip
def test_magnitudes(count: float, text: str) -> None:
    assert magnitude(count) == text


def test_what_helps_most_comes_first(make: Make) -> None:
    results = make(classifiers=["mobilenetv2"], curves=False)
    found = [
        comparison("harms", -0.1, -0.2, -0.05),
        comparison("helps", 0.01, 0.005, 0.02),
        comparison("helps", 0.2, 0.1, 0.3),
    ]
    results["comparisons"] = [c.model_dump() for c in found]
    assert [c.effect for c in wording.ranked(typed(results))] == [0.2, 0.01, -0.1]


def test_verdicts_and_tables_load_no_array_library() -> None:
    heavy = "{'torch', 'numpy', 'scipy', 'matplotlib', 'PIL', 'jinja2'}"
    code = (
        "import sys, neuplug.experiment.summary.terminal; "
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_has_not_learnt_is_said_first(make: Make, show: Any) -> None:
    results = make(repeats=3)
    training = {"mean": 0.4, "low": 0.3, "high": 0.5, "n": 3}
    about = {"classifier": "smallcnn", "guessing": 0.31}
    results["learnt"] = [
        {**about, "arm": "none", "training": training, "never_answered": ["crazing"],
         "problem": "training images"},
        {**about, "arm": "dcgan", "training": None, "never_answered": [], "problem": None},
    ]  # fmt: skip
    (comparison,) = results["comparisons"]
    comparison |= {"unlearnt": ["none"], "verdict": "no evidence", "low": 0.01, "high": 0.03}
    page = show(results)
    said = "smallcnn has not learnt with none: it does not even recognise the real images"
    place = page.text.index(said)
    assert place < page.text.index("No evidence that dcgan helps or harms smallcnn.")
    assert "--steps" in page.text and "crazing is never answered with none" in page.text
    assert "40.0 % on the training images" in page.text and "up to 31.0 %" in page.text
    assert "3 repeats; smallcnn has not learnt with none" in page.text
    # power and number of repeats speak of comparisons that say something
    assert "may well go unseen" not in page.text and "expect to need" not in page.text


def test_a_number_and_its_half_interval_are_not_torn_apart(make: Make, report: Any) -> None:
    page = report(make(repeats=3))
    assert '</b>\N{NO-BREAK SPACE}<span class="spread">±' in page
    assert '</b> <span class="spread">±' not in page
