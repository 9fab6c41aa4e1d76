"""Which real images a repeat trains on and is tested on, for each number of images asked for."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Collection

from neuplug.data.dataset import Dataset
from neuplug.data.splits import Split, draw_split, shuffled
from neuplug.errors import InputError
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.plan import Plan
from neuplug.seeds import derive_seed

# Training images of a class of which a quarter and a half differ
FEWEST = 4


def draw_splits(config: ComposeConfig, dataset: Dataset, repeat: int) -> dict[int | None, Split]:
    """A split for each number of real images, the largest last; the test is common to all.

    Raises:
        InputError: If there are too few images for it, or the given parts leak.
    """
    found: dict[int | None, Split] = {}
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
        kept = {i for smaller in found.values() for i in smaller.train}
        found[number] = _limited(split, config, dataset, repeat, kept)
    common = set.intersection(*(set(split.test) for split in found.values()))
    return {number: _with_test(split, common) for number, split in found.items()}


def _limited(
    split: Split, config: ComposeConfig, dataset: Dataset, repeat: int, kept: Collection[int]
) -> Split:
    """The split with at most so many training images of a class as the user wants.

    Images of a smaller training set stay before all others, so that sets remain nested.
    """
    if not config.limit:
        return split
    labels, train, warnings = dataset.images.labels, list[int](), list(split.warnings)
    for label, name in enumerate(dataset.images.classes):
        rng = random.Random(derive_seed(config.seed, "limit", name, repeat))
        members = [i for i in split.train if int(labels[i]) == label]
        number = config.limit.get(name, len(members) + 1)
        train += sorted(shuffled(members, rng), key=lambda i: i not in kept)[:number]
        if name in config.limit and number >= len(members) and not config.recipe:
            has = f"class {name} has {len(members)} training images"
            warnings.append(f"limit: {name} = {number} changes nothing where {has}.")
    left_out = sorted({*split.left_out, *split.train} - set(train))
    return dataclasses.replace(split, train=sorted(train), left_out=left_out, warnings=warnings)


def _with_test(split: Split, test: set[int]) -> Split:
    """The split with fewer test images; the others are left out."""
    left_out = sorted([*split.left_out, *(set(split.test) - test)])
    return dataclasses.replace(split, test=sorted(test), left_out=left_out)


def part_of(plan: Plan, share: float, repeat: int) -> Split:
    """The last split with a part of the training images of each class, a smaller one in a larger.

    Raises:
        InputError: If there are too few of them.
    """
    split, dataset = plan.splits[repeat], plan.dataset
    counts = dataset.images.counts(split.train)
    if (most := max(counts.values())) < FEWEST:
        raise InputError(
            f"worth: no class has more than {most} training images, and a learning curve needs "
            f"{FEWEST}: raise per_class, or leave worth out."
        )
    limit = {name: max(1, round(share * count)) for name, count in counts.items()}
    return _limited(split, plan.config.model_copy(update={"limit": limit}), dataset, repeat, ())
