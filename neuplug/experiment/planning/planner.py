"""The plan of a run: for every repeat and arm the training sets, and the cells on them."""

from __future__ import annotations

from collections.abc import Sequence

from neuplug.data.dataset import Dataset
from neuplug.errors import InputError, did_you_mean
from neuplug.experiment.blame import blame
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.identity import identity
from neuplug.experiment.plan import Plan, Pool
from neuplug.experiment.planning.cells import add_cell
from neuplug.experiment.planning.draft import Case, Draft, Made
from neuplug.experiment.planning.splits import draw_splits
from neuplug.experiment.planning.stages import add_stage, refuse_empty
from neuplug.registry import Registry


def make_plan(config: ComposeConfig, dataset: Dataset, registry: Registry) -> Plan:
    """Plan a run.

    Raises:
        InputError: If a component, option or amount does not exist or does not fit.
    """
    draft = Draft(config, dataset, registry)
    _refuse_unknown_classes(draft.plan, dataset.images.classes)
    refuse_images(draft)
    for repeat in range(config.repeats):
        splits = draw_splits(config, draft.dataset, repeat)
        draft.plan.splits.append(list(splits.values())[-1])
        for arm in draft.plan.arms:
            _add_arm(draft, Case(arm, repeat, splits[arm.per_class]))
    return draft.plan


def _add_arm(draft: Draft, case: Case) -> None:
    pool, made = plan_training_set(draft, case)
    for classifier in draft.selection.classifiers:
        add_cell(draft, case, classifier, pool, made)


def plan_training_set(draft: Draft, case: Case) -> tuple[Pool, Made]:
    """Add the jobs that make an arm's training set.

    Returns:
        The set's parts, and what of it was generated.

    Raises:
        InputError: If a class is left without images.
    """
    classes = draft.dataset.images.classes
    pool: Pool = {name: [{"real": draft.real_of(case, name)}] for name in classes}
    made = Made()
    for group in case.arm.groups:
        if group.amount is not None:
            pool = add_stage(draft, case, group, group.amount, pool, made)
    refuse_empty(case.arm, {name: draft.size(parts) for name, parts in pool.items()})
    return pool, made


def refuse_images(draft: Draft) -> None:
    """Let every component say whether it takes images of this kind, before anything is trained.

    Raises:
        InputError: If one does not.
    """
    images = draft.dataset.images
    for chosen in draft.selection.everything:
        component = chosen.make()
        with blame(identity(chosen.provided)):
            component.check_images(images.channels, images.image_size)


def _refuse_unknown_classes(plan: Plan, classes: Sequence[str]) -> None:
    # a recipe speaks of all classes of its paper, whichever are there
    named = [] if plan.config.recipe else [("limit", name) for name in plan.config.limit]
    for arm in plan.arms:
        for group in arm.groups:
            named += [(f"arm {arm.name}: only", name) for name in group.only]
            named += [(f"arm {arm.name}: except", name) for name in group.spared]
    for where, name in named:
        if name not in classes:
            hint = did_you_mean(name, classes)
            raise InputError(
                f"{where}: there is no class {name!r}.{hint} There are: {', '.join(classes)}."
            )
