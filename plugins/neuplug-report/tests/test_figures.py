"""The figures: what they say, where they are written, and that they fit any page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from neuplug.experiment.summary import wording
from neuplug_figures import style
from neuplug_report import svg
from neuplug_report.figures import write_figures
from neuplug_report.panels import POINTS

from .conftest import curves_of, typed

Make = Callable[..., dict[str, Any]]
Run = tuple[Path, dict[str, Any]]


def drawn_of(results: dict[str, Any], folder: Path) -> dict[str, str]:
    return write_figures(typed(results), curves_of(results), folder)


def texts(svg: str) -> list[str]:
    return [e.text or "" for e in ET.fromstring(svg).iter("text")]


def alt(svg: str) -> str:
    return ET.fromstring(svg).attrib["aria-label"]


@pytest.fixture(scope="module")
def drawn(small_run: Run) -> dict[str, str]:
    """The figures of a small run, as parts of a page."""
    return drawn_of(small_run[1], small_run[0])


def test_every_figure_is_returned_and_written_twice(small_run: Run, drawn: dict[str, str]) -> None:
    figures, tmp_path = drawn, small_run[0]
    assert list(figures) == [
        "accuracy",
        "differences",
        "generator-dcgan",
        "classifier-smallcnn",
        "confusion-smallcnn-none",
        "confusion-smallcnn-dcgan",
    ]
    written = sorted(p.name for p in (tmp_path / "figures").iterdir())
    assert written == sorted(f"{name}.{form}" for name in figures for form in ("png", "svg"))
    for name in figures:
        ET.parse(tmp_path / "figures" / f"{name}.svg")
        with Image.open(tmp_path / "figures" / f"{name}.png") as picture:
            assert picture.width == round(style.WIDTH * style.STYLE["savefig.dpi"])


def test_means_stand_with_interval_and_n(small_run: Run, drawn: dict[str, str]) -> None:
    results, figures = typed(small_run[1]), drawn
    shown = wording.METRICS["accuracy"]
    for entry in results.summary:
        if entry.metric == "accuracy":
            value = f"{wording.number(entry.mean, shown)} {wording.spread(entry, shown)}, n = 2"
            assert value in texts(figures["accuracy"])
            assert f"{entry.arm} {value}" in alt(figures["accuracy"])
    (c,) = results.comparisons
    effect = wording.number(c.effect, shown, signed=True)
    value = f"{effect} {wording.spread(c, shown)}, n = 2"
    assert value in texts(figures["differences"])


def test_one_repeat_has_no_interval(make: Make, tmp_path: Path) -> None:
    figures = drawn_of(make(repeats=1, curves=False), tmp_path)
    assert "one repeat: no interval" in texts(figures["accuracy"])
    assert not any("±" in text for text in texts(figures["accuracy"]))
    assert any("one repeat" in text for text in texts(figures["confusion-smallcnn-dcgan"]))


def test_confusions_are_percent_of_the_true_class_and_mean_counts(
    make: Make, tmp_path: Path
) -> None:
    results = make(repeats=2, classes=["crazing", "patches", "scratches"], curves=False)
    ours = [c for c in results["cells"] if c["arm"] == "dcgan"]
    ours[0]["test"]["confusion"] = [[6, 2, 0], [1, 1, 0], [0, 0, 0]]
    ours[1]["test"]["confusion"] = [[5, 3, 0], [0, 2, 0], [0, 0, 0]]
    figure = drawn_of(results, tmp_path)["confusion-smallcnn-dcgan"]
    found = texts(figure)[texts(figure).index("69") :]
    crazing, patches, scratches = (
        ["69", "5.5", "31", "2.5"],
        ["25", "0.5", "75", "1.5"],
        ["\N{EN DASH}", "0"],
    )
    assert found[:10] == crazing + patches + scratches
    assert "Found correctly: crazing 69 %, patches 75 %, scratches \N{EN DASH} %." in alt(figure)


@pytest.mark.parametrize("number", [1, 10, 30])
def test_any_number_of_classes(make: Make, tmp_path: Path, number: int) -> None:
    classes = [f"class number {i} with a rather long name" for i in range(number)]
    results = make(classes=classes, repeats=1, arms={"none": 0.0}, curves=False)
    figure = drawn_of(results, tmp_path)["confusion-smallcnn-none"]
    _, _, width, height = map(float, ET.fromstring(figure).attrib["viewBox"].split())
    assert height < 2.2 * width


def test_simulated_is_written_into_every_figure(
    drawn: dict[str, str], make: Make, tmp_path: Path
) -> None:
    for name, figure in drawn.items():
        assert "simulated data" in texts(figure), name
    for name, figure in drawn_of(make(simulated=False, repeats=1), tmp_path).items():
        assert "simulated" not in figure, name


def test_what_was_not_recorded_has_no_figure(make: Make, tmp_path: Path) -> None:
    results = make(repeats=1)
    results["generators"] = []
    for cell in results["cells"]:
        cell["curves"] = {}
    kinds = {name.partition("-")[0] for name in drawn_of(results, tmp_path)}
    assert kinds == {"accuracy", "differences", "confusion"}


def test_a_curve_of_a_conditional_generator_and_without_validation(
    make: Make, tmp_path: Path
) -> None:
    results = make(repeats=1)
    for fit in results["generators"]:
        fit["class_name"] = None
    for cell in results["cells"]:
        del cell["curves"]["val_loss"]
    figures = drawn_of(results, tmp_path)
    assert "all classes" in texts(figures["generator-dcgan"])
    assert "● training" in texts(figures["classifier-smallcnn"])
    assert "● validation" not in texts(figures["classifier-smallcnn"])


def test_a_long_curve_is_averaged(make: Make, tmp_path: Path) -> None:
    results = make(repeats=1, classes=["crazing"])
    (fit,) = results["generators"]
    fit["curves"] = {
        "discriminator": [[s, 1.0] for s in range(20_000)],
        "generator": [[0, 2.0], [4, 1.5]],
    }
    figure = drawn_of(results, tmp_path)["generator-dcgan"]
    points = max(path.attrib["d"].count("L") for path in ET.fromstring(figure).iter("path"))
    assert points < POINTS
    assert "discriminator 1.00, generator 1.50" in alt(figure)


def test_a_curve_of_another_unit_is_drawn_apart_from_the_losses(make: Make, tmp_path: Path) -> None:
    results = make(repeats=2)
    for fit in results["generators"]:
        fit["curves"]["chance"] = [[0, 0.0], [1000, 0.25], [2000, 0.5]]
        fit["units"] = {"chance": "probability"}
    figures = drawn_of(results, tmp_path)
    losses, apart = figures["generator-dcgan"], figures["generator-dcgan-probability"]
    assert "● discriminator" in texts(losses) and "chance" not in losses
    assert {"● chance", "dcgan"} < set(texts(apart)) and "discriminator" not in apart
    assert any(text.startswith("probability over steps") for text in texts(apart))
    assert "chance 0.50" in alt(apart)
    numbers = [float(text) for text in texts(apart) if re.fullmatch(r"0\.\d+", text)]
    assert max(numbers) <= 0.5  # its own scale


def test_an_accuracy_axis_ends_at_100_percent_and_cuts_no_number_off(
    make: Make, tmp_path: Path
) -> None:
    results = make(repeats=2, curves=False)
    for entry in results["summary"]:
        entry["high"] = 1.4
    figure = drawn_of(results, tmp_path)["accuracy"]
    ticks = [float(text) for text in texts(figure) if re.fullmatch(r"\d+", text)]
    assert 0 < min(ticks) < max(ticks) <= 100
    left, _, width, _ = map(float, ET.fromstring(figure).attrib["viewBox"].split())
    places = [
        float(element.attrib["x"])
        for element in ET.fromstring(figure).iter("text")
        if element.text in map(str, map(int, ticks))
    ]
    assert len(places) == len(ticks)
    assert all(left + 6 < place < left + width - 6 for place in places)  # half a number's width


def test_hostile_names_are_text(make: Make, tmp_path: Path, hostile: list[str]) -> None:
    figures = drawn_of(make(classes=hostile, repeats=1), tmp_path)
    shown = " ".join(texts(figures["generator-dcgan"]))
    assert hostile[0] in shown
    assert "$x^2$ [red]" in shown
    assert r"\x1b[31mesc\nline" in shown
    for figure in figures.values():
        assert "<b>" not in figure


def test_arms_that_differ_in_signs_only_keep_their_own_files(make: Make, tmp_path: Path) -> None:
    results = make(arms={"none": 0.0, "a+b": 0.0, "a-b": 0.0}, repeats=1, curves=False)
    figures = drawn_of(results, tmp_path)
    assert {"confusion-smallcnn-a-b", "confusion-smallcnn-a-b-2"} <= set(figures)


def test_inline_figures_follow_the_page(drawn: dict[str, str]) -> None:
    sheet = files("neuplug_report").joinpath("templates/page.css").read_text(encoding="utf-8")
    seen: set[str] = set()
    for name, figure in drawn.items():
        assert not re.search("#[0-9a-f]{6}", figure), name  # every colour is the page's
        assert "DejaVu" not in figure and "<style" not in figure and "http" not in figure
        for used in re.findall(r"var\((--\w+)\)", figure):
            assert f"{used}: #" in sheet
        ids = re.findall(r' id="([^"]+)"', figure)
        assert seen.isdisjoint(ids)
        seen.update(ids)
        for target in re.findall(r'(?:href="#|url\(#)([^")]+)', figure):
            assert target in ids, name
    assert seen


def test_page_and_figures_share_their_light_colours() -> None:
    sheet = files("neuplug_report").joinpath("templates/page.css").read_text(encoding="utf-8")
    light = sheet.partition("@media")[0]
    for color, custom in svg.PROPERTIES.items():
        assert f"{custom}: {color};" in light
