"""Several amounts of one arm: the best is chosen on validation images, and it alone is tested."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from neuplug.experiment.analysis.statistics import estimate
from neuplug.experiment.arms import Arm
from neuplug.experiment.plan import Cell, Plan
from neuplug.experiment.results.conclusions import Dose
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
    rows: list[Dose] = []
    chosen: set[tuple[str, str]] = set()
    for (family, classifier), arms in _families(plan).items():
        curve = [_dose(plan, bench, family, arm, classifier) for arm in arms]
        if any(arm.dose is not None for arm in arms):
            best = max(curve, key=lambda dose: (round(dose.mean, 12), -(dose.value or 0)))
            rows += [dose.model_copy(update={"chosen": dose is best}) for dose in curve]
            chosen.add((best.arm, classifier))
        else:
            chosen |= {(arm.name, classifier) for arm in arms}
            rows += curve if family == arms[0].baseline else []
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


def _families(plan: Plan) -> dict[tuple[str, str], list[Arm]]:
    found: dict[tuple[str, str], list[Arm]] = {}
    for cell in plan.cells:
        arms = found.setdefault((cell.arm.family, cell.classifier), [])
        if cell.arm not in arms:
            arms.append(cell.arm)
    return found


def _dose(plan: Plan, bench: TaskContext, family: str, arm: Arm, classifier: str) -> Dose:
    cells = [c for c in plan.cells if (c.arm.name, c.classifier) == (arm.name, classifier)]
    amount, value = arm.dose.given if arm.dose is not None else ("", None)
    found = dict(estimate(list(_accuracies(plan, bench, cells))))
    about = {"family": family, "arm": arm.name, "classifier": classifier}
    dose = {"amount": amount, "value": value, "chosen": False}
    return Dose.model_validate(about | dose | found)


def _accuracies(plan: Plan, bench: TaskContext, cells: Iterable[Cell]) -> Iterable[float]:
    for cell in cells:
        logits = bench.tree(cell.key, "predictions")["logits_val"]
        labels = plan.dataset.images.labels[cell.split.val]
        yield float(np.mean((logits.argmax(1) == labels).numpy()))
