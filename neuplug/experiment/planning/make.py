"""The plan of a run: for every repeat and arm the training sets, and the cells on them."""

from __future__ import annotations

from collections.abc import Sequence

from neuplug.data.dataset import Dataset
from neuplug.errors import InputError, did_you_mean
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.isolation import named_faults
from neuplug.experiment.mixture import Mixture
from neuplug.experiment.plan import Plan
from neuplug.experiment.planning.builder import ArmRepeat, Drawn, PlanBuilder
from neuplug.experiment.planning.cells import add_cell
from neuplug.experiment.planning.splits import draw_splits
from neuplug.experiment.planning.stages import add_stage, refuse_empty
from neuplug.plugins.registry import Registry


def make_plan(config: ComposeConfig, dataset: Dataset, registry: Registry) -> Plan:
    """Plan a run.

    Raises:
        InputError: If a component, option or amount does not exist or does not fit.
    """
    builder = PlanBuilder(config, dataset, registry)
    _refuse_unknown_classes(builder.plan, dataset.images.classes)
    refuse_images(builder)
    for repeat in range(config.repeats):
        splits = draw_splits(config, builder.dataset, repeat)
        builder.plan.splits.append(list(splits.values())[-1])
        for arm in builder.plan.arms:
            _add_arm(builder, ArmRepeat(arm, repeat, splits[arm.per_class]))
    return builder.plan


def _add_arm(builder: PlanBuilder, where: ArmRepeat) -> None:
    mixture, drawn = plan_mixture(builder, where)
    for classifier in builder.selection.classifiers:
        add_cell(builder, where, classifier, mixture, drawn)


def plan_mixture(builder: PlanBuilder, where: ArmRepeat) -> tuple[Mixture, Drawn]:
    """Add the tasks that make an arm's training set.

    Returns:
        The set, and what of it was generated.

    Raises:
        InputError: If a class is left without images.
    """
    classes = builder.dataset.images.classes
    mixture = Mixture(parts={name: (builder.real_of(where, name),) for name in classes})
    drawn = Drawn()
    for stage in where.arm.stages:
        if stage.amount is not None:
            mixture = add_stage(builder, where, stage, stage.amount, mixture, drawn)
    refuse_empty(where.arm, mixture)
    return mixture, drawn


def refuse_images(builder: PlanBuilder) -> None:
    """Let every component say whether it takes images of this kind, before anything is trained.

    Raises:
        InputError: If one does not.
    """
    images = builder.dataset.images
    for chosen in builder.selection.everything:
        component = chosen.make()
        with named_faults(chosen.spec):
            component.check_images(images.channels, images.image_size)


def _refuse_unknown_classes(plan: Plan, classes: Sequence[str]) -> None:
    # a recipe speaks of all classes of its paper, whichever are there
    named = [] if plan.config.recipe else [("limit", name) for name in plan.config.limit]
    for arm in plan.arms:
        for stage in arm.stages:
            named += [(f"arm {arm.name}: only", name) for name in stage.only]
            named += [(f"arm {arm.name}: except", name) for name in stage.spared]
    for where, name in named:
        if name not in classes:
            hint = did_you_mean(name, classes)
            raise InputError(
                f"{where}: there is no class {name!r}.{hint} There are: {', '.join(classes)}."
            )
