"""The plan of a run: for every repeat the splits, and for every arm its tasks and cells."""

from __future__ import annotations

import dataclasses
import random

from neuplug.data.dataset import Dataset
from neuplug.data.splits import Split, draw_split, shuffled
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.plan import Plan
from neuplug.experiment.planning.arm import ArmPlanner
from neuplug.experiment.planning.builder import PlanBuilder
from neuplug.plugins.registry import Registry
from neuplug.seeds import derive_seed


def make_plan(config: ComposeConfig, dataset: Dataset, registry: Registry) -> Plan:
    """Plan a run.

    Raises:
        InputError: If a component, option or amount does not exist or does not fit.
    """
    builder = PlanBuilder(config, dataset, registry)
    for repeat in range(config.repeats):
        splits = _draw_splits(config, builder.dataset, repeat)
        builder.plan.splits.append(list(splits.values())[-1])
        for arm in builder.plan.arms:
            planner = ArmPlanner(builder, arm, repeat, splits[arm.per_class])
            for classifier in builder.selection.classifiers:
                planner.add_cell(classifier)
    return builder.plan


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
