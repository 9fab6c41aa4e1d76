"""Generators: each training once, in its own unit, with its best moment marked."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuplug_report.figures import write_figures
from neuplug_report.trainings import trainings, written

from .conftest import curves_of, typed

Make = Callable[..., dict[str, Any]]
Sharing = Callable[[dict[str, Any], str], None]
Mark = Callable[[dict[str, Any]], None]

THREE = {"none": 0.0, "dcgan: last": 0.0, "dcgan: best": 0.0}


def texts(svg: str) -> list[str]:
    return [e.text or "" for e in ET.fromstring(svg).iter("text")]


def alt(svg: str) -> str:
    return ET.fromstring(svg).attrib["aria-label"]


def drawn(results: dict[str, Any], folder: Path) -> dict[str, str]:
    return write_figures(typed(results), curves_of(results), folder)


def generators(figures: dict[str, str]) -> list[str]:
    return [name for name in figures if name.startswith("generator")]


def test_a_fit_that_arms_share_is_drawn_once_by_its_stage(
    make: Make, sharing: Sharing, tmp_path: Path
) -> None:
    results = make(arms=THREE, repeats=1)
    assert generators(drawn(results, tmp_path)) == [
        "generator-dcgan-in-dcgan-last",
        "generator-dcgan-in-dcgan-best",
    ]
    sharing(results, "dcgan: best")
    assert generators(drawn(results, tmp_path)) == ["generator-dcgan"]
    (training,) = trainings(typed(results))
    assert [fit.class_name for fit in training.fits] == ["crazing", "patches"]


def test_numbers_of_images_tell_trainings_apart(make: Make) -> None:
    results = make(repeats=1, sizes=[6, 10])
    assert [t.title for t in trainings(typed(results))] == [
        "dcgan, 6 per class",
        "dcgan, 10 per class",
    ]


def test_further_runs_and_classes_join_the_training(make: Make, sharing: Sharing) -> None:
    results = make(arms=THREE, repeats=1)
    sharing(results, "dcgan: best")
    last = results["generators"][-1]
    results["generators"] += [last | {"run": 1, "key": "second run"}]
    results["generators"] += [last | {"class_name": "scratches", "key": "third class"}]
    (training,) = trainings(typed(results))
    assert [f.key for f in training.fits][-2:] == ["third class", "second run"]
    assert len(training.first) == 3


def test_another_fit_of_the_same_class_stays_apart(make: Make, sharing: Sharing) -> None:
    results = make(arms=THREE, repeats=1)
    sharing(results, "dcgan: best")
    results["generators"][-1]["key"] = "learned from other images"
    first, second = trainings(typed(results))
    assert len(first.fits) == 2
    assert [fit.key for fit in second.fits] == ["learned from other images"]
    assert second.title == "dcgan in dcgan: best"


def test_epochs_where_every_fit_knows_them(
    make: Make, with_checkpoints: Mark, tmp_path: Path
) -> None:
    results = make(repeats=1)
    assert "loss over steps; one repeat" in texts(drawn(results, tmp_path)["generator-dcgan"])
    with_checkpoints(results)
    shown = texts(drawn(results, tmp_path)["generator-dcgan"])
    assert "loss over epochs; one repeat" in shown
    numbers = [int(text) for text in shown if text.isdecimal()]
    assert 50 <= max(numbers) <= 100  # 2000 steps of 20
    results["generators"][0]["epoch_steps"] = None
    assert trainings(typed(results))[0].unit == "step"


def test_the_nearest_checkpoint_is_marked_with_its_epoch(
    make: Make, with_checkpoints: Mark, tmp_path: Path
) -> None:
    results = make(repeats=2)
    with_checkpoints(results)
    # of the later repeat alone another epoch is the best: the first one's counts
    results["generators"][1]["checkpoints"][2][1] = 0.01
    figure = drawn(results, tmp_path)["distances-dcgan"]
    shown = texts(figure)
    assert shown.count("◆ best: epoch 50, 0.12") == 1  # crazing
    assert shown.count("◆ best: epoch 50, 0.14") == 1  # patches
    assert any("not KID" in text for text in shown)
    assert "crazing: distance 0.19, best: epoch 50, 0.12" in alt(figure)


@pytest.mark.parametrize("kept", [0, 1])
def test_fewer_than_two_checkpoints_have_no_figure(
    make: Make, with_checkpoints: Mark, tmp_path: Path, kept: int
) -> None:
    results = make(repeats=1)
    with_checkpoints(results)
    for fit in results["generators"]:
        fit["checkpoints"] = fit["checkpoints"][:kept]
    assert not any(name.startswith("distances") for name in drawn(results, tmp_path))


def test_several_runs_are_counted(make: Make, tmp_path: Path) -> None:
    results = make(repeats=1)
    fits = results["generators"]
    results["generators"] += [dict(f, run=1, key=f"{f['key']} again") for f in fits]
    shown = texts(drawn(results, tmp_path)["generator-dcgan"])
    assert "loss over steps; first of 2 trainings, the others faint" in shown


@pytest.mark.parametrize(("moment", "text"), [(20.0, "20"), (2.5, "2.5"), (30000, "30000")])
def test_moments(moment: float, text: str) -> None:
    assert written(moment) == text
