"""The plan of a run: for every repeat the splits, and for every arm its tasks and cells.

Then the rounds: what is to do, given the results so far, until a round adds nothing.
"""

from __future__ import annotations

import dataclasses
import random

from neuplug.data.dataset import Dataset
from neuplug.data.splits import Split, draw_split, shuffled
from neuplug.errors import InputError, did_you_mean
from neuplug.experiment.analysis.doses import choose
from neuplug.experiment.arms import Selection
from neuplug.experiment.components import named_faults
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.plan import Plan
from neuplug.experiment.planning.arm import ArmPlanner
from neuplug.experiment.results.model import Dose
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.tasks import AnyTask, TrainTask
from neuplug.seeds import derive_seed


def make_plan(config: ComposeConfig, dataset: Dataset) -> Plan:
    """Plan a run.

    Raises:
        InputError: If a component, option, amount or class does not exist or does not fit, or a
            component does not take images of this kind.
    """
    plan = begin_plan(config, dataset)
    for repeat in range(config.repeats):
        splits = _draw_splits(config, plan.dataset, repeat)
        plan.splits.append(list(splits.values())[-1])
        for arm in plan.arms:
            planner = ArmPlanner(plan, arm, repeat, splits[arm.per_class])
            for classifier in plan.selection.classifiers:
                planner.add_cell(classifier)
    return plan


def begin_plan(config: ComposeConfig, dataset: Dataset) -> Plan:
    """A plan without tasks.

    Raises:
        InputError: See :func:`make_plan`.
    """
    if config.resplit:
        dataset = dataclasses.replace(dataset, splits=(None,) * len(dataset))
    selection = Selection(config)
    plan = Plan(config, dataset, selection, selection.arms)
    _refuse_unknown_classes(plan)
    for chosen in selection.everything:  # before anything is trained
        component = chosen.make()
        with named_faults(chosen.spec):
            component.check_images(dataset.images.channels, dataset.images.image_size)
    return plan


def _refuse_unknown_classes(plan: Plan) -> None:
    # a recipe speaks of all classes of its paper, whichever are there
    named = [] if plan.config.recipe else [("limit", name) for name in plan.config.limit]
    for arm in plan.arms:
        for stage in arm.stages:
            named += [(f"arm {arm.name}: only", name) for name in stage.only]
            named += [(f"arm {arm.name}: except", name) for name in stage.spared]
    classes = plan.dataset.images.classes
    for where, name in named:
        if name not in classes:
            hint = did_you_mean(name, classes)
            raise InputError(
                f"{where}: there is no class {name!r}.{hint} There are: {', '.join(classes)}."
            )


def _draw_splits(config: ComposeConfig, dataset: Dataset, repeat: int) -> dict[int | None, Split]:
    """A split for each number of real images, the largest last; the test is common to all.

    Raises:
        InputError: If there are too few images for it, or the given parts leak.
    """
    found = {}
    for number in config.subsets():
        split = draw_split(
            dataset,
            per_class=number or (config.per_class[0] if config.per_class else None),
            test=config.test,
            val=config.val,
            allow_leak=config.allow_leak,
            seed=config.seed,
            repeat=repeat,
        )
        found[number] = _limited(split, config, dataset, repeat)
    common = set.intersection(*(set(split.test) for split in found.values()))
    return {number: _with_test(split, common) for number, split in found.items()}


def _limited(split: Split, config: ComposeConfig, dataset: Dataset, repeat: int) -> Split:
    """The split with at most so many training images of a class as the user wants."""
    if not config.limit:
        return split
    labels, train = dataset.images.labels, []
    for label, name in enumerate(dataset.images.classes):
        rng = random.Random(derive_seed(config.seed, "limit", name, repeat))
        members = [i for i in split.train if int(labels[i]) == label]
        train += shuffled(members, rng)[: config.limit.get(name)]
    left_out = sorted({*split.left_out, *split.train} - set(train))
    return dataclasses.replace(split, train=sorted(train), left_out=left_out)


def _with_test(split: Split, test: set[int]) -> Split:
    """The split with fewer test images; the others are left out."""
    dropped = [i for i in split.test if i not in test]
    left_out = sorted([*split.left_out, *dropped])
    return dataclasses.replace(split, test=sorted(test), left_out=left_out)


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
