"""The plan while it is made: tasks, each noted once under the hash of what goes into it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from neuplug.data.dataset import Dataset
from neuplug.errors import InputError, did_you_mean
from neuplug.experiment.arms import Selection
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.isolation import named_faults
from neuplug.experiment.mixture import RealImages
from neuplug.experiment.plan import Plan
from neuplug.experiment.tasks import AnyTask, Trained
from neuplug.plugins.registry import Registry
from neuplug.training.devices import pick_device


class PlanBuilder:
    """A plan in the making, which every part of planning adds to.

    Attributes:
        config: What is asked.
        dataset: Without its given parts where the split is to be drawn anew.
        selection: The components that take part.
        plan: What there is so far.
        embedders: Of a baseline and repeat, the first classifier that is trained on real images
            alone.

    Raises:
        InputError: If a component, option, amount or class does not exist or does not fit, or a
            component does not take images of this kind.
    """

    def __init__(self, config: ComposeConfig, dataset: Dataset, registry: Registry) -> None:
        if config.resplit:
            dataset = dataclasses.replace(dataset, splits=(None,) * len(dataset))
        self.config, self.dataset = config, dataset
        self.selection = Selection(config, registry)
        chosen = self.selection
        self.plan = Plan(
            config, dataset, chosen.arms, chosen.components, chosen.reporters, chosen.executor
        )
        self.embedders: dict[tuple[str, int], Trained] = {}
        self._common = {
            "dataset": dataset.key,
            "image_size": dataset.images.image_size,
            "device": pick_device(config.device).type,
        }
        self._digests: dict[tuple[int, ...], str] = {}
        self._refuse_unknown_classes()
        self._refuse_images()

    def add(self, kind: type[AnyTask], label: str, **fields: Any) -> str:
        """Note a task once.

        Args:
            kind: Its type.
            label: For people.
            fields: What it has besides what all tasks of the plan share.

        Returns:
            Its key.
        """
        images = len(fields.get("mixture") or ())
        task = kind(label=label, images=images, **self._common, **fields)
        self.plan.tasks.setdefault(task.key, task)
        return task.key

    def real(self, indices: Iterable[int]) -> RealImages:
        """Real images, with what they are for a key: pixels, not indices."""
        known = tuple(indices)
        if known not in self._digests:
            self._digests[known] = self.dataset.images.digest(known)
        return RealImages(indices=known, digest=self._digests[known])

    def _refuse_unknown_classes(self) -> None:
        # a recipe speaks of all classes of its paper, whichever are there
        named = [] if self.config.recipe else [("limit", name) for name in self.config.limit]
        for arm in self.plan.arms:
            for stage in arm.stages:
                named += [(f"arm {arm.name}: only", name) for name in stage.only]
                named += [(f"arm {arm.name}: except", name) for name in stage.spared]
        classes = self.dataset.images.classes
        for where, name in named:
            if name not in classes:
                hint = did_you_mean(name, classes)
                raise InputError(
                    f"{where}: there is no class {name!r}.{hint} There are: {', '.join(classes)}."
                )

    def _refuse_images(self) -> None:
        """Let every component say whether it takes such images, before anything is trained."""
        images = self.dataset.images
        for chosen in self.selection.everything:
            component = chosen.make()
            with named_faults(chosen.spec):
                component.check_images(images.channels, images.image_size)
