"""Confusion matrices: percent of the true class, with the number of images below."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from neuplug.experiment.parts import Arm
from neuplug.experiment.results import RunResults
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
)

# How much fits into a cell: up to so many classes ...
_WITH_COUNTS = 8  # percent and images
_WITH_PERCENT = 14  # percent alone; beyond it the depth of colour alone
_NAMED = 25  # every class has its name; beyond it every second, third, ...

_HEADS, _FOOT = 0.42, 0.3  # inches above and below the matrix

Matrix = Sequence[Sequence[float]]


def confusion_matrix(results: RunResults, arm: Arm, classifier: str) -> Drawing:
    """The mean over repeats for one arm and classifier."""
    classes, cells = results.data.classes, results.groups[arm.name, classifier]
    counts = np.mean([cell.test.confusion for cell in cells], axis=0).tolist()
    shares = [[n / sum(row) if sum(row) else math.nan for n in row] for row in counts]
    of = "one repeat" if len(cells) == 1 else f"mean of {len(cells)} repeats"
    aside = [arm.size, of, f"{cells[0].test_images} test images"]
    head = Title(f"{arm.base}, {classifier}", ", ".join(filter(None, aside)), results)
    recalls = ", ".join(f"{name} {_percent(shares[i][i])} %" for i, name in enumerate(classes))
    return Drawing(
        f"confusion {classifier} {arm.name}",
        f"Confusion matrix of {head.main}, {head.aside}. Found correctly: {recalls}.",
        _draw(head, classes, counts, shares),
    )


def _draw(head: Title, classes: Sequence[str], counts: Matrix, shares: Matrix) -> Figure:
    number = len(classes)
    left = MARGIN + min(0.3 + 0.08 * max(map(len, classes)), 1.55)
    wide = WIDTH - MARGIN - left
    row = min(max(0.82 * wide / number, 0.1), 0.62)
    figure = new_figure(TITLE + _HEADS + number * row + _FOOT, head)
    axes = put_axes(figure, left, TITLE + _HEADS, wide, number * row)
    axes.set(xlim=(0, number), ylim=(number, 0), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    aside = {"size": style.SMALL, "color": style.MUTED}
    style.put_text(figure, left, TITLE + 0.09, "predicted", **aside)
    style.put_text(figure, MARGIN, TITLE + _HEADS - 0.13, "true", **aside)
    unit = "percent of the true class"
    if number <= _WITH_COUNTS:
        unit += "; below it images"
    style.put_text(figure, left, TITLE + _HEADS + number * row + 0.13, unit, **aside)
    _name_classes(axes, classes, row, wide / number)
    places = list(np.ndindex(number, number))
    shown = [shares[i][j] if math.isfinite(shares[i][j]) else 0.0 for i, j in places]
    colors = [to_rgba(style.HEAT, 0.08 + 0.92 * share) for share in shown]
    squares = [_square(i, j) for i, j in places]
    axes.add_collection(PolyCollection(squares, facecolors=colors, linewidths=0))
    for i, j in places:
        if counts[i][j] or i == j:  # an empty cell says zero by itself
            _fill_cell(axes, i, j, counts[i][j], shares[i][j], number)
    return figure


def _square(i: int, j: int) -> list[tuple[float, float]]:
    low, high = 0.02, 0.98  # the rest is the white between two cells
    return [(j + x, i + y) for x, y in ((low, low), (high, low), (high, high), (low, high))]


def _name_classes(axes: Axes, classes: Sequence[str], row: float, column: float) -> None:
    """Number and name left of each row, the number alone over each column; sizes in inches."""
    step = math.ceil(len(classes) / _NAMED)
    for i, name in list(enumerate(classes))[::step]:
        text = textwrap.wrap(
            f"{i + 1} {name}",
            19,
            max_lines=2 if row > 0.3 else 1,
            placeholder=wording.ELLIPSIS,
        )
        size = min(9.0, 65 * row)
        axes.annotate(
            "\n".join(text), (0, i + 0.5), (-4, 0), textcoords="offset points", ha="right",
            va="center", size=size, linespacing=1.15,
        )  # fmt: skip
        axes.annotate(
            str(i + 1), (i + 0.5, 0), (0, 3), textcoords="offset points", ha="center",
            va="bottom", size=min(style.SMALL, 43 * column * step), color=style.MUTED,
        )  # fmt: skip


def _fill_cell(axes: Axes, i: int, j: int, count: float, share: float, number: int) -> None:
    if number > _WITH_PERCENT:
        return
    both = number <= _WITH_COUNTS
    look: dict[str, Any] = {"ha": "center", "va": "center"}
    size = 9.5 if number <= 6 else 8.5 if both else 7.5 if number <= 11 else 6.5
    weight = "bold" if i == j else "normal"
    axes.text(
        j + 0.5, i + (0.36 if both else 0.5), _percent(share), size=size, weight=weight, **look
    )
    if both:
        images = f"{count:.1f}".removesuffix(".0")
        axes.text(j + 0.5, i + 0.74, images, size=size - 1, **look)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}" if math.isfinite(share) else wording.MISSING
