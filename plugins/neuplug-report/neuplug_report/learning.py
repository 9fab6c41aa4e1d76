"""Learning curves: accuracy against the number of real images, each arm beside ``none``."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from neuplug.experiment.results import Mean, RunResults
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

_COLUMNS = 2
_HEIGHT, _HEADING, _AXIS, _LEFT, _GAP = 1.05, 0.26, 0.42, 0.36, 0.14  # inches

# Real images per class to the summary of the accuracy
Curve = dict[int, Mean]


def learning_curves(results: RunResults) -> Iterator[Drawing]:
    """A figure for each classifier, with a small plot for each arm."""
    for classifier in results.classifiers:
        curves = _curves(results, classifier)
        plain = curves.pop("none", {})
        if len(plain) > 1:
            yield Drawing(
                f"learning {classifier}",
                _alt(results, classifier, plain, curves),
                _draw(results, classifier, plain, curves),
            )


def _curves(results: RunResults, classifier: str) -> dict[str, Curve]:
    """Each arm's means by its number of real images, the baseline's too."""
    found: dict[str, Curve] = {}
    for arm in results.arms:
        entry = results.decisive(arm.name, classifier)
        if entry is not None and arm.per_class is not None:
            found.setdefault(arm.base, {})[arm.per_class] = entry
    return found


def _draw(results: RunResults, classifier: str, plain: Curve, curves: dict[str, Curve]) -> Figure:
    counts = sorted({mean.n for curve in (plain, *curves.values()) for mean in curve.values()})
    said = f"{counts[0]} to {wording.repeats(counts[-1])}"  # fewer where a look has decided
    said = said if counts[1:] else wording.repeats(counts[0])
    shown = wording.decisive(results.metric)
    aside = f"mean {shown.name} in {shown.unit} with 95 % interval, {said}; "
    aside += "dashed: none"
    plots = list(curves.items()) or [("none", plain)]
    lines = -(-len(plots) // _COLUMNS)
    block = _HEADING + _HEIGHT
    height = TITLE + lines * (block + _GAP) + _AXIS
    figure = new_figure(height, Title(f"{classifier}: more real images", aside, results))
    columns = min(_COLUMNS, len(plots))
    room = (WIDTH - 2 * MARGIN - _LEFT - _GAP * (columns - 1)) / columns
    limits = _limits([plain, *curves.values()], shown)
    for i, (arm, curve) in enumerate(plots):
        line, column = divmod(i, _COLUMNS)
        left = MARGIN + _LEFT + column * (room + _GAP)
        top = TITLE + line * (block + _GAP)
        style.put_text(figure, left, top + 0.12, shorten(arm, 46 // columns), weight="bold")
        axes = put_axes(figure, left, top + _HEADING, room, _HEIGHT)
        _fill(axes, curve, plain, shown)
        axes.set(ylim=limits)
        lowest = i + columns >= len(plots)
        axes.tick_params(labelbottom=lowest, labelleft=column == 0)
        if lowest:
            axes.set_xlabel("real images per class")
    return figure


def _fill(axes: Axes, curve: Curve, plain: Curve, shown: wording.Metric) -> None:
    sizes = sorted(plain)
    axes.plot(
        sizes,
        [shown.scale * plain[size].mean for size in sizes],
        color=style.INK, linewidth=1.0, linestyle=(0, (4, 3)), marker="o", markersize=2,
    )  # fmt: skip
    own = sorted(curve)
    y = [shown.scale * curve[size].mean for size in own]
    if all(curve[size].low is not None for size in own):
        reach = bars([curve[size] for size in own], shown)
        axes.errorbar(own, y, reach, color=style.BLUE, linewidth=1.2, capsize=2, zorder=2)
    axes.plot(own, y, color=style.BLUE, linewidth=1.2, marker="o", markersize=3.5, zorder=3)
    axes.set_xscale("log")
    axes.set_xlim(sizes[0] / 1.25, sizes[-1] * 1.25)
    axes.xaxis.set_major_locator(FixedLocator(_apart(sizes)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_locator(MaxNLocator(4))


def _apart(sizes: list[int]) -> list[int]:
    """The numbers that can be written along the axis without touching, from the largest down."""
    kept = [sizes[-1]]
    for size in reversed(sizes[:-1]):
        if kept[-1] / size >= (sizes[-1] / sizes[0]) ** 0.15:
            kept.append(size)
    return kept[::-1]


def _limits(curves: list[Curve], shown: wording.Metric) -> tuple[float, float]:
    entries = [wording.bounded(entry, shown) for curve in curves for entry in curve.values()]
    values = [v for e in entries for v in (e.mean, e.low, e.high) if v is not None]
    low, high = shown.scale * min(values), shown.scale * max(values)
    pad = max(0.06 * (high - low), 0.005 * shown.scale)
    return low - pad, high + pad


def _alt(results: RunResults, classifier: str, plain: Curve, curves: dict[str, Curve]) -> str:
    parts, shown = [], wording.decisive(results.metric)
    for arm, curve in {"none": plain, **curves}.items():
        points = [
            f"{size} images {wording.number(curve[size].mean, shown)} {shown.unit}"
            for size in sorted(curve)
        ]
        parts.append(f"{arm}: {wording.listing(points)}")
    return (
        f"{shown.name[:1].upper()}{shown.name[1:]} of {classifier} against the number of real "
        f"images per class. {'. '.join(parts)}."
    )
