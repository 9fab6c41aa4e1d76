"""Several amounts of one arm: the best is chosen on validation images, and it alone is tested."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from neuplug.experiment.analysis.statistics import estimate
from neuplug.experiment.plan import Cell, Plan
from neuplug.experiment.results import Dose
from neuplug.experiment.steps.context import TaskContext


def choose(plan: Plan, bench: TaskContext) -> tuple[Plan, list[Dose]]:
    """Choose an amount for each arm and classifier.

    Chosen is what has the highest accuracy on the validation images, averaged over repeats; of
    equals the smaller amount.

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
            best = max(curve, key=lambda dose: (round(dose.mean, 12), -(dose.value or 0)))
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
    """A point of the curve: an arm's accuracy on validation images, with a classifier."""
    arm, labels = cells[0].arm, plan.dataset.images.labels
    accuracies = []
    for cell in cells:
        predicted = bench.tree(cell.key, "predictions")["logits_val"].argmax(1)
        accuracies.append(float(np.mean((predicted == labels[cell.split.val]).numpy())))
    amount, value = arm.dose.given if arm.dose is not None else ("", None)
    about = {"family": arm.family, "arm": arm.name, "classifier": cells[0].classifier}
    dose = {"amount": amount, "value": value, "chosen": False}
    return Dose.model_validate(about | dose | dict(estimate(accuracies)))
