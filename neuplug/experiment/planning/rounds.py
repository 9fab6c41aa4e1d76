"""What is to do, given the results so far: a run goes on until a round adds nothing."""

from __future__ import annotations

from neuplug.experiment.analysis.doses import choose
from neuplug.experiment.plan import Plan
from neuplug.experiment.results.model import Dose
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.tasks import AnyTask, TrainTask


def next_round(plan: Plan, bench: TaskContext) -> tuple[Plan, list[Dose], list[AnyTask]]:
    """What is to do, given the results so far.

    Args:
        plan: Of the run.
        bench: Where the results are.

    Returns:
        The plan and the curves of :func:`~neuplug.experiment.analysis.doses.choose`, as far as can
        be said now, and all tasks whose results are wanted, done or not: when all of them are done
        there may be more.

    Raises:
        MissingResult: If a result that decides is damaged.
    """
    if not plan.chooses_amounts:
        return plan, [], list(plan.tasks.values())
    # an amount that is not chosen is not evaluated
    waiting = {
        key for cell in plan.cells if cell.arm.dose is not None for _, key in cell.evaluations
    }
    tasks = [task for key, task in plan.tasks.items() if key not in waiting]
    if not all(bench.store.has(task.key) for task in tasks if isinstance(task, TrainTask)):
        return plan, [], tasks
    chosen, curves = choose(plan, bench)
    kept = [key for cell in chosen.cells for _, key in cell.evaluations if key in waiting]
    return chosen, curves, [*tasks, *(plan.tasks[key] for key in dict.fromkeys(kept))]
