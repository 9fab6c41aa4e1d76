"""Several numbers of real images: every arm against the baseline with as many."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuplug.report import reading, strips, verdicts
from neuplug.report.figures import write_figures

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
        cell["metrics"]["accuracy"] = level[cell["arm"]] + 0.01 * cell["repeat"]
    return results


def test_comparisons_with_ones_own_baseline_give_the_verdict(sized: dict[str, Any]) -> None:
    assert [c["arm"] for c in reading.comparisons(sized)] == [
        "dcgan (6 per class)",
        "dcgan (10 per class)",
    ]
    assert reading.other_comparisons(sized) == []
    sized["comparisons"][1]["against"] = "none (6 per class)"
    assert [c["arm"] for c in reading.comparisons(sized)] == ["dcgan (6 per class)"]
    assert len(reading.other_comparisons(sized)) == 1


def test_the_own_baseline_goes_without_saying(sized: dict[str, Any]) -> None:
    own, other = sized["comparisons"]
    assert "against" not in verdicts.verdict_sentence(own, sized)
    other["against"] = "none (6 per class)"
    assert "accuracy against none (6 per class)," in verdicts.verdict_sentence(other, sized)


def test_dots_are_differences_to_the_own_baseline(sized: dict[str, Any]) -> None:
    figure = strips.differences(sized).figure
    dots = [
        sorted(round(float(x), 3) for x in line.get_xdata())
        for axes in figure.axes
        for line in axes.get_lines()
        if line.get_marker() == "o" and line.get_alpha() == 0.55
    ]
    assert dots == [[10.0, 10.0], [-5.0, -5.0]]


def test_figures_name_the_number_once(sized: dict[str, Any], tmp_path: Path) -> None:
    figures = write_figures(sized, tmp_path)
    for name in ("accuracy", "differences"):
        shown = texts(figures[name])
        assert "smallcnn, 6 per class" in shown and "smallcnn, 10 per class" in shown
        assert "dcgan" in shown and "dcgan (6 per class)" not in shown
    assert "10 per class, mean of 2 repeats" in alt(
        figures["confusion-smallcnn-dcgan-10-per-class"]
    )


def test_curves_of_a_classifier_have_a_figure_for_each_number(make: Make, tmp_path: Path) -> None:
    figures = write_figures(make(repeats=1, sizes=[6, 10]), tmp_path)
    assert {"classifier-smallcnn-6-per-class", "classifier-smallcnn-10-per-class"} <= set(figures)


def test_the_page_says_with_how_many_images(sized: dict[str, Any], show: Show) -> None:
    page = show(sized)
    assert "to the arm none with as many real images over paired repeats" in page.text
    for baseline in ("none (6 per class)", "none (10 per class)"):
        assert page.row(baseline).endswith(f"{verdicts.MISSING} 2")
    captions = [" ".join(data for p, data in page.parts if p[-2:] == ("caption", "strong"))]
    assert "smallcnn, 6 per class smallcnn, 10 per class" in captions[0]


def test_more_arms_than_classes_stand_in_rows(make: Make, show: Show) -> None:
    arms = {"none": 0.0, "flip": 0.01, "dcgan": 0.02}
    page = show(make(repeats=1, arms=arms, curves=False))
    assert page.row("Arm crazing patches")
    wide = show(make(repeats=1, classes=["a", "b", "c"], arms=arms, curves=False))
    assert wide.row("Class none flip dcgan")
