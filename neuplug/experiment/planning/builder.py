"""The plan while it is made: tasks, each noted once under the hash of what goes into it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from neuplug.data.dataset import Dataset
from neuplug.data.splits import Split
from neuplug.experiment.arms import Arm, ConfiguredComponent, Selection
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.mixture import Mixture, Part, RealImages
from neuplug.experiment.plan import Plan
from neuplug.experiment.tasks import AnyTask, Source, Trained
from neuplug.plugins.registry import Registry
from neuplug.training.devices import pick_device


@dataclass(frozen=True)
class ArmRepeat:
    """An arm within a repeat."""

    arm: Arm
    repeat: int
    split: Split

    def __str__(self) -> str:
        return f"repeat {self.repeat + 1} of arm {self.arm.name}"


@dataclass
class Drawn:
    """What an arm's generators have drawn so far, and from which fits."""

    parts: dict[str, list[Part]] = field(default_factory=dict)
    sources: dict[str, list[Source]] = field(default_factory=dict)

    @property
    def mixture(self) -> Mixture:
        """The classes of which something is drawn."""
        return Mixture(parts={name: tuple(some) for name, some in self.parts.items() if some})


class PlanBuilder:
    """A plan in the making, which every part of planning adds to.

    Attributes:
        config: What is asked.
        dataset: Without its given parts where the split is to be drawn anew.
        selection: The components that take part.
        plan: What there is so far.
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
        self._common = {
            "dataset": dataset.key,
            "image_size": dataset.images.image_size,
            "device": pick_device(config.device).type,
        }
        self._digests: dict[tuple[int, ...], str] = {}
        self._embedders: dict[tuple[str, int], Trained] = {}

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

    def real(self, indices: list[int]) -> RealImages:
        """Real images, with what they are for a key: pixels, not indices."""
        known = tuple(indices)
        if known not in self._digests:
            self._digests[known] = self.dataset.images.digest(indices)
        return RealImages(indices=known, digest=self._digests[known])

    def real_of(self, where: ArmRepeat, name: str) -> RealImages:
        """The real training images of a class."""
        label = self.dataset.images.classes.index(name)
        labels = self.dataset.images.labels
        return self.real([i for i in where.split.train if int(labels[i]) == label])

    def note_trained(self, where: ArmRepeat, classifier: ConfiguredComponent, key: str) -> None:
        """Remember the first classifier of a repeat that is trained on real images alone."""
        if where.arm.name == where.arm.baseline:
            found = Trained(task=key, component=classifier.reference())
            self._embedders.setdefault((where.arm.name, where.repeat), found)

    def embedder(self, where: ArmRepeat) -> Trained:
        """That classifier."""
        return self._embedders[where.arm.baseline, where.repeat]
