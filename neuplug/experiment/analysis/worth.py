"""What more photographs would bring, and what an arm is worth in photographs.

The error of ``none`` falls with the number of photographs n about as b n^-c (Hestness et al.,
arXiv 1712.00409), which is a line in logarithms. Here it runs through the number from which
forecasts start, or with which an arm was trained; its slope is that of least squares.

How far it may be off follows from the scores of the test images. To first order (delta method) a
forecast is a weighted sum of the errors of all numbers; so a forecast, too, has a score for each
image in each repeat, and with them the interval of any other comparison. So has the distance of an
arm from the curve at a number of photographs: the arm is worth all those numbers at which it may be
none (Fieller, Journal of the Royal Statistical Society B 16, 1954), which may have no end.

Errors are averaged over repeats before the logarithm is taken, since in a repeat there may be none;
where no repeat has any, half an error is assumed.

Curves are not quite lines, so that intervals are wider: by one and a half times what a parabola
through the same numbers (in logarithms) differs from the line, and by a fifth of the error for each
doubling. With that, forecasts of simulated curves of seven forms and of real images held in 95 or
more of 100 cases; without, fewer than 75 held where curves are no lines
(``tests/experiment/analysis/test_worth.py``). A curve a + b n^-c, where leaving numbers out prefers
it, was nearer to those that level off; but its intervals held less often, so that it is not used.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neuplug.experiment import parts
from neuplug.experiment.analysis.comparisons import AllScored, Scored
from neuplug.experiment.analysis.statistics import Paired, paired_differences
from neuplug.experiment.plan import Plan

Numbers = NDArray[np.float64]

# What a curve may differ from the line: times the difference to a parabola, and at twice the
# photographs as a part of the error
_BEND, _PER_DOUBLING = 1.5, 0.2

# Numbers of photographs that are tried for what an arm is worth, and that a report shows
_TRIED, _SHOWN = 100, 16
FORECASTS = (1.25, 1.5, 1.75, 2.0)


def learning(plan: Plan, scored: AllScored) -> Iterator[parts.LearningCurve]:
    """What more photographs would bring to each classifier, and what arms are worth."""
    for classifier in dict.fromkeys(cell.classifier for cell in plan.cells):
        cells = [cell for cell in plan.cells if cell.classifier == classifier]
        against = {cell.arm.name: cell.arm.baseline for cell in cells}
        arms = {name: [cell for cell in cells if cell.arm.name == name] for name in against}
        # what a planned look has decided has no further repeats
        common = min(map(len, arms.values()))
        rows = {n: [scored.cells[cell.key] for cell in own[:common]] for n, own in arms.items()}
        sizes = {n: float(np.mean([len(c.split.train) for c in arms[n]])) for n in arms}
        plain = sorted((n for n, other in against.items() if n == other), key=lambda n: sizes[n])
        counts = np.array([sizes[name] for name in plain]) / len(scored.classes)
        curve = Curve(counts, [rows[name] for name in plain], scored)
        yield parts.LearningCurve(
            classifier=classifier,
            photographs=dict(zip(plain, counts.tolist(), strict=True)),
            expected=tuple(curve.expected()),
            worth=tuple(
                parts.Worth(arm=name, **curve.worth(rows[name], plain.index(other)))
                for name, other in against.items()
                if rows[name] != rows[other]  # else it is none
            ),
        )


def line(counts: Numbers, new: float, anchor: int, degree: int = 1) -> Numbers:
    """What the logarithm of the error at a new count is made of.

    Args:
        counts: (K,), photographs of a class, the smallest first; at least three.
        new: Another.
        anchor: The place of the count that the line runs through.
        degree: 1: a line of the slope of least squares; 2: the nearest parabola.

    Returns:
        (K,): weights of the logarithms at ``counts``.
    """
    at, there = np.log(counts / counts[anchor]), math.log(new / counts[anchor])
    if degree == 1:
        centered = at - at.mean()
        found = there * centered / (centered @ centered)
    else:
        found = np.array([there, there**2]) @ np.linalg.pinv(np.stack([at, at**2], axis=1))
        found[anchor] -= found.sum()
    found[anchor] += 1
    return np.asarray(found)


@dataclass(frozen=True, eq=False)
class Curve:
    """The learning curve of ``none``.

    Attributes:
        counts: (K,), photographs of a class, the smallest first; at least three.
        rows: Of each count the cells of all repeats.
        scored: By what metric.
    """

    counts: Numbers
    rows: Sequence[Sequence[Scored]]
    scored: AllScored

    def errors(self, row: Sequence[Scored]) -> list[Numbers]:
        """Of each repeat (N,): one less the scores where larger ones are better."""
        sign = self.scored.metric.sign
        return [(sign > 0) - sign * each.scores for each in row]

    @cached_property
    def deviations(self) -> list[Numbers]:
        """Of each repeat (K, N): errors of images less the mean, as parts of the mean."""
        each = [np.stack(errors) for errors in zip(*map(self.errors, self.rows), strict=True)]
        middle = np.mean([errors.mean(1) for errors in each], axis=0)[:, None]
        return [(errors - middle) / self.means[:, None] for errors in each]

    @property
    def items(self) -> list[NDArray[np.int64]]:
        """Of each repeat (N,): the groups of its images."""
        return [each.groups for each in self.rows[0]]

    @cached_property
    def means(self) -> Numbers:
        """(K,): errors; half of one where there is none."""
        means = [np.mean([each.mean() for each in self.errors(row)]) for row in self.rows]
        telling = self._images([each for row in self.rows for each in row])
        return np.maximum(means, 0.5 / (telling or len({*np.concatenate(self.items)})))

    def at(self, count: float, anchor: int) -> tuple[list[Numbers], float]:
        """Of each repeat (N,): the error of each image with so many photographs, to first order.

        And how far the mean of all may be off because the curve is no line.
        """
        weights, logs = line(self.counts, count, anchor), np.log(self.means)
        own, bent = math.exp(weights @ logs), math.exp(line(self.counts, count, anchor, 2) @ logs)
        doublings = math.log2(count / self.counts[anchor])
        form = math.hypot(_BEND * (bent - own), _PER_DOUBLING * doublings * own)
        return [own * (1 + weights @ each) for each in self.deviations], form

    def expected(self) -> Iterator[parts.AtCount]:
        """From the smallest number to twice the largest; the last are forecasts."""
        last, sign = self.counts[-1], self.scored.metric.sign
        wrong = [each.answers != each.labels for each in self.rows[-1]]
        about = Paired([], self.items, wrong, self._images(self.rows[-1]))
        for count in [*np.geomspace(self.counts[0], last, _SHOWN), *(last * x for x in FORECASTS)]:
            error, half = self._judged(about, count, len(self.counts) - 1)
            # an interval of the logarithm, since no error is below zero
            part = half / error
            # beyond 1 the formula of small errors says little
            above = min(math.exp(min(part, 9)), 1 + 2 * part)
            found = [error * math.exp(-part), error, error * above]
            low, value, high = sorted((sign > 0) - sign * each for each in found)
            ends = (low, high) if half < math.inf else (None, None)
            yield parts.AtCount(photographs=count, value=value, low=ends[0], high=ends[1])

    def worth(self, row: Sequence[Scored], place: int) -> dict[str, float | None]:
        """How many further photographs an arm is worth, as far as the curve goes.

        Args:
            row: Its cells of all repeats.
            place: Which number of photographs it has.
        """
        rival, own = self.rows[place], self.errors(row)
        differing = list(map(self.scored.apart, row, rival))
        about = Paired([], self.items, differing, self._images([*row, *rival]))
        tried = np.geomspace(self.counts[0], FORECASTS[-1] * self.counts[-1], _TRIED)
        apart, half = np.array([self._judged(about, count, place, own) for count in tried]).T
        if apart[0] >= apart[-1]:  # more photographs bring nothing
            return dict.fromkeys(("photographs", "low", "high"))
        # the nearest in any case: what lies between two that are tried
        possible = np.abs(apart) <= np.maximum(half, np.abs(apart).min())
        first, last = np.flatnonzero(possible)[[0, -1]]
        reached = apart[0] <= 0 <= apart[-1]
        number = float(np.interp(0, apart, tried) - self.counts[place]) if reached else None
        # the first that are not possible: the interval ends before them
        low = None if possible[0] else float(tried[first - 1]) - self.counts[place]
        high = None if possible[-1] else float(tried[last + 1]) - self.counts[place]
        return {"photographs": number, "low": low, "high": high}

    def _images(self, rows: Sequence[Scored]) -> int | None:
        """On how many test images the metric rests."""
        return self.scored.images(rows, *self.scored.metric.key)

    def _judged(
        self, about: Paired, count: float, anchor: int, arm: Sequence[Numbers] | None = None
    ) -> tuple[float, float]:
        """The error with so many photographs, or an arm's less that, and half of its interval."""
        own, form = self.at(count, anchor)
        if arm is not None:
            own = [there - here for there, here in zip(arm, own, strict=True)]
        [found] = paired_differences([about._replace(differences=own)], strata=self.scored.strata)
        # of one repeat it has no bounds
        half = math.inf if found.high is None else math.hypot(found.high - found.effect, form)
        return found.effect, half
