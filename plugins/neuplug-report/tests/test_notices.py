"""Warnings: with the arms and repeats for which they hold, and those of one kind in one line."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from neuplug.experiment.summary.terminal import print_summary

from .conftest import typed

Make = Callable[..., dict[str, Any]]
Show = Callable[[dict[str, Any]], Any]

FEW = "20 images are few."
ARMS = {"none": 0.0, "dcgan": 0.0, "edcgan": 0.0, "duplicate": 0.0}


@pytest.fixture
def results(make: Make) -> dict[str, Any]:
    """Three arms besides *none*, the last of them a control; the only warning is of the run."""
    results = make(arms=ARMS, repeats=3)
    results["arms"][-1]["control"] = True
    results["evaluations"] = []
    results["warnings"] = ["Files were skipped."]
    return results


def told(arm: str, repeat: int, *sentences: str, **changes: Any) -> dict[str, Any]:
    """What an evaluator says of an arm."""
    entry = {"evaluator": "fid", "key": f"{arm}{repeat}", "arm": arm, "classifier": None}
    entry |= {"repeat": repeat, "metrics": [], "figures": [], "warnings": list(sentences)}
    return entry | {"error": None} | changes


def said(results: dict[str, Any]) -> list[str]:
    """The warnings in the terminal."""
    stream = io.StringIO()
    print_summary(typed(results), Console(file=stream, width=1000))
    lines = (line.strip() for line in stream.getvalue().splitlines())
    return [line.removeprefix("warning: ") for line in lines if line.startswith("warning: ")]


def listed(page: Any) -> list[str]:
    """The lines of the page's list of warnings, and of the lists below them."""
    return [data.strip() for path, data in page.parts if path[-1:] == ("li",) and data.strip()]


def test_a_sentence_is_told_once_with_all_that_it_holds_for(results: dict[str, Any]) -> None:
    results["evaluations"] = [
        told("duplicate", 0, FEW),
        *(told("dcgan", repeat, FEW) for repeat in (0, 1, 2)),
        *(told("edcgan", repeat, FEW) for repeat in (0, 2)),
    ]
    expected = [
        "dcgan, repeats 1 to 3, fid: 20 images are few.",
        "edcgan, repeats 1 and 3, fid: 20 images are few.",
        "duplicate (control), repeat 1, fid: 20 images are few.",
    ]
    assert typed(results).warnings == ("Files were skipped.", *expected)
    assert said(results) == ["Files were skipped.", *expected]


def test_arms_with_the_same_repeats_are_named_together(results: dict[str, Any]) -> None:
    arms = ("duplicate", "dcgan", "edcgan")
    results["evaluations"] = [told(arm, repeat, FEW) for arm in arms for repeat in (0, 1)]
    expected = f"dcgan, edcgan and duplicate (control), repeats 1 and 2, fid: {FEW}"
    assert said(results)[1:] == [expected]


def test_a_control_comes_last_whatever_its_place(results: dict[str, Any]) -> None:
    results["evaluations"] = [told("duplicate", 0, "copies."), told("dcgan", 0, "blur.")]
    assert said(results)[1:] == [
        "dcgan, repeat 1, fid: blur.",
        "duplicate (control), repeat 1, fid: copies.",
    ]


def test_a_classifier_is_named_and_an_evaluator_only_once(results: dict[str, Any]) -> None:
    results["evaluations"] = [
        told("dcgan", 0, "fid left out crazing.", classifier="smallcnn"),
    ]
    assert said(results)[1:] == ["dcgan with smallcnn, repeat 1: fid left out crazing."]


def test_one_that_failed_says_where(results: dict[str, Any]) -> None:
    results["evaluations"] = [told("dcgan", r, error="no weights") for r in (0, 1)]
    assert said(results)[1:] == ["dcgan, repeats 1 and 2, fid failed: no weights"]


