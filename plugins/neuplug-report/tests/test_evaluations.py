"""A section for each evaluator, in its own words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuplug import Metric
from neuplug_report import measures

from .conftest import SILENT, number

Make = Callable[..., dict[str, Any]]
Show = Callable[[dict[str, Any]], Any]


SHARE = number("share", 0.25, unit="share", n=20)


def entry(evaluator: str, arm: str, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"evaluator": evaluator, "key": f"{evaluator} {arm}", "arm": arm}
    found |= {"classifier": None, "repeat": 0, "metrics": [SHARE]}
    return found | {"figures": [], "warnings": [], "error": None} | changes


@pytest.fixture
def results(make: Make) -> dict[str, Any]:
    arms = {"none": 0.0, "dcgan": 0.0, "edcgan": 0.0}
    results = make(repeats=1, curves=False, arms=arms)
    names = ("pairs", "plain", "calibration")
    results["evaluators"] = dict.fromkeys(names, SILENT)
    return results


def headings(page: Any) -> list[str]:
    return [data for path, data in page.parts if path[-1:] == ("h2",)]


def test_each_has_a_section_with_its_own_heading_and_guide(
    results: dict[str, Any], show: Show
) -> None:
    results["evaluations"] = [entry("pairs", "dcgan"), entry("plain", "dcgan")]
    results["evaluators"] = {
        "pairs": {**SILENT, "title": "Closest pairs", "guide": "Left <b>is</b> real."},
        "plain": SILENT,
    }
    page = show(results)
    found = headings(page)
    assert found.index("plain") == found.index("Closest pairs") + 1  # its name, without a title
    guides = [data for path, data in page.parts if path[-1:] == ("p",) and "Left" in data]
    assert guides == ["Left <b>is</b> real."]  # text, whoever wrote it
    assert len([a for a in page.of("p") if a.get("class") == "guide"]) == 1


def test_one_that_failed_everywhere_has_no_section(results: dict[str, Any], show: Show) -> None:
    results["evaluations"] = [entry("pairs", "dcgan", metrics=[], error="it broke")]
    page = show(results)
    assert "pairs" not in headings(page)
    assert "dcgan, repeat 1, pairs failed: it broke" in page.text


def test_figures_stand_in_the_section_and_the_first_arm_is_open(
    results: dict[str, Any], show: Show, tmp_path: Path
) -> None:
    results["evaluations"] = []
    for arm in ("dcgan", "edcgan"):
        file = tmp_path / "evaluations" / arm / "0-crazing-pairs.png"
        file.parent.mkdir(parents=True)
        file.write_bytes(arm.encode())
        results["evaluations"].append(
            entry("pairs", arm, figures=[f"evaluations/{arm}/{file.name}"])
        )
    page = show(results)
    folds = [attributes for attributes in page.of("details") if "open" in attributes]
    assert len(folds) == 1 and len(page.of("img")) == 2
    assert [a["alt"] for a in page.of("img")] == [
        f"crazing pairs: pairs of {arm}, first repeat, simulated data"
        for arm in ("dcgan", "edcgan")
    ]


def test_a_figure_in_several_formats_is_shown_once_and_kept_in_all(
    results: dict[str, Any], show: Show, tmp_path: Path
) -> None:
    folder = tmp_path / "evaluations" / "dcgan"
    folder.mkdir(parents=True)
    names = ["line.png", "line.svg", "other.svg", "other.png"]
    for name in names:
        (folder / name).write_text("<svg/>")
    results["evaluations"] = [
        entry("pairs", "dcgan", figures=[f"evaluations/dcgan/{name}" for name in names])
    ]
    sources = [a["src"].partition(";")[0] for a in show(results).of("img")]
    assert sources == ["data:image/png", "data:image/svg+xml"]
    kept = {file.name for file in (tmp_path / "figures").iterdir()}
    assert {f"pairs-dcgan-{name}" for name in names} <= kept


def test_measures_are_rows_unless_arms_are_more(results: dict[str, Any], show: Show) -> None:
    both = [SHARE, number("distance", 3.0, n=20)]
    results["evaluations"] = [entry("pairs", arm, metrics=both) for arm in ("dcgan", "edcgan")]
    page = show(results)
    assert page.row("Measure") == "Measure dcgan n = 1, 20 images edcgan n = 1, 20 images"
    assert page.row("share") == "share % 25.0 one repeat 25.0 one repeat"
    results["evaluations"] = [entry("pairs", arm) for arm in ("dcgan", "edcgan")]
    page = show(results)
    assert page.row("Arm share") == "Arm share %"
    assert page.row("edcgan n = 1") == "edcgan n = 1, 20 images 25.0 one repeat"


def test_a_number_of_fewer_repeats_says_so(results: dict[str, Any], show: Show) -> None:
    first = [SHARE, number("distance", 3.0, n=20)]
    later = number("share", 0.35, unit="share", n=22)
    results["evaluations"] = [
        entry("pairs", "dcgan", metrics=first),
        entry("pairs", "dcgan", metrics=[later], repeat=1),
    ]
    page = show(results)
    assert page.row("Measure") == "Measure dcgan n = 2, 20 … 22 images"
    assert page.row("share") == "share % 30 (0 … 94)"  # no share is below zero
    assert page.row("distance") == "distance 3.00 one repeat n = 1"


def test_classifiers_that_were_looked_at_are_named(results: dict[str, Any], show: Show) -> None:
    results["classifiers"] = ["smallcnn", "resnet18"]
    results["evaluations"] = [
        entry("calibration", "dcgan", classifier=name) for name in ("smallcnn", "resnet18")
    ]
    page = show(results)
    assert page.row("dcgan with resnet18").startswith("dcgan with resnet18 n = 1, 20 images")


def shown(*values: float, unit: str = "") -> tuple[str, str]:
    found = measures.shown([Metric(**number("share", value, unit=unit)) for value in values])
    return found["middle"], found["spread"]


def test_measures_have_words_units_and_as_many_digits_as_their_interval_bears() -> None:
    kid = Metric(**number("kid", 1.0, "crazing", label="kernel distance", higher_is_better=False))
    assert (measures.words(kid), measures.unit(kid)) == ("kernel distance, crazing", "↓")
    share = Metric(**number("share", 0.2, unit="share", higher_is_better=True))
    assert (measures.words(share), measures.unit(share)) == ("share", "% ↑")
    error = Metric(**number("RMSE", 3.0, unit="grey levels"))
    assert measures.unit(error) == "grey levels"
    assert shown(88.1, 90.2, 95.0) == ("91.1", "± 8.8")
    assert shown(0.3, 0.31, 0.29, unit="share") == ("30.0", "± 2.5")
    assert shown(0.0012, 0.0013)[1] == "± 0.00064"
    assert shown(1.0, 1.0, unit="share") == ("100", "± 0")
    assert shown(30, 32, unit="images") == ("30 … 32", "")


def test_what_a_metric_has_within_a_repeat_stands_beside_it(
    results: dict[str, Any], show: Show
) -> None:
    kid = number("kid", 3.0, low=1.0, high=5.0, std=0.12, n=20, reference=0.4)
    lows = (0.12, 0.16)
    results["evaluations"] = [
        entry("pairs", "dcgan", repeat=i, metrics=[SHARE | {"low": low, "high": 0.4}, kid])
        for i, low in enumerate(lows)
    ]
    page = show(results)
    assert page.row("share") == "share % 25.0 ± 0.0 [14 … 40]"
    assert page.row("kid") == "kid 3.00 ± 0.00 [1.0 … 5.0], sd 0.12, real 0.400"
    assert "; in brackets its interval within a repeat; sd its standard deviation" in page.text
    assert "; real the value that real images have" in page.text
    results["evaluations"] = [entry("pairs", "dcgan")]
    assert "in brackets" not in show(results).text


def test_a_measure_of_fewer_images_says_so(results: dict[str, Any], show: Show) -> None:
    found = [SHARE, number("kid", 3.0, n=20), number("kid at n floor", 4.0, n=10)]
    results["evaluations"] = [entry("pairs", "dcgan", metrics=found)]
    page = show(results)
    assert page.row("Measure") == "Measure dcgan n = 1, 20 images"
    assert page.row("kid at n floor") == "kid at n floor 4.00 one repeat 10 images"


def test_an_interval_of_a_share_within_a_repeat_ends_where_shares_do(
    results: dict[str, Any], show: Show
) -> None:
    found = [SHARE | {"low": -0.02, "high": 0.4}, number("kid", 0.7, low=-0.02, high=1.4, n=20)]
    results["evaluations"] = [entry("pairs", "dcgan", metrics=found)]
    page = show(results)
    assert page.row("share").endswith("[0 … 40]")
    assert page.row("kid").endswith("[-0.02 … 1.40]".replace("-", "\N{MINUS SIGN}"))


def test_classes_called_low_and_high_are_no_interval(make: Make, show: Show) -> None:
    results = make(repeats=1, curves=False, classes=["low", "high"])
    results["evaluators"] = {"pairs": SILENT}
    found = [number("kid", 1.0, n=20), number("kid", 2.0, "low", low=1.5, high=2.5, n=20)]
    found.append(number("kid", 3.0, "high", n=20))
    results["evaluations"] = [entry("pairs", "dcgan", metrics=found)]
    page = show(results)
    assert page.row("kid, low") == "kid, low 2.00 one repeat [1.50 … 2.50]"
    assert page.row("kid, high") == "kid, high 3.00 one repeat"
