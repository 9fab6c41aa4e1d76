"""An interval of a percentage ends at 0 and 100 wherever it is shown; that of a difference not."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from matplotlib.collections import LineCollection
from rich.console import Console

from neuplug.experiment.results import Effect, Mean
from neuplug.experiment.summary import wording
from neuplug.experiment.summary.terminal import print_summary
from neuplug_report import strips
from neuplug_report.doses import dose_curves
from neuplug_report.learning import learning_curves

from .conftest import typed

Make = Callable[..., dict[str, Any]]
Show = Callable[[dict[str, Any]], Any]

WIDE = {"mean": 0.9, "low": 0.6, "high": 1.2}
LOW = {"mean": 0.1, "low": -0.3, "high": 0.5}


@pytest.fixture
def results(make: Make) -> dict[str, Any]:
    """All means near 100 %, but for F1 of one class, which is near 0."""
    results = make(repeats=2, curves=False, sizes=[6, 10])
    for entry in results["summary"]:
        if entry["metric"] != "loss":
            entry |= LOW if entry["class_name"] == "patches" else WIDE
    return results


def test_a_table_gives_the_ends(results: dict[str, Any], show: Show) -> None:
    page = show(results)
    (row,) = [row for row in page.rows if "dcgan (6 per class)" in row and "±" in row]
    assert row.count("(60.0 … 100.0)") == 4  # accuracy, F1, precision, recall; not the loss
    assert page.row("patches").count("10.0 (0.0 … 50.0)") == 2  # of each arm
    stream = io.StringIO()
    print_summary(typed(results), Console(file=stream, width=160))
    assert stream.getvalue().count("90.0 (60.0 … 100.0)") == 4 * 4
    assert "120.0" not in stream.getvalue() + page.text


def ends(drawing: Any, axis: int) -> list[float]:
    """Of all bars of a figure, in percent."""
    found = [
        point[axis]
        for axes in drawing.figure.axes
        for bars in axes.collections
        if isinstance(bars, LineCollection)
        for segment in bars.get_segments()
        for point in segment
    ]
    assert found
    return [round(float(end), 6) for end in found]


def test_the_lines_of_a_figure_stop_there(results: dict[str, Any]) -> None:
    drawing = strips.accuracy(typed(results))
    lines = [line.get_xdata() for axes in drawing.figure.axes for line in axes.get_lines()]
    assert [60.0, 100.0] in [[round(float(x), 6) for x in line] for line in lines]
    assert "90.0 (60.0 … 100.0)" in drawing.alt
    (drawing,) = learning_curves(typed(results))
    assert set(ends(drawing, 1)) == {60.0, 100.0}


def test_so_do_those_of_amounts(results: dict[str, Any]) -> None:
    row = {"classifier": "smallcnn", "n": 2, "chosen": True}
    plain = {**row, "family": "none (6 per class)", "arm": "none (6 per class)", "amount": ""}
    plain["chosen"] = False
    arm = {**row, "family": "dcgan", "arm": "dcgan (6 per class)", "amount": "add"}
    results["doses"] = [
        {**plain, **WIDE, "value": None},
        {**arm, **LOW, "value": 20},
        {**arm, **WIDE, "value": 40, "chosen": False},
    ]
    (drawing,) = dose_curves(typed(results))
    assert set(ends(drawing, 1)) == {0.0, 50.0, 60.0, 100.0}


def test_neither_a_difference_nor_a_loss_ends_there() -> None:
    gain = Effect(effect=0.9, low=0.6, high=1.2, n=3)
    assert wording.spread(gain, wording.METRICS["accuracy"]) == "± 30.0"
    loss = Mean(mean=0.9, low=-0.6, high=2.4, n=3)
    assert wording.spread(loss, wording.METRICS["loss"]) == "± 1.500"
