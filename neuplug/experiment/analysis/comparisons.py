"""Which of an arm's amounts is tested; how arms differ from ``none`` and from classical ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

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
from neuplug.experiment.decisive import Decisive
from neuplug.experiment.plan import Cell, Plan
from neuplug.experiment.results import Dose
from neuplug.experiment.steps.context import TaskContext


def choose_amounts(plan: Plan, bench: TaskContext) -> tuple[Plan, list[Dose]]:
    """Choose an amount for each arm and classifier.

    Chosen is what does best on the validation images by the metric of the verdicts, averaged over
    repeats; of equals the smaller amount.

    Args:
        plan: All of whose trainings are done.
        bench: Where the results are.

    Returns:
        The plan with the cells of amounts that were not chosen put aside, so that nobody sees how
        those do on the test; and the curves, with ``none`` beside them.
    """
    if not plan.chooses_amounts:
        return plan, []
    families: dict[tuple[str, str], dict[str, list[Cell]]] = {}
    for cell in plan.cells:
        arms = families.setdefault((cell.arm.family, cell.classifier), {})
        arms.setdefault(cell.arm.name, []).append(cell)
    rows: list[Dose] = []
    chosen: set[tuple[str, str]] = set()
    for (family, classifier), arms in families.items():
        curve = [_dose(plan, bench, cells) for cells in arms.values()]
        if any(dose.amount for dose in curve):
            sign = plan.metric[0].sign
            best = max(curve, key=lambda dose: (sign * round(dose.mean, 12), -(dose.value or 0)))
            rows += [dose.model_copy(update={"chosen": dose is best}) for dose in curve]
            chosen.add((best.arm, classifier))
        else:
            chosen |= {(arm, classifier) for arm in arms}
            baseline = next(iter(arms.values()))[0].arm.baseline
            rows += curve if family == baseline else []
    cells = [cell for cell in plan.cells if (cell.arm.name, cell.classifier) in chosen]
    kept = {cell.arm.name for cell in cells}
    return (
        dataclasses.replace(
            plan,
            cells=cells,
            unchosen=[cell for cell in plan.cells if cell not in cells],
            arms=tuple(arm for arm in plan.arms if arm.name in kept),
            fits=[fit for fit in plan.fits if fit.arm in kept],
        ),
        rows,
    )


def _dose(plan: Plan, bench: TaskContext, cells: Sequence[Cell]) -> Dose:
    """A point of the curve: how an arm does on validation images, with a classifier."""
    arm = cells[0].arm
    scores, groups = [], []
    for cell in cells:
        logits = bench.tree(cell.key, "predictions")["logits_val"]
        scores.append(scores_of(plan, logits, cell.split.val))
        groups.append(np.array([plan.dataset.groups[i] for i in cell.split.val]))
    amount, value = arm.dose.given if arm.dose is not None else ("", None)
    about = {"family": arm.family, "arm": arm.name, "classifier": cells[0].classifier}
    dose = {"amount": amount, "value": value, "chosen": False}
    return Dose.model_validate(about | dose | dict(estimate_scores(scores, groups)))


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

    def mean(self, cells: Sequence[parts.Cell]) -> float:
        """The metric, over repeats."""
        return float(np.mean([self.cells[cell.key].scores.mean() for cell in cells]))

    def estimates(self, cells: Sequence[parts.Cell]) -> dict[tuple[str, str | None], model.Mean]:
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


# Arm and classifier to their cells, by repeat
Groups = Mapping[tuple[str, str], Sequence[parts.Cell]]


def compare(
    cells: Sequence[parts.Cell], arms: Sequence[Arm], scored: AllScored, margin: float
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
        cells: Of the run.
        arms: Likewise.
        scored: Of every cell.
        margin: What a difference may be and still count as none.

    Returns:
        Question by question. Each is a family of its own for Holm's correction; those with one
        classifier lend one another their errors of repeats.
    """
    groups = model.grouped(cells)
    own = {arm.name: arm for arm in arms}
    rows: list[model.Comparison] = []
    for question in get_args(model.Question):
        asked = {
            (arm, classifier): rivals
            for arm, classifier in groups
            if (rivals := _rivals(own[arm], classifier, question, groups, arms))
        }
        best = {
            (arm, classifier): max(
                rivals,
                key=lambda rival: scored.metric.sign * scored.mean(groups[rival, classifier]),
            )
            for (arm, classifier), rivals in asked.items()
        }
        found: dict[tuple[str, str], model.PairedDifference] = {}
        for classifier in dict.fromkeys(classifier for _, classifier in asked):
            these = [pair for pair in asked if pair[1] == classifier]
            paired = [
                _paired(groups[pair], groups[best[pair], classifier], scored) for pair in these
            ]
            judged = paired_differences(
                paired, margin=margin, comparisons=len(asked), strata=scored.strata
            )
            found |= zip(these, judged, strict=True)
        about = [
            {"arm": arm, "classifier": classifier, "against": best[arm, classifier],
             "question": question, "candidates": len(rivals), "margin": margin}
            for (arm, classifier), rivals in asked.items()
        ]  # fmt: skip
        rows += _judged(about, [found[pair] for pair in asked], scored.metric)
    return rows


def _judged(
    about: Sequence[dict[str, Any]], found: Sequence[model.PairedDifference], metric: Decisive
) -> Iterator[model.Comparison]:
    """Verdicts on the comparisons of one question, each with the number of possible rivals."""
    several = [each["candidates"] for each in about]
    differ = adjusted_for_all(
        [
            None
            if each.p is None
            else min(1.0, each.p * (number if metric.sign * each.effect < 0 else 1))
            for each, number in zip(found, several, strict=True)
        ]
    )
    alike = adjusted_for_all(
        [
            None if each.p_equivalent is None else min(1.0, each.p_equivalent * number)
            for each, number in zip(found, several, strict=True)
        ]
    )
    family = sum(p is not None for p in differ)
    for words, difference, p, small in zip(about, found, differ, alike, strict=True):
        said = {
            "metric": metric.name,
            "family": family,
            "adjusted_p": p,
            "adjusted_equivalent": small,
            "verdict": verdict(difference, p, small, metric.sign),
        }
        yield model.Comparison.model_validate(words | said | dict(difference))


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
    if own.baseline != own.name or own.per_class is None:
        return []
    fewer = {
        arm.per_class: arm.name
        for arm in arms
        if arm.baseline == arm.name and arm.per_class is not None and arm.per_class < own.per_class
    }
    return [fewer[max(fewer)]] if fewer else []


def _paired(ours: Sequence[parts.Cell], theirs: Sequence[parts.Cell], scored: AllScored) -> Paired:
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
