"""Whether trainings have learnt to tell the classes, which is asked before any verdict.

Two classifiers that know nothing may differ as clearly as two that do, and be as equivalent. So an
arm that does not fit its own training images, that names one class whatever it is shown, or that is
no better on the test images than guessing gets no verdict, nor does an arm beside such a one.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from neuplug.experiment import parts
from neuplug.experiment.analysis.about import provenance
from neuplug.experiment.analysis.statistics import estimate
from neuplug.experiment.plan import Cell, Plan
from neuplug.experiment.planning import make_plan
from neuplug.experiment.results import Comparison, Learnt, Problem, grouped
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.tasks import AnyTask, TrainTask
from neuplug.training.metrics import Scores, classification_metrics
from neuplug.training.options import DEFAULT_STEPS

# Balanced accuracy on its training images from which a training has fitted them
FITTED = 0.95

# Steps that nobody has to wait for unasked are not more
LONGEST_UNASKED = 4 * DEFAULT_STEPS

# The same, less chance, as a part of what there is to learn, below which it has not begun to
BEGUN = 0.5

# Images of other classes that are taken for the one class, as a part of them, when it is always
# answered
ALWAYS = 0.9

# Standard errors that guessing is off by in 2.5 of 100 cases, upwards
_OFF = 1.96


def training_scores(plan: Plan, bench: TaskContext, key: str) -> Scores | None:
    """The metrics of a training on its own real training images; ``None`` where it has none."""
    task, images = plan.tasks[key], plan.dataset.images
    assert isinstance(task, TrainTask)
    if not (chosen := list(task.train.indices)):
        return None
    logits = bench.tree(key, "predictions")["logits_train"]
    return classification_metrics(logits, images.labels[chosen], images.classes)


def settle_steps(plan: Plan, bench: TaskContext) -> tuple[Plan, list[AnyTask]]:
    """Find how long to train, where nobody says: until ``none`` fits its own training images.

    Too few steps compare how fast arms learn. So the first repeat of ``none`` goes first, and if it
    does not fit, the number is doubled for all arms, twice at most, which takes four times as long.
    No other images play a part. Where the usual number is enough, nothing is trained in vain.

    Args:
        plan: Of the run.
        bench: Where the results are.

    Returns:
        The plan with a number of steps that is long enough, or the largest; and the trainings that
        must be done before that can be said, if any.

    Raises:
        MissingResult: If a result that decides is damaged.
    """
    training, steps = plan.config.training, DEFAULT_STEPS
    while training.steps is None and training.epochs is None:
        first = {key: task for c in _baselines(plan, 1) for key, task in plan.behind(c.key).items()}
        if not all(bench.store.has(key) for key in first):
            return plan, list(first.values())
        if steps == LONGEST_UNASKED or not fit_sentence(plan, bench, 1):
            break
        steps *= 2
        longer = {"training": training.model_copy(update={"steps": steps})}
        said = f"none does not fit its training images in {steps // 2} steps: every arm has "
        plan = make_plan(plan.config.model_copy(update=longer), plan.dataset)
        plan.provenance, plan.steps_found = provenance(plan), f"{said}{steps}."
    return plan, []


def fit_sentence(plan: Plan, bench: TaskContext, repeats: int | None = None) -> str:
    """What there is to say where ``none`` does not fit its own training images; else empty."""
    found: dict[tuple[str, str], list[float]] = {}
    for cell in _baselines(plan, repeats or len(plan.splits)):
        if scores := training_scores(plan, bench, cell.key):
            found.setdefault((cell.arm.name, cell.classifier), []).append(scores.recall)
    if (fit := min(map(statistics.mean, found.values()))) >= FITTED:
        return ""
    return (
        f"The training is short for these images: none has a balanced accuracy of {100 * fit:.1f} "
        "% on its own training images. Give more steps if time allows (--steps)."
    )


def _baselines(plan: Plan, repeats: int) -> list[Cell]:
    """The first repeats of ``none``, with every classifier and number of real images."""
    return [c for c in plan.cells if c.repeat < repeats and c.arm.name == c.arm.baseline]


def learnt(
    cells: Sequence[parts.Cell], groups: Mapping[str, int], classes: Sequence[str]
) -> Iterator[Learnt]:
    """What each arm and classifier has learnt.

    Args:
        cells: Of the run.
        groups: By the key of a cell how many groups its test images are in.
        classes: Their names.
    """
    chance = 1 / len(classes)
    for (arm, classifier), own in grouped(cells).items():
        confusions = [np.array(cell.test.confusion, dtype=np.float64) for cell in own]
        luck = [_luck(*each) for each in zip(confusions, (groups[c.key] for c in own), strict=True)]
        guessing = chance + _OFF * math.sqrt(np.mean(luck))
        scores = [cell.train.recall for cell in own if cell.train]
        whole = np.sum(confusions, axis=0)
        most = int(whole.sum(0).argmax())
        others = np.delete(whole, most, axis=0)
        problem: Problem | None = None
        if others[:, most].sum() >= ALWAYS * others.sum():
            problem = "one class"
        elif scores and np.mean(scores) - chance < BEGUN * (1 - chance):
            problem = "training images"
        elif np.mean([cell.test.recall for cell in own]) <= guessing:
            problem = "chance"
        yield Learnt(
            arm=arm,
            classifier=classifier,
            training=estimate(scores) if scores else None,
            guessing=guessing,
            never_answered=tuple(c for c, n in zip(classes, whole.sum(0), strict=True) if not n),
            problem=problem,
        )


def _luck(confusion: NDArray[np.float64], groups: int) -> float:
    """The variance of balanced accuracy where answers have nothing to do with the images.

    Whether an image of a class is answered so then depends on the share of that answer alone. The
    answers of repeats may have much in common, so that more repeats are not taken to make it less.
    """
    images, answered = confusion.sum(1), confusion.sum(0) / confusion.sum()
    # images of one group count as one
    independent = np.maximum(1.0, images * groups / images.sum())
    return float((answered * (1 - answered) / independent).sum() / len(images) ** 2)


def withhold(found: Comparison, unlearnt: Collection[tuple[str, str]]) -> Comparison:
    """A comparison without a verdict, if one of its arms has not learnt."""
    names = [name for name in (found.arm, found.against) if (name, found.classifier) in unlearnt]
    verdict = found.verdict if found.p is None or not names else "no evidence"
    return found.model_copy(update={"unlearnt": tuple(names), "verdict": verdict})
