"""The learning curve of real photographs, and where the arms stand beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from neuplug.experiment.parts import LearningCurve, Worth
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
from neuplug_report.photographs import in_words, mean_of, of_a_class, sentences
from neuplug_report.stats import bars

_HEIGHT, _AXIS, _LEFT, _LABELS, _LINE = 2.1, 0.42, 0.4, 1.25, 0.165  # inches


def worth_curves(results: RunResults) -> Iterator[Drawing]:
    """A figure for each classifier: the curve with its band, the arms as marks."""
    for curve in results.learning:
        yield Drawing(f"worth {curve.classifier}", _alt(curve, results), _draw(curve, results))


def _draw(curve: LearningCurve, results: RunResults) -> Figure:
    shown, arms = wording.decisive(results.metric), _marked(curve, results)
    height = max(_HEIGHT, _LINE * len(arms))
    aside = f"mean {shown.name}" + f" in {shown.unit}" * bool(shown.unit)
    aside += "; blue: none, with 95 % interval; \N{WHITE DIAMOND}: uncertain"
    head = Title(f"{curve.classifier}: worth in photographs", aside, results)
    figure = new_figure(TITLE + height + _AXIS + 0.1, head)
    width = WIDTH - 2 * MARGIN - _LEFT - _LABELS
    axes = put_axes(figure, MARGIN + _LEFT, TITLE + 0.06, width, height)
    _fill(axes, curve, results, shown)
    levels = [shown.scale * value for _, value, _ in arms]
    for (each, _, start), level in zip(arms, levels, strict=True):
        _mark(axes, each, start, level)
    _label(axes, [each.arm for each, *_ in arms], levels, height)
    axes.set_xlabel(f"training photographs {of_a_class(results)}")
    return figure


def _marked(curve: LearningCurve, results: RunResults) -> list[tuple[Worth, float, float]]:
    """The arms with the largest number of photographs: their mean, and that number."""
    found = []
    for each in curve.worth:
        own = curve.photographs[results.by_name[each.arm].against]
        mean = results.decisive(each.arm, curve.classifier)
        if mean is not None and own == max(curve.photographs.values()):
            found.append((each, mean.mean, own))
    return sorted(found, key=lambda entry: entry[1])


def _fill(axes: Axes, curve: LearningCurve, results: RunResults, shown: wording.Metric) -> None:
    """The curve, its band, and what was measured."""
    last = max(curve.photographs.values())
    x = [found.photographs for found in curve.expected]
    means = [wording.bounded(mean_of(found), shown) for found in curve.expected]
    y = [shown.scale * mean.mean for mean in means]
    if all(mean.low is not None for mean in means):
        low, high = ([shown.scale * (end or 0) for end in ends] for ends in _ends(means))
        axes.fill_between(x, low, high, color=style.BLUE, alpha=0.14, linewidth=0)
    there = next(i for i, count in enumerate(x) if count >= last * 0.999)
    axes.plot(x[: there + 1], y[: there + 1], color=style.BLUE, linewidth=1.3)
    axes.plot(x[there:], y[there:], color=style.BLUE, linewidth=1.3, linestyle=(0, (3, 2)))
    entries = {n: results.decisive(arm, curve.classifier) for arm, n in curve.photographs.items()}
    known = {n: entry for n, entry in entries.items() if entry is not None}
    middle = [shown.scale * entry.mean for entry in known.values()]
    if all(entry.low is not None for entry in known.values()):
        reach = bars([*known.values()], shown)
        axes.errorbar([*known], middle, reach, color=style.INK, linewidth=1, capsize=2, fmt="none")
    axes.plot([*known], middle, color=style.INK, linestyle="none", marker="o", markersize=4)
    axes.set_xscale("log")
    axes.set_xlim(x[0] / 1.12, x[-1] * 1.12)
    axes.xaxis.set_major_locator(FixedLocator([*known, 2 * last]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: in_words(value))
    axes.yaxis.set_major_locator(MaxNLocator(5))


def _ends(means: Sequence[Mean]) -> tuple[list[float | None], list[float | None]]:
    return [mean.low for mean in means], [mean.high for mean in means]


def _mark(axes: Axes, found: Worth, start: float, level: float) -> None:
    """An arm as a level, and where the curve comes to it; hollow where nothing is certain."""
    axes.axhline(level, color=style.ORANGE, linewidth=0.7, alpha=0.55, zorder=1)
    bounds = (found.low, found.high)
    if None not in bounds:
        ends = [start + (end or 0.0) for end in bounds]
        axes.plot(ends, [level, level], color=style.ORANGE, linewidth=2.4, alpha=0.7, zorder=3)
    if found.photographs is not None:
        known = any(end is not None for end in bounds)
        axes.plot(
            [start + found.photographs], [level],
            color=style.ORANGE, markerfacecolor=style.ORANGE if known else style.PAPER,
            marker="D", markersize=4.5, zorder=4,
        )  # fmt: skip


def _label(axes: Axes, names: Sequence[str], levels: Sequence[float], height: float) -> None:
    """Names at the right, one below the other where levels are close."""
    if not names:
        return
    low, high = axes.get_ylim()
    room = (high - low) * _LINE / height
    places = list(levels)
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + room)
    over = places[-1] - max(high, levels[-1])
    if over > 0:  # push them down from the top
        places[-1] -= over
        for i in range(len(places) - 2, -1, -1):
            places[i] = min(places[i], places[i + 1] - room)
    for name, level, place in zip(names, levels, places, strict=True):
        axes.annotate(
            shorten(name, 18),
            xy=(1, level), xycoords=("axes fraction", "data"),
            xytext=(1.07, place), textcoords=("axes fraction", "data"),
            size=style.SMALL, color=style.ORANGE, va="center", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": style.ORANGE, "linewidth": 0.6,
                        "shrinkA": 1, "shrinkB": 0, "alpha": 0.6, "relpos": (0, 0.5)},
        )  # fmt: skip
    axes.set_ylim(low, high)


def _alt(curve: LearningCurve, results: RunResults) -> str:
    shown = wording.decisive(results.metric)
    said = " ".join(sentences(curve, results))
    name = f"{shown.name[:1].upper()}{shown.name[1:]}"
    return f"{name} of {curve.classifier} against the number of photographs. {said}"
