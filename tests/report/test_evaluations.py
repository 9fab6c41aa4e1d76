"""A section for each evaluator, in its own words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuplug.report import measures

from .conftest import SILENT

Make = Callable[..., dict[str, Any]]
Show = Callable[[dict[str, Any]], Any]


def entry(evaluator: str, arm: str, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"evaluator": evaluator, "key": f"{evaluator} {arm}", "arm": arm}
    found |= {"classifier": None, "repeat": 0, "metrics": {"share": 0.25, "n": 20}}
    return found | {"figures": [], "warnings": [], "error": None} | changes


@pytest.fixture
def results(make: Make) -> dict[str, Any]:
    arms = {"none": 0.0, "dcgan": 0.0, "edcgan": 0.0}
    results = make(repeats=1, curves=False, arms=arms)
    names = ("pairs", "plain", "calibration")
    results["evaluators"] = {name: {**SILENT, "shares": ["share"]} for name in names}
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
    results["evaluations"] = [entry("pairs", "dcgan", metrics={}, error="it broke")]
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
    both = {"share": 0.25, "distance": 3.0, "n": 20}
    results["evaluations"] = [entry("pairs", arm, metrics=both) for arm in ("dcgan", "edcgan")]
    page = show(results)
    assert page.row("Measure") == "Measure dcgan n = 1, 20 images edcgan n = 1, 20 images"
    assert page.row("share") == "share % 25.0 one repeat 25.0 one repeat"
    results["evaluations"] = [entry("pairs", arm) for arm in ("dcgan", "edcgan")]
    page = show(results)
    assert page.row("Arm share") == "Arm share %"
    assert page.row("edcgan n = 1") == "edcgan n = 1, 20 images 25.0 one repeat"


def test_a_number_of_fewer_repeats_says_so(results: dict[str, Any], show: Show) -> None:
    first = {"share": 0.25, "distance": 3.0, "n": 20}
    results["evaluations"] = [
        entry("pairs", "dcgan", metrics=first),
        entry("pairs", "dcgan", metrics={"share": 0.35, "n": 22}, repeat=1),
    ]
    page = show(results)
    assert page.row("Measure") == "Measure dcgan n = 2, 20 … 22 images"
    assert page.row("share") == "share % 30 (0 … 94)"  # no share is below zero
    assert page.row("distance") == "distance 3.00 one repeat n = 1"


def test_classifiers_that_were_looked_at_are_named(results: dict[str, Any], show: Show) -> None:
    results["classifiers"].append("resnet18")
    results["evaluations"] = [
        entry("calibration", "dcgan", classifier=name) for name in ("smallcnn", "resnet18")
    ]
    page = show(results)
    assert page.row("dcgan with resnet18").startswith("dcgan with resnet18 n = 1, 20 images")


def test_measures_have_words_units_and_as_many_digits_as_their_interval_bears() -> None:
    terms = {"kid": "kernel distance", "copies": "copied images", "kid at n": "kernel at n"}

    def words(metric: str) -> str:
        return measures.words(metric, terms)

    assert words("copies, pixels") == "copied images, pixels"
    assert words("kid crazing") == "kernel distance, crazing"
    assert words("kid at n floor") == "kernel at n, floor"
    assert words("kidney") == "kidney"
    assert words("sharpness[resnet18] real") == "sharpness (resnet18), real"
    found = measures.shown([88.1, 90.2, 95.0], share=False)
    assert found == {"middle": "91.1", "spread": "± 8.8"}
    assert measures.shown([0.3, 0.31, 0.29], share=True) == {"middle": "30.0", "spread": "± 2.5"}
    assert measures.shown([0.0012, 0.0013], share=False)["spread"] == "± 0.00064"
    assert measures.shown([1.0, 1.0], share=True) == {"middle": "100", "spread": "± 0"}
    assert measures.is_share("copies, pixels", [0.0, 0.1], ["copies"])
    assert measures.is_share("share[net] crazing", [0.2], ["copies", "share"])
    assert not measures.is_share("copies, pixels", [0.0, 0.1], [])
    assert not measures.is_share("share", [0.2, 1.2], ["share"])
    assert not measures.is_share("shareholders", [0.2], ["share"])


def test_what_a_metric_spreads_within_a_repeat_stands_beside_it(
    results: dict[str, Any], show: Show
) -> None:
    found = {"share": 0.25, "share low": 0.12, "share high": 0.4, "kid crazing": 3.0}
    found |= {"kid crazing low": 1.0, "kid crazing high": 5.0, "kid crazing std": 0.12, "n": 20}
    results["evaluations"] = [
        entry("pairs", "dcgan", metrics=found),
        entry("pairs", "dcgan", metrics=found | {"share low": 0.16}, repeat=1),
    ]
    page = show(results)
    assert page.row("share") == "share % 25.0 ± 0.0 [14 … 40]"
    assert page.row("kid crazing") == "kid crazing 3.00 ± 0.00 [1.0 … 5.0], sd 0.12"
    rows = [row for row in page.rows if any(end in row for end in ("low", "high", "std"))]
    assert not rows
    assert "; in brackets its interval within a repeat; sd its standard deviation" in page.text


def test_an_end_without_its_metric_or_its_other_end_is_a_row(
    results: dict[str, Any], show: Show
) -> None:
    found = {"share": 0.25, "share low": 0.12, "inclusion high": 2.0, "lone std": 3.0, "n": 20}
    results["evaluations"] = [entry("pairs", "dcgan", metrics=found)]
    page = show(results)
    for name in ("share low", "inclusion high", "lone std"):
        assert page.row(name)
    assert "in brackets" not in page.text


def test_so_it_is_where_another_arm_has_the_metric(results: dict[str, Any], show: Show) -> None:
    ends = {"kid low": 1.25, "kid high": 5.5, "kid std": 0.75, "share": 0.25, "n": 20}
    results["evaluations"] = [
        entry("pairs", "dcgan", metrics={"kid": 3.0, **ends}),
        entry("pairs", "edcgan", metrics=ends),
    ]
    page = show(results)
    missing = "\N{EN DASH}"
    assert page.row("kid") == f"kid 3.00 one repeat [1.2 … 5.5], sd 0.75 {missing}"
    assert page.row("kid low").endswith("1.25 one repeat")
    assert page.row("kid high").endswith("5.50 one repeat")
    assert page.row("kid std").endswith("0.750 one repeat")


def test_a_count_has_its_spread_within_a_repeat_too(results: dict[str, Any], show: Show) -> None:
    found = {"n": 20, "n real": 30, "n real std": 2.5, "n real low": 25, "n real high": 36}
    results["evaluations"] = [entry("pairs", "dcgan", metrics=found)]
    assert show(results).row("images, real") == "images, real 30 [25.0 … 36.0], sd 2.5"


def test_an_interval_of_a_share_within_a_repeat_ends_where_shares_do() -> None:
    assert measures.within([-0.02], [0.4], [], share=True) == "[0 … 40]"
    assert measures.within([0.6], [1.2], [], share=True) == "[60 … 100]"
    assert measures.within([-0.02], [1.4], [], share=False) == "[-0.02 … 1.40]".replace(
        "-", "\N{MINUS SIGN}"
    )


def test_classes_called_low_and_high_are_no_interval(make: Make, show: Show) -> None:
    results = make(repeats=1, curves=False, classes=["low", "high"])
    results["evaluators"] = {"pairs": SILENT}
    found = {"kid": 1.0, "kid low": 2.0, "kid high": 3.0, "n": 20}
    found |= {"kid low low": 1.5, "kid low high": 2.5}
    results["evaluations"] = [entry("pairs", "dcgan", metrics=found)]
    page = show(results)
    assert page.row("kid low") == "kid low 2.00 one repeat [1.50 … 2.50]"
    assert page.row("kid high") == "kid high 3.00 one repeat"


def test_a_class_called_like_a_share_is_none(make: Make, show: Show) -> None:
    results = make(repeats=1, curves=False, classes=["copies", "recall"])
    found = {"distance copies": 0.5, "distance recall": 0.7, "n": 20}
    results["evaluations"] = [entry("pairs", "dcgan", metrics=found)]
    results["evaluators"] = {"pairs": {**SILENT, "shares": ["copies", "recall"]}}
    assert show(results).row("distance copies") == "distance copies 0.500 one repeat"
