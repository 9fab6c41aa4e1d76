"""How a mean, a difference or a count stands in a table or a figure of the page."""

from __future__ import annotations

from collections.abc import Sequence

from neuplug.experiment.parts import Arm
from neuplug.experiment.results import Effect, Mean
from neuplug.experiment.summary.wording import (
    ELLIPSIS,
    MISSING,
    Metric,
    bounded,
    middle,
    spread,
)


def stat(entry: Mean | Effect | None, shown: Metric) -> dict[str, str]:
    """A mean or a difference as the page shows it; a dash where there is none."""
    if entry is None:
        return {"middle": MISSING, "spread": ""}
    return {"middle": middle(entry, shown), "spread": spread(entry, shown)}


def bars(means: Sequence[Mean], shown: Metric) -> tuple[list[float], list[float]]:
    """How far the intervals reach down and up, in the unit that is shown, as a figure has them."""
    below, above = [], []
    for entry in (bounded(entry, shown) for entry in means):
        if entry.low is not None and entry.high is not None:
            below.append(shown.scale * (entry.mean - entry.low))
            above.append(shown.scale * (entry.high - entry.mean))
    return below, above


def heading(classifier: str, arm: Arm) -> str:
    """The classifier, and the number of real images where several are compared."""
    return f"{classifier}, {arm.size}" if arm.size else classifier


def span(counts: Sequence[int]) -> str:
    """``54``, or ``53 … 55`` where repeats differ."""
    if not counts:
        return ""
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} {ELLIPSIS} {high}"


def magnitude(count: float) -> str:
    """``940``, ``94 k``, ``1.2 M`` or ``4.1 G``: about two digits of a large number."""
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if round(count) >= size:
            scaled = count / size
            return f"{scaled:.1f}{letter}" if scaled < 9.95 else f"{scaled:.0f}{letter}"
    return f"{round(count)}"


def brief(value: float) -> str:
    """``0.062``, ``0.62``, ``8.1`` or ``120``: about two digits of a number above zero."""
    if value < 0.00095:
        return "<\N{NO-BREAK SPACE}0.001"
    if value < 0.095:
        return f"{value:.2g}"
    return f"{value:.2f}" if value < 0.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"
