"""Accuracy on validation images against the amount of generated images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neuplug.experiment.results import Dose, RunResults
from neuplug.experiment.summary import wording
from neuplug_figures import style
from neuplug_report.canvas import (
    MARGIN,
    TITLE,
    WIDTH,
    Drawing,
    Title,
    new_figure,
    put_axes,
    shorten,
)
from neuplug_report.stats import bars

_AXES = {
    "share": "generated, % of the set",
    "add": "generated images per class",
    "to": "images per class afterwards",
}
_HEIGHT, _HEADING, _AXIS, _LEFT = 1.25, 0.42, 0.44, 0.42  # inches


def dose_curves(results: RunResults) -> Iterator[Drawing]:
    """One figure for each arm of which several amounts were compared, a plot per classifier."""
    rows = results.doses
    plain = {(r.arm, r.classifier): r for r in rows if r.value is None}
    arms = results.by_name
    for family in dict.fromkeys(r.family for r in rows if r.value is not None):
        curves: dict[str, list[Dose]] = {}
        for row in rows:
            if row.family == family:
                curves.setdefault(row.classifier, []).append(row)
        rival = next(arms[r.arm].against for r in rows if r.family == family and r.chosen)
        yield Drawing(
            f"dose {family}",
            _alt(results, family, curves),
            _draw(results, family, curves, {clf: plain.get((rival, clf)) for clf in curves}),
        )


def _draw(
    results: RunResults,
    family: str,
    curves: dict[str, list[Dose]],
    plain: dict[str, Dose | None],
) -> Figure:
    n = next(iter(curves.values()))[0].n
    shown = wording.decisive(results.metric)
    aside = f"{shown.name} on validation images in {shown.unit}, {wording.repeats(n)}; dashed: none"
    block = _HEADING + _HEIGHT + _AXIS
    head = Title(f"{family}: how many images", aside, results)
    figure = new_figure(TITLE + len(curves) * block, head)
    for i, (classifier, rows) in enumerate(curves.items()):
        top = TITLE + i * block
        chosen = next(row for row in rows if row.chosen)
        style.put_text(figure, MARGIN, top + 0.1, shorten(classifier, 40))
        value = wording.middle(chosen, shown)
        said = f"◆ chosen on validation images: {_amount(chosen)}, {value} {shown.unit}"
        style.put_text(figure, MARGIN, top + 0.28, said, size=style.SMALL, color=style.ORANGE)
        width = WIDTH - 2 * MARGIN - _LEFT - 0.1
        axes = put_axes(figure, MARGIN + _LEFT, top + _HEADING, width, _HEIGHT)
        _fill(axes, rows, plain[classifier], shown)
    return figure


def _fill(axes: Axes, rows: list[Dose], plain: Dose | None, shown: wording.Metric) -> None:
    rows = sorted(rows, key=_position)
    x = [_position(row) for row in rows]
    y = [shown.scale * row.mean for row in rows]
    if plain is not None:
        axes.axhline(
            shown.scale * plain.mean, color=style.INK, linewidth=1.0, linestyle=(0, (4, 3))
        )
    if all(row.low is not None for row in rows):
        reach = bars(rows, shown)
        axes.errorbar(x, y, reach, color=style.BLUE, linewidth=1.2, capsize=2, zorder=2)
    axes.plot(x, y, color=style.BLUE, linewidth=1.2, marker="o", markersize=3.5, zorder=3)
    for row in rows:
        if row.chosen:
            look: dict[str, Any] = {"marker": "D", "markersize": 6.5, "zorder": 4}
            look |= {"color": style.ORANGE, "clip_on": False}
            axes.plot([_position(row)], [shown.scale * row.mean], **look)
    axes.set_xlabel(_AXES[rows[0].amount])
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_locator(MaxNLocator(4))


def _position(row: Dose) -> float:
    return (row.value or 0.0) * (100 if row.amount == "share" else 1)


def _amount(row: Dose) -> str:
    if row.amount == "share":
        return f"{_position(row):g} % generated"
    return f"{row.amount} {_position(row):g}"


def _alt(results: RunResults, family: str, curves: dict[str, list[Dose]]) -> str:
    parts, shown = [], wording.decisive(results.metric)
    for classifier, rows in curves.items():
        points = [f"{_amount(row)} {wording.middle(row, shown)} {shown.unit}" for row in rows]
        chosen = next(row for row in rows if row.chosen)
        parts.append(f"{classifier}: {wording.listing(points)}; chosen {_amount(chosen)}")
    return f"Validation {shown.name} of {family} against the amount. " + ". ".join(parts) + "."
