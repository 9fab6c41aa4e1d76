"""Small plots of curves, two on a line, under one title and legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neuplug.experiment.results import Curve
from neuplug_figures import style
from neuplug_report.canvas import (
    MARGIN,
    TITLE,
    WIDTH,
    Title,
    new_figure,
    put_axes,
    shorten,
)

# A longer curve is averaged down to this many points
POINTS = 120

_COLORS = (style.BLUE, style.ORANGE, style.INK, style.MUTED)
# Inches: a panel, its heading, a line of text, the numbers below a panel
_PANEL, _HEADING, _LINE, _TICKS = 0.95, 0.27, 0.24, 0.22
_BETWEEN, _OVER = 0.08, 0.1  # inches between two panels; for the last number below each

Points = list[tuple[float, float]]


@dataclass
class Panel:
    """One small plot.

    Attributes:
        curves: Kind, points, and whether it is drawn faint.
        mark: A point to stand out, and what is said of it below the title.
    """

    title: str
    curves: list[tuple[str, Points, bool]] = field(default_factory=list)
    mark: tuple[float, float, str] | None = None


@dataclass(frozen=True)
class Layout:
    """How panels are drawn.

    Attributes:
        left: Inches for the numbers left of a panel.
        shared: Whether all panels have one vertical scale.
        legend: Whether the kinds of curves are named above them.
        foot: A line below all panels.
    """

    left: float = 0.34
    legend: bool = True
    shared: bool = True
    foot: str = ""


def points(curve: Curve) -> Points:
    """A curve, averaged in equal groups where it has many points."""
    if len(curve) <= POINTS:
        return list(curve)
    groups = np.array_split(np.asarray(curve), POINTS)
    return [(float(x), float(y)) for x, y in (group.mean(axis=0) for group in groups)]


def draw(head: Title, panels: Sequence[Panel], layout: Layout) -> Figure:
    """Draw panels; a curve has the colour of its kind in all of them."""
    heading = _HEADING + (_LINE - 0.06 if any(panel.mark for panel in panels) else 0.0)
    line = heading + _PANEL + _TICKS
    kinds = list(dict.fromkeys(kind for panel in panels for kind, _, _ in panel.curves))
    colors = {kind: _COLORS[i % len(_COLORS)] for i, kind in enumerate(kinds)}
    legend = _LINE if layout.legend else 0.0
    foot = _LINE if layout.foot else 0.0
    rows = math.ceil(len(panels) / 2)
    figure = new_figure(TITLE + legend + rows * line + foot + 0.04, head)
    x = MARGIN
    for kind, color in colors.items() if legend else ():
        style.put_text(figure, x, TITLE + 0.06, f"● {kind}", color=color, size=style.SMALL)
        x += 0.08 * (len(kind) + 3)
    wide = (WIDTH - 2 * MARGIN - 2 * layout.left - _BETWEEN) / 2 - _OVER
    for i, panel in enumerate(panels):
        left = MARGIN + (i % 2) * (layout.left + wide + _BETWEEN)
        top = TITLE + legend + (i // 2) * line
        style.put_text(figure, left, top + _HEADING / 2 + 0.02, shorten(panel.title, 28))
        if panel.mark is not None:
            said = {"size": style.SMALL, "color": style.ORANGE}
            style.put_text(figure, left, top + _HEADING + 0.05, f"◆ {panel.mark[2]}", **said)
        axes = put_axes(figure, left + layout.left, top + heading, wide, _PANEL)
        _fill(axes, panel, colors)
        axes.set_ylim(*_limits(panels if layout.shared else [panel]))
    if layout.foot:
        aside = {"size": style.SMALL, "color": style.MUTED}
        style.put_text(figure, MARGIN, TITLE + legend + rows * line + 0.14, layout.foot, **aside)
    return figure


def _fill(axes: Axes, panel: Panel, colors: dict[str, str]) -> None:
    for kind, curve, faint in panel.curves:
        look: dict[str, Any] = {"color": colors[kind], "linewidth": 1.2, "zorder": 2}
        if faint:
            look |= {"alpha": 0.25, "linewidth": 0.8, "zorder": 1}
        if len(curve) == 1:
            look |= {"marker": "o", "markersize": 3}
        axes.plot([x for x, _ in curve], [y for _, y in curve], **look)
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.margins(x=0.02)
    if panel.mark is not None:
        x, y, _ = panel.mark
        mark: dict[str, Any] = {"markersize": 6, "markeredgecolor": style.PAPER, "zorder": 3}
        axes.plot([x], [y], "D", color=style.ORANGE, clip_on=False, **mark)


def _limits(panels: Sequence[Panel]) -> tuple[float, float]:
    values = [y for panel in panels for _, curve, _ in panel.curves for _, y in curve]
    pad = 0.05 * (max(values) - min(values)) or 0.5
    return min(values) - pad, max(values) + pad
