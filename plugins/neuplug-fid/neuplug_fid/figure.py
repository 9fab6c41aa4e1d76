"""The Fréchet distance against 1/N on paper, as wide as a telephone."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuplug_fid.extrapolation import Extrapolation

INK, MUTED, LINE, GENERATED = "#16191d", "#59616b", "#dfe3e8", "#d9622b"
# Inches
WIDTH, HEIGHT = 4.2, 3.2


def draw(name: str, against: str, found: Extrapolation) -> Figure:
    """The points, the line through them, and where it meets infinity.

    Args:
        name: Of the distance.
        against: The images that the generated ones are compared with.
        found: The line, with or without an interval.
    """
    figure = Figure(figsize=(WIDTH, HEIGHT), facecolor="white")
    value = f"at infinity {found.intercept:.3g}"
    if not math.isnan(found.low):
        value += f", 95 % interval {found.low:.3g} to {found.high:.3g}"
    figure.text(0.03, 0.95, name, size=10, weight="bold", color=INK, va="center")
    for line, text in enumerate((f"generated against {against}", value)):
        figure.text(0.03, 0.885 - 0.06 * line, text, size=8.5, color=MUTED, va="center")
    _plot(figure.add_axes((0.15, 0.17, 0.81, 0.58)), found)
    return figure


def _plot(axes: Axes, found: Extrapolation) -> None:
    last = found.inverse_counts[-1]
    ends = [found.intercept, found.intercept + found.slope * last]
    axes.plot([0, last], ends, color=MUTED, lw=1, zorder=1)
    axes.scatter(found.inverse_counts, found.distances, s=22, color=GENERATED, marker="^", zorder=2)
    reach = None if math.isnan(found.high) else found.high - found.intercept
    axes.errorbar(0, found.intercept, yerr=reach, color=INK, fmt="o", ms=5, capsize=4)
    counts = [str(round(1 / x)) for x in found.inverse_counts]
    axes.set_xticks([0, *found.inverse_counts], ["\N{INFINITY}", *counts])
    axes.set_xlim(-0.04 * last, 1.05 * last)
    axes.set_xlabel("N generated images, evenly in 1/N", size=8.5, color=INK)
    axes.tick_params(labelsize=8.5, labelcolor=INK, color=LINE)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(LINE)