def test_one_kind_is_a_line(results: dict[str, Any], show: Show) -> None:
    def few(name: str, count: int, by: str) -> str:
        return f"net18: {count} images of {name} are few, by {by}"

    each = [("crazing", 9, "-2.5"), ("patches", 10, "1e-3"), ("crazing", 1000, "0.5")]
    results["evaluations"] = [told("dcgan", i, few(*found)) for i, found in enumerate(each)]
    results["evaluations"].append(told("edcgan", 0, few("crazing", 9, "7")))
    single = [f"dcgan, repeat {i + 1}, fid: {few(*found)}" for i, found in enumerate(each)]
    other = "edcgan, repeat 1, fid: net18: 9 images of crazing are few, by 7"
    lines = ["Files were skipped.", f"{single[0]} (2 more like this)", other]
    assert said(results) == lines
    page = show(results)
    shown = [text.replace("\N{NO-BREAK SPACE}", " ") for text in listed(page)]
    assert shown[:6] == [*lines[:2], *single, other]
    assert "Each of the 3" in page.text


def test_classes_whose_names_are_part_of_others_or_of_words(make: Make) -> None:
    names = ["rust", "rust (deep)", "1", "[b]"]
    results = make(arms=ARMS, classes=names, repeats=1, curves=False)
    results["evaluations"] = [
        told("dcgan", 0, *(f"{name} is rare." for name in names), "rusty is.")
    ]
    assert said(results)[1:] == [
        "dcgan, repeat 1, fid: rust is rare. (3 more like this)",
        "dcgan, repeat 1, fid: rusty is.",
    ]


def test_numbers_of_thousands_are_whole(results: dict[str, Any]) -> None:
    images = ["1,000 images of [0,100]", "2,500 images of [0,120]", "12 images of [0,130]"]
    results["evaluations"] = [told("dcgan", 0, *images)]
    assert said(results)[1:] == [f"dcgan, repeat 1, fid: {images[0]} (2 more like this)"]


def test_generators_say_what_was_trained(results: dict[str, Any]) -> None:
    """With the fit's name before it, as the GANs word it, or without."""
    fits = [fit for fit in results["generators"] if fit["arm"] == "dcgan"]
    for fit in fits:
        name = f"dcgan, repeat {fit['repeat'] + 1}, {fit['class_name']}"
        fit["warnings"] = [f"{name}: the images are alike: 0.{fit['repeat']}"]
    alike = "dcgan, repeat 1, crazing: the images are alike: 0.0 (5 more like this)"
    assert said(results)[1:] == [alike]
    for fit in fits:
        fit["warnings"] = ["the images are alike"] if fit["repeat"] == 1 else []
    said_of_one = "dcgan, repeat 2, crazing: the images are alike (1 more like this)"
    assert said(results)[1:] == [said_of_one]


def test_a_generator_in_an_arm_of_another_name_is_named(results: dict[str, Any]) -> None:
    fit = next(fit for fit in results["generators"] if fit["arm"] == "edcgan")
    fit["warnings"] = ["it is blurred"]
    assert said(results)[1:] == ["edcgan, repeat 1, dcgan, crazing: it is blurred"]


def test_a_generator_of_a_control_is_marked(results: dict[str, Any]) -> None:
    for arm in results["arms"]:
        arm["control"] = arm["name"] == "dcgan"
    fits = [fit for fit in results["generators"] if fit["arm"] == "dcgan"]
    fits[0]["warnings"] = ["it is blurred"]
    assert said(results)[1:] == ["dcgan (control), repeat 1, crazing: it is blurred"]


def test_a_filter_names_its_arm(results: dict[str, Any]) -> None:
    results["filtered"] = [
        {"arm": "dcgan", "repeat": repeat, "warnings": [f"filter left {kept} of 60 images."]}
        | {"class_name": "crazing", "key": "k", "filters": [], "wanted": 60}
        | {"images": kept, "drawn": 60}
        for repeat, kept in enumerate((7, 12))
    ]
    left = "dcgan, repeat 1: filter left 7 of 60 images. (1 more like this)"
    assert said(results)[1:] == [left]


def test_what_results_have_already_is_not_told_twice(results: dict[str, Any]) -> None:
    results["evaluations"] = [told("dcgan", repeat, FEW) for repeat in range(3)]
    results["warnings"].append(f"dcgan, repeats 1 to 3, fid: {FEW}")
    assert said(results) == ["Files were skipped.", f"dcgan, repeats 1 to 3, fid: {FEW}"]
