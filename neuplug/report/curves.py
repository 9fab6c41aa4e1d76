"""Losses over training steps: a small panel for each class of a generator, or each arm."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neuplug.report import reading, style
from neuplug.report.canvas import (
    MARGIN,
    TITLE,
    WIDTH,
    Drawing,
    Title,
    new_figure,
    put_axes,
    put_text,
    shorten,
    title,
)

POINTS = 120
"""A longer curve is averaged down to this many points."""

_COLORS = (style.BLUE, style.ORANGE, style.INK, style.MUTED)
_CLASSIFIER_CURVES = {"train_loss": "training", "val_loss": "validation"}
_PANEL, _HEADING, _LEGEND, _STEPS = 0.95, 0.27, 0.24, 0.22  # inches, from top to bottom
_LEFT, _BETWEEN = 0.34, 0.14  # inches: for the numbers left of a panel, between two panels

Points = list[tuple[float, float]]


@dataclass
class _Panel:
    """One small plot.

    Attributes:
        curves: Kind, points, and whether it is drawn faint.
    """

    title: str
    curves: list[tuple[str, Points, bool]] = field(default_factory=list)


def generator_curves(results: reading.Results) -> Iterator[Drawing]:
    """The losses of each generator of each arm, one panel for each class."""
    fits: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for fit in results.get("generators") or []:
        if any(_points(pairs) for pairs in (fit.get("curves") or {}).values()):
            fits.setdefault((fit["arm"], fit["stage"]), []).append(fit)
    names = reading.labels(results)
    for (arm, stage), members in fits.items():
        repeats = sorted({fit["repeat"] for fit in members})
        panels: dict[str, _Panel] = {}
        for fit in sorted(members, key=lambda fit: int(fit["repeat"])):
            name = fit["class"] or "all classes"
            panel = panels.setdefault(name, _Panel(name))
            for kind, pairs in fit["curves"].items():
                if points := _points(pairs):
                    panel.curves.append((kind, points, fit["repeat"] != repeats[0]))
        what = stage if arm == stage else f"{stage} in {names.get(arm, arm)}"
        head = title(what, results, _aside("loss", len(repeats)))
        shown = list(panels.values())
        yield Drawing(f"generator {arm} {stage}", _alt(head, shown), _draw(head, shown))


def classifier_curves(results: reading.Results, classifier: str) -> Iterator[Drawing]:
    """The losses of one classifier, one panel for each arm; nothing if none were recorded."""
    panels, repeats = [], 0
    for arm, label in reading.labels(results).items():
        panel = _Panel(label)
        cells = reading.cells(results, arm, classifier)
        for i, cell in enumerate(cells):
            for key, pairs in (cell.get("curves") or {}).items():
                if key in _CLASSIFIER_CURVES and (points := _points(pairs)):
                    panel.curves.append((_CLASSIFIER_CURVES[key], points, i > 0))
        if panel.curves:
            panels.append(panel)
            repeats = max(repeats, len(cells))
    if panels:
        head = title(classifier, results, _aside("loss in nats", repeats))
        yield Drawing(f"classifier {classifier}", _alt(head, panels), _draw(head, panels))


def _points(pairs: Any) -> Points:
    """Finite points only, averaged in equal groups where there are many."""
    kept = [(float(x), float(y)) for x, y in pairs or [] if y is not None and math.isfinite(y)]
    if len(kept) <= POINTS:
        return kept
    groups = np.array_split(np.asarray(kept), POINTS)
    return [(float(x), float(y)) for x, y in (group.mean(axis=0) for group in groups)]


def _aside(what: str, repeats: int) -> str:
    if repeats == 1:
        return f"{what} over steps; one repeat"
    return f"{what} over steps; first of {repeats} repeats, the others faint"


def _draw(head: Title, panels: Sequence[_Panel]) -> Figure:
    line = _HEADING + _PANEL + _STEPS
    figure = new_figure(TITLE + _LEGEND + math.ceil(len(panels) / 2) * line + 0.04, head)
    kinds = list(dict.fromkeys(kind for panel in panels for kind, _, _ in panel.curves))
    colors = {kind: _COLORS[i % len(_COLORS)] for i, kind in enumerate(kinds)}
    x = MARGIN
    for kind, color in colors.items():  # the legend, in the colours of the lines
        put_text(figure, x, TITLE + 0.06, f"● {kind}", color=color, size=style.SMALL)
        x += 0.08 * (len(kind) + 3)
    values = [y for panel in panels for _, points, _ in panel.curves for _, y in points]
    pad = 0.05 * (max(values) - min(values)) or 0.5
    wide = (WIDTH - 2 * MARGIN - 2 * _LEFT - _BETWEEN) / 2
    for i, panel in enumerate(panels):
        left = MARGIN + (i % 2) * (_LEFT + wide + _BETWEEN)
        top = TITLE + _LEGEND + (i // 2) * line
        put_text(figure, left, top + _HEADING / 2 + 0.02, shorten(panel.title, 28))
        axes = put_axes(figure, left + _LEFT, top + _HEADING, wide, _PANEL)
        for kind, points, faint in panel.curves:
            look: dict[str, Any] = {"color": colors[kind], "linewidth": 1.2, "zorder": 2}
            if faint:
                look |= {"alpha": 0.25, "linewidth": 0.8, "zorder": 1}
            if len(points) == 1:
                look |= {"marker": "o", "markersize": 3}
            axes.plot([x for x, _ in points], [y for _, y in points], **look)
        axes.set_ylim(min(values) - pad, max(values) + pad)
        axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.margins(x=0.02)
    return figure


def _alt(head: Title, panels: Sequence[_Panel]) -> str:
    ends = []
    for panel in panels:
        last = [f"{kind} {points[-1][1]:.2f}" for kind, points, faint in panel.curves if not faint]
        ends.append(f"{panel.title}: {', '.join(last) or 'no curve'}")
    return f"Training of {head.main}, {head.aside}. At the end of the first: {'; '.join(ends)}."
