"""How arms differ from ``none`` and from classical ones, at each planned look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from neuplug.experiment import parts
from neuplug.experiment import results as model
from neuplug.experiment.analysis.influence import all_scores, image_scores
from neuplug.experiment.analysis.statistics import (
    Paired,
    estimate_scores,
    paired_differences,
)
from neuplug.experiment.analysis.verdicts import adjusted_for_all, verdict
from neuplug.experiment.arms import Arm
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.decisive import Decisive
from neuplug.experiment.looks import planned_looks
from neuplug.experiment.plan import Plan
from neuplug.experiment.results import LEVEL
from neuplug.experiment.steps.context import TaskContext


def scores_of(plan: Plan, logits: Tensor, indices: Sequence[int]) -> NDArray[np.float64]:
    """The scores, by the metric of the verdicts, of the images that the logits are of."""
    images = plan.dataset.images
    labels = images.labels[list(indices)].numpy()
    return image_scores(plan.metric[0], logits.numpy(), labels, images.classes)


@dataclass(frozen=True, eq=False)
class Scored:
    """How a cell does on the test images.

    Attributes:
        scores: float64 (N,), whose mean is the metric of the verdicts.
        groups: int64 (N,), the number of each image's group.
        logits: float32 (N, classes).
        labels: int64 (N,), the classes that are right.
    """

    scores: NDArray[np.float64]
    groups: NDArray[np.int64]
    logits: NDArray[Any]
    labels: NDArray[np.int64]

    @cached_property
    def answers(self) -> NDArray[np.int64]:
        """int64 (N,), the classes that are answered."""
        return np.asarray(self.logits.argmax(1))


@dataclass(frozen=True, eq=False)
class AllScored:
    """How all cells do on the test images.

    Attributes:
        metric: What the verdicts go by.
        cells: By key.
        strata: int64, by the number of a group the class of its images.
        classes: Their names.
    """

    metric: Decisive
    cells: Mapping[str, Scored]
    strata: NDArray[np.int64]
    classes: Sequence[str]

    def mean(self, cells: Sequence[parts.CellId]) -> float:
        """The metric, over repeats."""
        return float(np.mean([self.cells[cell.key].scores.mean() for cell in cells]))

    def estimates(self, cells: Sequence[parts.CellId]) -> dict[tuple[str, str | None], model.Mean]:
        """All metrics of tables, and that of the verdicts, with intervals."""
        found = [self.cells[cell.key] for cell in cells]
        groups, own = [each.groups for each in found], self.metric.key
        rows = [all_scores(s.logits, s.labels, self.classes) | {own: s.scores} for s in found]
        columns = {key: [row[key] for row in rows] for key in rows[0]}
        return {
            key: estimate_scores(each, groups, self.strata, self.images(found, *key))
            for key, each in columns.items()
        }

    def images(self, found: Sequence[Scored], score: str, of_class: str | None) -> int | None:
        """On how many test images a metric rests: one of a rare class weighs more than others."""
        if score in ("accuracy", "loss"):
            return None
        if of_class is None:
            counts = [np.bincount(each.labels, minlength=len(self.classes)) for each in found]
            return len(self.classes) * min(int(each[each > 0].min()) for each in counts)
        label = self.classes.index(of_class)
        of = [each.answers if score == "precision" else each.labels for each in found]
        return max(1, min(int((each == label).sum()) for each in of))

    def apart(self, own: Scored, other: Scored) -> NDArray[np.bool_]:
        """Which images two cells answer differently, as far as the metric goes by that."""
        score, of_class = self.metric.key
        if score in ("accuracy", "loss", "auroc"):
            differing: NDArray[np.bool_] = own.scores != other.scores
            return differing
        differing = own.answers != other.answers
        if of_class is None:
            return differing
        label = self.classes.index(of_class)
        ours: NDArray[np.bool_] = own.labels == label
        if score == "precision":
            ours = (own.answers == label) | (other.answers == label)
        return np.logical_and(differing, ours)


def score_cells(plan: Plan, bench: TaskContext) -> AllScored:
    """How all cells of a plan do on the test images, by the metric of the verdicts."""
    labels, groups = plan.dataset.images.labels.tolist(), plan.dataset.groups
    numbers = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    first = dict(zip(reversed(groups), reversed(labels), strict=True))
    strata = np.array([first[name] for name in numbers])
    found = {}
    for cell in plan.cells:
        test = plan.splits[cell.repeat].test
        logits = bench.tree(cell.key, "predictions")["logits"]
        members = np.array([numbers[groups[i]] for i in test])
        own = plan.dataset.images.labels[test].numpy()
        scores = scores_of(plan, logits, test)
        found[cell.key] = Scored(scores, members, logits.numpy(), own)
    return AllScored(plan.metric[0], found, strata, plan.dataset.images.classes)


def verdicts(
    cells: Sequence[parts.CellId], arms: Sequence[Arm], scored: AllScored, config: ComposeConfig
) -> list[model.Comparison]:
    """The verdicts after as many of the planned looks as there are repeats for.

    Args:
        cells: Of the run so far; after each look only those that something open rests on.
        arms: Likewise.
        scored: Of every cell.
        config: Of the run.

    Returns:
        As of :func:`compare`. What a look decides stays decided, with the numbers that it had.
    """
    found: list[model.Comparison] = []
    for look in planned_looks(config.repeats):
        if look.repeats <= 1 + max(cell.repeat for cell in cells):
            seen = [cell for cell in cells if cell.repeat < look.repeats]
            found = compare(seen, arms, scored, config.margin, look.level, found)
    return found


# Arm and classifier to their cells, by repeat
Groups = Mapping[tuple[str, str], Sequence[parts.CellId]]


class _Asked(NamedTuple):
    """A comparison to make.

    Attributes:
        against: The best of so many ``candidates``.
        decided: What a look before has found, if it has decided.
    """

    arm: str
    classifier: str
    question: model.Question
    against: str
    candidates: int
    decided: model.Comparison | None = None


def compare(
    cells: Sequence[parts.CellId],
    arms: Sequence[Arm],
    scored: AllScored,
    margin: float,
    level: float = LEVEL,
    before: Sequence[model.Comparison] = (),
) -> list[model.Comparison]:
    """The verdicts, by one metric: of several one may clear zero by chance.

    Every arm is compared with ``none``. An arm that generates, unless it is a control, is also
    compared with the best classical arm: the one that does best on the same test images.
    That favours it, so an arm that beats it does so in spite of the choice; of an arm that is worse
    the p-value is multiplied by the number of classical arms that it could have been (Bonferroni).
    Where several numbers of real images are compared, ``none`` with each is compared with ``none``
    with the next smaller one. What has the very same classifiers as another, such as an arm
    that adds no image, is that other, and not compared with it.

    Args:
        cells: Of the run, those of each arm and classifier from the first repeat on.
        arms: Likewise.
        scored: Of every cell.
        margin: What a difference may be and still count as none.
        level: What adjusted p-values are compared with.
        before: What was found at the look before. What is decided stays as it is, with the repeats
            that it had; it still counts in the corrections and lends its error. The best classical
            arm is the one that it was then.

    Returns:
        Question by question. Each is a family of its own for Holm's correction; those with one
        classifier lend one another their errors of repeats.
    """
    groups = model.grouped(cells)
    rows: list[model.Comparison] = []
    for question in get_args(model.Question):
        ended = [(c, c if c.verdict != "no evidence" else None) for c in before]
        asked = [
            _Asked(c.arm, c.classifier, question, c.against, c.candidates, decided)
            for c, decided in ended
            if c.question == question
        ]
        if not before:
            asked = list(_first_asked(question, groups, arms, scored))
        found: dict[tuple[str, str], model.PairedDifference] = {}
        for classifier in dict.fromkeys(each.classifier for each in asked):
            these = [each for each in asked if each.classifier == classifier]
            family = [_paired(each, groups, scored) for each in these]
            judged = paired_differences(
                family, margin=margin, comparisons=len(asked), strata=scored.strata, level=level
            )
            found |= {each[:2]: own for each, own in zip(these, judged, strict=True)}
        about = {"metric": scored.metric.name, "margin": margin, "level": level}
        new = _judged(asked, [found[each[:2]] for each in asked], scored.metric, about)
        rows += [each.decided or own for each, own in zip(asked, new, strict=True)]
    return rows


def _first_asked(
    question: model.Question, groups: Groups, arms: Sequence[Arm], scored: AllScored
) -> Iterator[_Asked]:
    """What a question asks at the first look."""
    own = {arm.name: arm for arm in arms}
    for arm, classifier in groups:
        if rivals := _rivals(own[arm], classifier, question, groups, arms):
            means = {name: scored.mean(groups[name, classifier]) for name in rivals}
            best = max(rivals, key=lambda name: scored.metric.sign * means[name])
            yield _Asked(arm, classifier, question, best, len(rivals))


def _judged(
    asked: Sequence[_Asked],
    found: Sequence[model.PairedDifference],
    metric: Decisive,
    about: dict[str, Any],
) -> Iterator[model.Comparison]:
    """Verdicts on the comparisons of one question, each with the number of possible rivals."""
    several = [each.candidates for each in asked]
    ways = [metric.sign * each.effect for each in found]
    worse = [n if way < 0 else 1 for way, n in zip(ways, several, strict=True)]
    differ = adjusted_for_all([each.p for each in found], worse)
    alike = adjusted_for_all([each.p_equivalent for each in found], several)
    family = sum(p is not None for p in differ)
    for each, difference, p, small in zip(asked, found, differ, alike, strict=True):
        told = verdict(difference, p, small, metric.sign, about["level"])
        said = {"family": family, "adjusted_p": p, "adjusted_equivalent": small, "verdict": told}
        words = dict(zip(each._fields[:-1], each, strict=False))
        yield model.Comparison.model_validate(about | words | said | dict(difference))


def _rivals(
    own: Arm, classifier: str, question: model.Question, groups: Groups, arms: Sequence[Arm]
) -> list[str]:
    """The names of the arms to compare with the best of; none if this arm is not asked that."""
    if question == "more images":
        return _with_fewer_images(own, arms)
    # of an arm's amounts only the one chosen for a classifier has been tested with it
    keys = {
        arm.name: [cell.key for cell in groups[arm.name, classifier]]
        for arm in arms
        if (arm.name, classifier) in groups
    }
    if keys[own.name] == keys[own.baseline]:
        return []
    if question == "none":
        return [own.baseline]
    if not own.generates or own.control:
        return []
    classical = [
        arm.name
        for arm in arms
        if arm.classical
        and arm.per_class == own.per_class
        and arm.name in keys
        and keys[arm.name] != keys[own.baseline]
    ]
    return [] if any(keys[rival] == keys[own.name] for rival in classical) else classical


def _with_fewer_images(own: Arm, arms: Sequence[Arm]) -> list[str]:
    """Of a baseline, the one with the next smaller number of real images."""
    fewer = {
        arm.per_class or 0: arm.name
        for arm in arms
        if arm.baseline == arm.name and (arm.per_class or 0) < (own.per_class or 0)
    }
    return [fewer[max(fewer)]] if own.baseline == own.name and fewer else []


def _paired(asked: _Asked, groups: Groups, scored: AllScored) -> Paired:
    """The scores to compare, of as many repeats as there are for what is still open."""
    count = asked.decided.n if asked.decided else None
    ours, theirs = (groups[name, asked.classifier][:count] for name in (asked.arm, asked.against))
    differences, items, differing = [], [], []
    for cell, rival in zip(ours, theirs, strict=True):
        own, other = scored.cells[cell.key], scored.cells[rival.key]
        if cell.repeat != rival.repeat or not np.array_equal(own.groups, other.groups):
            raise ValueError(f"arms of repeat {cell.repeat + 1} have different test images")
        differences.append(own.scores - other.scores)
        items.append(own.groups)
        differing.append(scored.apart(own, other))
    every = [scored.cells[cell.key] for cell in (*ours, *theirs)]
    return Paired(
        differences,
        items,
        differing,
        scored.images(every, scored.metric.score, scored.metric.class_name),
    )
