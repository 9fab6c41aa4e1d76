"""Several numbers of real images: every arm against the baseline with as many."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuplug.experiment.summary import wording
from neuplug_report import strips
from neuplug_report.figures import write_figures
from neuplug_report.headline import headline
from neuplug_report.learning import learning_curves

from .conftest import curves_of, typed

Make = Callable[..., dict[str, Any]]
Show = Callable[[dict[str, Any]], Any]


def texts(svg: str) -> list[str]:
    return [e.text or "" for e in ET.fromstring(svg).iter("text")]


def alt(svg: str) -> str:
    return ET.fromstring(svg).attrib["aria-label"]


@pytest.fixture
def sized(make: Make) -> dict[str, Any]:
    """Two arms with 6 and with 10 images; with 10 the baseline is far better."""
    results = make(repeats=2, sizes=[6, 10], curves=False)
    for cell in results["cells"]:
        level = {"none (6 per class)": 0.5, "dcgan (6 per class)": 0.6}
        level |= {"none (10 per class)": 0.9, "dcgan (10 per class)": 0.85}
        cell["test"]["accuracy"] = level[cell["arm"]] + 0.01 * cell["repeat"]
    return results


def test_dots_are_differences_to_the_own_baseline(sized: dict[str, Any]) -> None:
    figure = strips.differences(typed(sized)).figure
    dots = [
        sorted(round(float(x), 3) for x in line.get_xdata())
        for axes in figure.axes
        for line in axes.get_lines()
        if line.get_marker() == "o" and line.get_alpha() == 0.55
    ]
    assert dots == [[10.0, 10.0], [-5.0, -5.0]]


def test_figures_name_the_number_once(sized: dict[str, Any], tmp_path: Path) -> None:
    figures = write_figures(typed(sized), curves_of(sized), tmp_path)
    for name in ("accuracy", "differences"):
        shown = texts(figures[name])
        assert "smallcnn, 6 per class" in shown and "smallcnn, 10 per class" in shown
        assert "dcgan" in shown and "dcgan (6 per class)" not in shown
    assert "10 per class, mean of 2 repeats" in alt(
        figures["confusion-smallcnn-dcgan-10-per-class"]
    )


def test_curves_of_a_classifier_have_a_figure_for_each_number(make: Make, tmp_path: Path) -> None:
    results = make(repeats=1, sizes=[6, 10])
    figures = write_figures(typed(results), curves_of(results), tmp_path)
    assert {"classifier-smallcnn-6-per-class", "classifier-smallcnn-10-per-class"} <= set(figures)


def test_the_page_says_with_how_many_images(sized: dict[str, Any], show: Show) -> None:
    page = show(sized)
    assert "to the arm none with as many real images over paired repeats" in page.text
    for baseline in ("none (6 per class)", "none (10 per class)"):
        assert page.row(baseline).endswith(f"{wording.MISSING} 2")
    captions = [" ".join(data for p, data in page.parts if p[-2:] == ("caption", "strong"))]
    assert "smallcnn, 6 per class smallcnn, 10 per class" in captions[0]


@pytest.fixture
def growing(sized: dict[str, Any]) -> dict[str, Any]:
    """With the comparisons of none with itself that a run makes."""
    for entry in sized["summary"]:
        if entry["metric"] == "accuracy":
            size = 10 if "10" in entry["arm"] else 6
            entry["mean"] = {6: 0.5, 10: 0.9}[size] + 0.05 * entry["arm"].startswith("dcgan")
            entry["low"], entry["high"] = entry["mean"] - 0.02, entry["mean"] + 0.02
    sized["comparisons"].append(
        sized["comparisons"][0]
        | {"arm": "none (10 per class)", "against": "none (6 per class)"}
        | {"question": "more images", "effect": 0.4, "low": 0.3, "high": 0.5, "verdict": "helps"}
    )
    return sized


def test_more_real_images_have_a_verdict_of_their_own(growing: dict[str, Any], show: Show) -> None:
    results = typed(growing)
    (more,) = results.compared("more images")
    assert more not in results.compared()
    sentence = wording.verdict_sentence(more, results)
    assert sentence.startswith(
        "10 real images per class are better for smallcnn than 6: +40.0 points accuracy, "
        "95 % interval +30.0 … +50.0, 2 repeats"
    )
    more = more.model_copy(update={"verdict": "one repeat"})
    assert wording.verdict_sentence(more, results).startswith(
        "10 real images per class with smallcnn beside 6: +40.0 points"
    )
    text = show(growing).text
    assert "More real images" in text


def test_without_an_augmentation_the_headline_is_about_more_images(
    growing: dict[str, Any],
) -> None:
    growing["comparisons"] = growing["comparisons"][-1:]
    assert headline(typed(growing)) == [
        ("helps", "More real images are better in 1 of 1 comparison.")
    ]


def test_learning_curves_show_an_arm_beside_none(growing: dict[str, Any]) -> None:
    (drawing,) = learning_curves(typed(growing))
    assert drawing.name == "learning smallcnn"
    assert "none: 6 images 50.0 % and 10 images 90.0 %" in drawing.alt
    assert "dcgan: 6 images 55.0 % and 10 images 95.0 %" in drawing.alt
    (axes,) = drawing.figure.axes
    lines = {
        tuple(round(float(y), 3) for y in line.get_ydata())
        for line in axes.get_lines()
        if line.get_linestyle() != "None"
    }
    assert {(50.0, 90.0), (55.0, 95.0)} <= lines
    assert list(axes.get_xticks()) == [6, 10]


def test_one_number_of_images_has_no_learning_curve(make: Make) -> None:
    assert list(learning_curves(typed(make(repeats=2, curves=False)))) == []


def test_more_arms_than_classes_stand_in_rows(make: Make, show: Show) -> None:
    arms = {"none": 0.0, "flip": 0.01, "dcgan": 0.02}
    page = show(make(repeats=1, arms=arms, curves=False))
    assert page.row("Arm crazing patches")
    wide = show(make(repeats=1, classes=["a", "b", "c"], arms=arms, curves=False))
    assert wide.row("Class none flip dcgan")
