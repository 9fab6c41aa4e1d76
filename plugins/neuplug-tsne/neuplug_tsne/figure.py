"""Maps on paper: as wide as a telephone, real and generated told apart by shape and colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from neuplug_tsne.points import Points

INK, MUTED, LINE = "#16191d", "#59616b", "#dfe3e8"
REAL: dict[str, Any] = {"marker": "o", "color": "#1c5d9f"}
GENERATED: dict[str, Any] = {"marker": "^", "color": "#d9622b"}

WIDTH, MARGIN, GAP = 4.2, 0.08, 0.12
# Inches: of the figure, beside it, between panels; title with legend, a panel's caption
HEAD, CAPTION = 0.95, 0.3


@dataclass(frozen=True)
class Panel:
    """One map.

    Attributes:
        caption: What it shows, with its counts.
        points: Their places on it, (N, 2).
        shown: (N,), false for points that are only the background.
    """

    caption: str
    points: Points
    shown: NDArray[np.bool_]


def draw(title: str, asides: Sequence[str], panels: Sequence[Panel]) -> Figure:
    """Panels, two in a row.

    Args:
        title: What is shown.
        asides: Two lines on how to read it.
        panels: At least one.
    """
    across = min(2, len(panels))
    side = (WIDTH - 2 * MARGIN - (across - 1) * GAP) / across
    rows = -(-len(panels) // across)
    figure = Figure(figsize=(WIDTH, HEAD + rows * (CAPTION + side) + MARGIN), facecolor="white")
    _put(figure, MARGIN, 0.14, title, size=10, weight="bold", color=INK)
    for line, text in enumerate(asides):
        _put(figure, MARGIN, 0.36 + 0.19 * line, text, size=8.5, color=MUTED)
    _legend(figure, background=any(not panel.shown.all() for panel in panels))
    for i, panel in enumerate(panels):
        left = MARGIN + (i % 2) * (side + GAP)
        top = HEAD + (i // 2) * (CAPTION + side)
        _put(figure, left, top + CAPTION - 0.12, panel.caption, size=8.5, color=INK)
        wide, tall = figure.get_size_inches()
        place = (left / wide, 1 - (top + CAPTION + side) / tall, side / wide, side / tall)
        _scatter(figure.add_axes(place), panel, side)
    return figure


def _put(figure: Figure, x: float, y: float, text: str, **look: Any) -> None:
    """Text that begins ``x`` and whose middle is ``y`` inches from the top left corner."""
    wide, tall = figure.get_size_inches()
    figure.text(x / wide, 1 - y / tall, text, va="center", parse_math=False, **look)


def _legend(figure: Figure, background: bool) -> None:
    marks = [("real", REAL), ("generated", GENERATED)]
    if background:
        marks.append(("the other classes", {"marker": "o", "color": LINE}))
    handles = [Line2D([], [], ls="", ms=5, label=label, **look) for label, look in marks]
    wide, tall = figure.get_size_inches()
    figure.legend(
        handles=handles,
        loc="center left",
        bbox_to_anchor=(MARGIN / wide, 1 - 0.82 / tall),
        ncols=len(handles),
        frameon=False,
        fontsize=8.5,
        labelcolor=INK,
        borderpad=0,
        handlelength=1,
        handletextpad=0.4,
        columnspacing=1.2,
    )


def _scatter(axes: Axes, panel: Panel, side: float) -> None:
    axes.set(xticks=[], yticks=[], facecolor="none")
    axes.margins(0.05)
    axes.spines[:].set_color(LINE)
    # marks shrink with the crowd: together they cover about the same part of the panel
    area = float(np.clip((side * 72) ** 2 / 8 / len(panel.points), 7, 22))
    x, y = panel.points.rows.T
    behind = ~panel.shown
    axes.scatter(x[behind], y[behind], s=area / 2, color=LINE, linewidth=0)
    is_real = panel.points.is_real
    # the real images are the fewer: on top, they are seen among any number of generated ones
    for look, kind in ((GENERATED, ~is_real), (REAL, is_real)):
        chosen = kind & panel.shown
        axes.scatter(
            x[chosen], y[chosen], s=area, alpha=0.8, edgecolor="white", linewidth=0.3, **look
        )
