"""Means with intervals: for each arm a line of text, and below it the mean and single repeats."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from neuplug.experiment.decisive import read_metric
from neuplug.experiment.results import Effect, Mean, RunResults
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
from neuplug_report.stats import heading

_LOOKS = {  # colour and marker of a verdict, so that colour is never the only difference
    "helps": (style.BLUE, "^"),
    "harms": (style.ORANGE, "v"),
    "equivalent": (style.MUTED, "s"),
    "no evidence": (style.MUTED, "o"),
    "one repeat": (style.MUTED, "o"),
}
_ASIDE = "mean with 95 % interval; small dots: single repeats"
_ASIDE_SINGLE = "one repeat: no interval"
_ROW, _HEADING, _AXIS = 0.46, 0.32, 0.44  # inches


@dataclass(frozen=True)
class _Strip:
    """One mean; all values as they are shown, such as percent or points."""

    label: str
    value: str
    mean: float
    low: float | None
    high: float | None
    dots: list[float]
    color: str
    marker: str = "o"


Groups = dict[str, list[_Strip]]  # by classifier, and by the number of real images


def accuracy(results: RunResults) -> Drawing:
    """The metric of the verdicts of every arm, grouped by classifier."""
    groups: Groups = {}
    shown = wording.decisive(results.metric)
    for classifier in results.classifiers:
        for arm in results.arms:
            entry = results.decisive(arm.name, classifier)
            if entry is None:
                continue
            dots = list(_values(results, arm.name, classifier).values())
            look = (style.INK if arm.name == arm.against else style.BLUE, "o")
            group = groups.setdefault(heading(classifier, arm), [])
            group.append(_strip(entry, arm.base, dots, look, shown))
    name = f"{shown.name[:1].upper()}{shown.name[1:]}"
    unit = "% of test images" if results.metric == "accuracy" else shown.unit
    text = _alt(f"{name} in {'percent' if shown.unit == '%' else shown.unit}", groups)
    return Drawing(
        "accuracy", text, _draw(Title(name, _aside(groups), results), unit, groups, shown)
    )


def differences(results: RunResults) -> Drawing:
    """Paired differences to the arm ``none``, with a line at zero."""
    arms, shown = results.by_name, wording.decisive(results.metric)
    groups: Groups = {}
    for classifier in results.classifiers:
        for entry in results.compared():
            if entry.classifier != classifier:
                continue
            arm = arms[entry.arm]
            baseline = _values(results, entry.against, classifier)
            ours = _values(results, entry.arm, classifier)
            dots = [ours[repeat] - baseline[repeat] for repeat in ours if repeat in baseline]
            group = groups.setdefault(heading(classifier, arm), [])
            group.append(_strip(entry, arm.base, dots, _LOOKS[entry.verdict], shown))
    head = Title("Difference to none", _aside(groups), results)
    return Drawing(
        "differences",
        _alt(f"Difference in {shown.name} to the arm none, in {shown.differences}", groups),
        _draw(head, f"{shown.differences} of {shown.name}", groups, shown, zero=True),
    )


def _values(results: RunResults, arm: str, classifier: str) -> dict[int, float]:
    """The metric of the verdicts by repeat; nothing of one that cells do not have."""
    metric = read_metric(results.metric)
    found = {}
    for cell in results.groups[arm, classifier]:
        scores = cell.test if metric.class_name is None else cell.test.per_class[metric.class_name]
        if (value := getattr(scores, metric.score, None)) is not None:
            found[cell.repeat] = value
    return found


def _strip(
    entry: Mean | Effect,
    label: str,
    dots: list[float],
    look: tuple[str, str],
    shown: wording.Metric,
) -> _Strip:
    entry, scale = wording.bounded(entry, shown), shown.scale
    value = wording.middle(entry, shown)
    if entry.low is not None:
        value += f" {wording.spread(entry, shown)}"
    return _Strip(
        label,
        f"{value}, n = {entry.n}",
        mean=scale * (entry.mean if isinstance(entry, Mean) else entry.effect),
        low=None if entry.low is None else scale * entry.low,
        high=None if entry.high is None else scale * entry.high,
        dots=[scale * dot for dot in dots],
        color=look[0],
        marker=look[1],
    )


def _aside(groups: Groups) -> str:
    single = all(strip.low is None for strips in groups.values() for strip in strips)
    return _ASIDE_SINGLE if single else _ASIDE


def _draw(
    head: Title, unit: str, groups: Groups, shown: wording.Metric, *, zero: bool = False
) -> Figure:
    rows = sum(len(strips) for strips in groups.values())
    figure = new_figure(TITLE + _AXIS + _HEADING * len(groups) + _ROW * rows, head)
    limits = _limits(groups, zero, 0.005 * shown.scale)
    top = TITLE
    for group, (name, strips) in enumerate(groups.items()):
        style.put_text(figure, MARGIN, top + _HEADING / 2 + 0.03, shorten(name, 50), weight="bold")
        tall = _ROW * len(strips)
        axes = put_axes(figure, MARGIN, top + _HEADING, WIDTH - 2 * MARGIN, tall)
        axes.set(xlim=limits, ylim=(len(strips), 0), xticks=_ticks(limits, zero), yticks=[])
        axes.spines[["left", "bottom"]].set_visible(False)
        if zero:
            axes.axvline(0, color=style.INK, linewidth=1, zorder=1)
        for i, strip in enumerate(strips):
            _draw_strip(axes, i, strip)
        if group == len(groups) - 1:
            axes.set_xlabel(unit)
        else:
            axes.tick_params(labelbottom=False)
        top += _HEADING + tall
    return figure


def _draw_strip(axes: Axes, i: int, strip: _Strip) -> None:
    if i:
        axes.axhline(i, color=style.LINE, linewidth=0.6, zorder=0)
    across = axes.get_yaxis_transform()  # x from 0 to 1, y in rows
    # a plate under the text keeps grid lines out of the letters
    plate = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.6}
    label = shorten(strip.label, 54 - len(strip.value))
    axes.text(0, i + 0.27, label, transform=across, va="center", bbox=plate)
    axes.text(1, i + 0.27, strip.value, transform=across, va="center", ha="right", bbox=plate)
    if strip.low is not None and strip.high is not None:
        axes.plot([strip.low, strip.high], [i + 0.58] * 2, color=strip.color, linewidth=1.8)
    mark: dict[str, Any] = {"color": strip.color, "markersize": 6, "zorder": 3}
    axes.plot([strip.mean], [i + 0.58], strip.marker, markeredgecolor=style.PAPER, **mark)
    if len(strip.dots) > 1:
        dot: dict[str, Any] = {"color": strip.color, "markersize": 3, "markeredgewidth": 0}
        axes.plot(strip.dots, [i + 0.78] * len(strip.dots), "o", alpha=0.55, **dot)


def _limits(groups: Groups, zero: bool, least: float) -> tuple[float, float]:
    strips = [strip for group in groups.values() for strip in group]
    values = [v for s in strips for v in (s.mean, s.low, s.high, *s.dots) if v is not None]
    values = [v for v in values if math.isfinite(v)] + ([0.0] if zero else [])
    if not values:
        return 0.0, 1.0
    pad = max(0.05 * (max(values) - min(values)), least)
    return min(values) - pad, max(values) + pad


def _ticks(limits: tuple[float, float], zero: bool) -> list[float]:
    """Where numbers stand: none so near the edge that it is cut off, no accuracy beyond 100 %."""
    edge = 0.035 * (limits[1] - limits[0])
    low, high = limits[0] + edge, limits[1] - edge
    if not zero:
        low, high = max(low, 0.0), min(high, 100.0)
    return [
        float(tick)
        for tick in MaxNLocator(7, steps=[1, 2, 5, 10]).tick_values(*limits)
        if low <= tick <= high
    ]


def _alt(what: str, groups: Groups) -> str:
    parts = [
        f"{name}: " + "; ".join(f"{strip.label} {strip.value}" for strip in strips)
        for name, strips in groups.items()
    ]
    return f"{what}, mean with 95 % interval. {'. '.join(parts)}."
