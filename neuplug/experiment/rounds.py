"""What a run does next, given the results so far: which repeats, and which of an arm's amounts.

Nothing but the question and the stored results decides, so that an interrupted run goes on with
the same tasks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from neuplug.experiment import parts
from neuplug.experiment.analysis.about import provenance
from neuplug.experiment.analysis.comparisons import score_cells, scores_of, verdicts
from neuplug.experiment.analysis.statistics import estimate_scores
from neuplug.experiment.looks import counted, planned_looks
from neuplug.experiment.plan import Cell, Plan
from neuplug.experiment.planning import add_repeats
from neuplug.experiment.results import Dose
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.tasks import AnyTask, TrainTask


def next_round(plan: Plan, bench: TaskContext) -> tuple[Plan, list[Dose], list[AnyTask]]:
    """What is to do, given the results so far.

    After each planned look the plan gets the repeats up to the next one, of those arms and
    classifiers that an undecided comparison rests on.

    Args:
        plan: Of the run.
        bench: Where the results are.

    Returns:
        The plan and the curves of :func:`choose_amounts`, as far as can be said now, and all tasks
        whose results are wanted, done or not: when all of them are done there may be more.

    Raises:
        MissingResult: If a result that decides is damaged.
        InputError: See :func:`neuplug.experiment.planning.make_plan`.
    """
    repeats = plan.config.repeats
    while True:
        chosen, curves, tasks = choose_amounts(plan, bench)
        further = [n for look in planned_looks(repeats) if (n := look.repeats) > len(plan.splits)]
        trained = all(bench.store.has(cell.key) for cell in chosen.cells)
        at = f"the look at {len(plan.splits)} of {counted(repeats)}"
        chosen.until = at if further and not trained else ""
        wanted = _undecided(chosen, bench) if further and trained else ()
        if not wanted:
            return chosen, curves, tasks
        add_repeats(plan, further[0], wanted)
        plan.provenance = provenance(plan)


def _undecided(plan: Plan, bench: TaskContext) -> set[tuple[str, str]]:
    """The arms and classifiers that the comparisons rest on which no look has decided."""
    cells = [
        parts.CellId(arm=c.arm.name, classifier=c.classifier, repeat=c.repeat, key=c.key)
        for c in plan.cells
    ]
    found = verdicts(cells, plan.arms, score_cells(plan, bench), plan.config)
    return {
        (name, c.classifier)
        for c in found
        if c.verdict == "no evidence"
        for name in (c.arm, c.against)
    }


def choose_amounts(plan: Plan, bench: TaskContext) -> tuple[Plan, list[Dose], list[AnyTask]]:
    """Choose an amount for each arm and classifier where there are several, and see what is to do.

    Chosen is what does best on the validation images by the metric of the verdicts, averaged over
    repeats up to the first look; of equals the smaller amount.

    Args:
        plan: Of the run so far.
        bench: Where the results are.

    Returns:
        The plan, once all is trained with the cells of amounts that were not chosen put aside, so
        that nobody sees how those do on the test; the curves, with ``none`` beside them; and the
        tasks, of which an amount that is not chosen has no evaluations.
    """
    if not plan.chooses_amounts:
        return plan, [], list(plan.tasks.values())
    waiting = {key for c in plan.cells if c.arm.dose is not None for _, key in c.evaluations}
    tasks = [task for key, task in plan.tasks.items() if key not in waiting]
    if not all(bench.store.has(task.key) for task in tasks if isinstance(task, TrainTask)):
        return plan, [], tasks
    families: dict[tuple[str, str], dict[str, list[Cell]]] = {}
    for cell in plan.cells:
        arms = families.setdefault((cell.arm.family, cell.classifier), {})
        arms.setdefault(cell.arm.name, []).append(cell)
    rows: list[Dose] = []
    first, sign = planned_looks(plan.config.repeats)[0].repeats, plan.metric[0].sign
    chosen: set[tuple[str, str]] = set()
    for (family, classifier), arms in families.items():
        curve = [_dose(plan, bench, cells[:first]) for cells in arms.values()]
        best = max(curve, key=lambda dose: (sign * round(dose.mean, 12), -(dose.value or 0)))
        several = any(dose.amount for dose in curve)
        chosen |= {(arm, classifier) for arm in ([best.arm] if several else arms)}
        if several or family == next(iter(arms.values()))[0].arm.baseline:
            rows += [d.model_copy(update={"chosen": several and d is best}) for d in curve]
    cells = [cell for cell in plan.cells if (cell.arm.name, cell.classifier) in chosen]
    kept = {cell.arm.name for cell in cells}
    part = dataclasses.replace(
        plan,
        cells=cells,
        unchosen=[cell for cell in plan.cells if cell not in cells],
        arms=tuple(arm for arm in plan.arms if arm.name in kept),
        fits=[fit for fit in plan.fits if fit.arm in kept],
    )
    evaluated = dict.fromkeys(key for c in cells for _, key in c.evaluations if key in waiting)
    return part, rows, [*tasks, *(plan.tasks[key] for key in evaluated)]


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
