"""What arms are worth in photographs: sentences, the section, the figure."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from neuplug.console import PlainConsole
from neuplug.experiment.summary.terminal import print_summary
from neuplug.experiment.summary.wording import MINUS
from neuplug_report.figures import write_figures
from neuplug_report.photographs import HEADING, WorthSection, sentences, worth_words
from neuplug_report.worth import worth_curves

from .conftest import curves_of, typed

Make = Callable[..., dict[str, Any]]
Show = Callable[[dict[str, Any]], Any]

QUARTER, HALF = "none (a quarter)", "none (half)"


def expected(several: bool = True) -> list[dict[str, float | None]]:
    return [
        {
            "photographs": count,
            "value": 1 - 1 / count,
            "low": 1 - 1.5 / count if several else None,
            "high": 1 - 0.5 / count if several else None,
        }
        for count in (10, 20, 40, 50, 60, 70, 80)
    ]


def worth(arm: str, number: float | None, low: float | None, high: float | None) -> dict[str, Any]:
    return {"arm": arm, "photographs": number, "low": low, "high": high}


@pytest.fixture
def asked(make: Make) -> Callable[..., dict[str, Any]]:
    """Results of a run that was asked what arms are worth."""

    def made(*worths: dict[str, Any], repeats: int = 3) -> dict[str, Any]:
        arms = {QUARTER: -0.1, HALF: -0.05, "flip": 0.02, "dcgan": 0.01}
        raw = make(repeats=repeats, arms={"none": 0.0, **arms}, classifiers=["smallcnn"])
        raw["learning"] = [
            {
                "classifier": "smallcnn",
                "photographs": {QUARTER: 10, HALF: 20, "none": 40},
                "expected": expected(repeats > 1),
                "worth": worths,
            }
        ]
        return raw

    return made


def test_the_forecast_in_words(asked: Any) -> None:
    results = typed(asked())
    [said] = sentences(results.learning[0], results)
    assert said == (
        "With 60 photographs a class instead of 40 expect 98.3 % accuracy (97.5 to 99.2), with 80 "
        "98.8 % (98.1 to 99.4); beyond 80 is more than the data can tell."
    )


def test_classes_of_unequal_size_have_so_many_on_average(asked: Any) -> None:
    raw = asked()
    names = list(raw["data"]["train"])
    raw["data"]["train"][names[0]] += 3
    results = typed(raw)
    assert "60 photographs a class on average" in next(sentences(results.learning[0], results))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ((21.4, 11.6, 35.2), "21 (12 to 35)"),
        ((3.0, -4.0, 9.0), f"3 ({MINUS}4 to 9)"),
        ((21.0, 12.0, None), "21 (12 to more than 40)"),
        ((-9.0, None, 2.0), f"{MINUS}9 (below {MINUS}30 to 2)"),
        ((None, 40.0, None), "at least 40"),
        ((None, None, -30.0), f"at most {MINUS}30"),
        ((5.0, None, None), "unknown"),
        ((None, None, None), "unknown"),
    ],
)
def test_the_worth_in_words(asked: Any, found: Any, words: str) -> None:
    results = typed(asked(worth("flip", *found)))
    curve = results.learning[0]
    assert worth_words(curve.worth[0], curve, results) == words


def test_one_repeat_has_numbers_without_intervals(asked: Any) -> None:
    results = typed(asked(worth("flip", 21.0, None, None), repeats=1))
    first, second = sentences(results.learning[0], results)
    assert "expect 98.3 % accuracy, with 80 98.8 %;" in first
    assert second.endswith("flip 21 (one repeat: no interval).")


def test_arms_of_the_same_worth_are_named_together(asked: Any) -> None:
    arms = [worth("flip", None, None, None), worth("dcgan", None, None, None)]
    results = typed(asked(*arms))
    *_, last = sentences(results.learning[0], results)
    assert last == "How many photographs flip and dcgan would be worth cannot be told."


def test_terminal_and_page_show_the_sentences(asked: Any, show: Show) -> None:
    raw = asked(worth("flip", 21.0, 12.0, 35.0), worth("dcgan", 3.0, -4.0, 9.0))
    line = f"Worth in further photographs a class: flip 21 (12 to 35); dcgan 3 ({MINUS}4 to 9)."
    text = StringIO()
    print_summary(typed(raw), PlainConsole(file=text, width=100, no_color=True))
    assert line in text.getvalue()
    page = show(raw)
    assert HEADING in page.text and line in page.text


def test_without_it_there_is_no_section_and_no_figure(make: Make) -> None:
    results = typed(make(repeats=2))
    assert WorthSection().sections(results) == []
    assert list(worth_curves(results)) == []


def test_the_figure_has_the_curve_its_band_and_the_arms(asked: Any, tmp_path: Path) -> None:
    raw = asked(worth("flip", 21.0, 12.0, 35.0), worth("dcgan", 3.0, None, None))
    results = typed(raw)
    [drawing] = worth_curves(results)
    [axes] = drawing.figure.axes
    assert {text.get_text() for text in axes.texts} == {"flip", "dcgan"}
    marks = {
        round(float(line.get_xdata()[0]), 6): line.get_markerfacecolor()  # type: ignore[index]
        for line in axes.get_lines()
        if line.get_marker() == "D"
    }
    assert set(marks) == {61.0, 43.0} and len({*map(str, marks.values())}) == 2
    levels = {
        round(float(line.get_ydata()[0]), 6)  # type: ignore[index]
        for line in axes.get_lines()
        if line.get_marker() == "D"
    }
    means = [results.decisive(arm, "smallcnn") for arm in ("flip", "dcgan")]
    assert levels == {round(100 * mean.mean, 6) for mean in means if mean}
    measured = next(line for line in axes.get_lines() if line.get_marker() == "o")
    assert sorted(map(float, measured.get_xdata())) == [10, 20, 40]
    assert len(axes.collections) >= 2  # the band, and bars of what was measured
    figures = write_figures(results, curves_of(raw), tmp_path)
    assert "worth-smallcnn" in figures and "flip 21 (12 to 35)" in drawing.alt


def test_names_of_close_arms_do_not_touch(asked: Any) -> None:
    results = typed(asked(*(worth(arm, 1.0, -5.0, 5.0) for arm in ("flip", "dcgan"))))
    [drawing] = worth_curves(results)
    [axes] = drawing.figure.axes
    first, second = (axes.transData.transform((1, text.xyann[1]))[1] for text in axes.texts)
    letters = axes.texts[0].get_size() * drawing.figure.dpi / 72
    assert abs(first - second) >= 1.2 * letters
