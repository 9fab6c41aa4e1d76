"""At how many repeats the verdicts of a run are looked at, and how strict each look is. Light.

Looking until something is found finds something by chance. Looks that are planned share the 5 %:
adjusted p-values are compared with 0.010, 0.015 and 0.025, so that, whatever the looks have in
common, a mistake at any of them is no likelier than their sum (Bonferroni).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from neuplug.experiment.parts import Look
from neuplug.experiment.results import LEVEL, RunResults
from neuplug.experiment.summary import wording

PLANNED = tuple(Look(repeats=n, level=p) for n, p in ((5, 0.010), (8, 0.015), (12, 0.025)))


def planned_looks(repeats: int | Literal["auto"]) -> tuple[Look, ...]:
    """The looks of a run: one after all repeats, unless ``auto`` plans several."""
    return PLANNED if repeats == "auto" else (Look(repeats=repeats, level=LEVEL),)


def counted(repeats: int | Literal["auto"]) -> str:
    """``5 repeats``, or ``up to 12 repeats`` where it depends on the results."""
    return "up to " * (repeats == "auto") + wording.repeats(planned_looks(repeats)[-1].repeats)


def looks_sentence(results: RunResults) -> str:
    """At which of several planned looks how many comparisons were decided; else empty."""
    able = [c for c in results.comparisons if not c.unlearnt]
    decided = Counter(c.n for c in able if c.verdict != "no evidence")
    looks = [(look.repeats, look.level) for look in results.looks]
    said = [f"{decided[n]} at {n} repeats (p below {level:g})" for n, level in looks]
    said[-1] += f"; {len(able) - decided.total()} left open."
    return f"Comparisons decided at the planned looks: {wording.listing(said)}" * (len(looks) > 1)


def looked_before(repeats: Sequence[int | str]) -> str:
    """What is to be said where other repeats of the same question were looked at before."""
    looks, mistakes = 1 + len(repeats), round(100 * LEVEL)
    return (
        f"This question was answered with {wording.listing([*map(str, repeats)])} repeats before: "
        f"of {looks} looks that were not planned together, one calls a difference by mistake in up "
        f"to {looks * mistakes} of 100 such runs, not in {mistakes}; --repeats auto plans them."
    )
