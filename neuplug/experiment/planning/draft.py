"""The plan while it is made: jobs, each noted once under the hash of what goes into it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from neuplug.data.dataset import Dataset
from neuplug.data.splits import Split
from neuplug.devices import pick_device
from neuplug.experiment.arms import Arm, Chosen, Selection
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.plan import Job, Plan, Pool, Sources
from neuplug.registry import Registry
from neuplug.storage.store import hash_of


@dataclass(frozen=True)
class Case:
    """An arm within a repeat."""

    arm: Arm
    repeat: int
    split: Split

    def __str__(self) -> str:
        return f"repeat {self.repeat + 1} of arm {self.arm.name}"


@dataclass
class Made:
    """What an arm's generators have drawn so far, and from which fits."""

    images: Pool = field(default_factory=dict)
    sources: Sources = field(default_factory=dict)


class Draft:
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
        self.plan = Plan(config, dataset, self.selection.arms, self.selection.components)
        # other kinds of devices compute other last digits
        self._device = pick_device(config.device).type
        self._digests: dict[tuple[int, ...], str] = {}
        self._embedders: dict[tuple[str, int], dict[str, Any]] = {}

    def add(
        self, kind: str, title: str, identity: dict[str, Any], needs: list[str], **extra: Any
    ) -> str:
        """Note a job once.

        Args:
            kind: See :class:`neuplug.experiment.plan.Job`.
            title: For people.
            identity: All that decides the result; the key is its hash.
            needs: Keys of jobs whose results it reads.
            extra: Needed to do it, but says nothing new about its result.

        Returns:
            The job's key.
        """
        key = hash_of([kind, self._device, identity])
        if key not in self.plan.jobs:
            size = self.dataset.images.image_size
            task = {**identity, **extra, "dataset": self.dataset.key, "imgsz": size}
            images = sum(map(self.size, extra.get("pool", {}).values()))
            needed = tuple(dict.fromkeys(needs))
            self.plan.jobs[key] = Job(key, kind, title, needed, task, images)
        return key

    def size(self, parts: list[Any]) -> int:
        """How many images the parts of a class have."""
        return sum(
            self.plan.jobs[p["made"]].task["n"] if "made" in p else len(p["real"]) for p in parts
        )

    def digest(self, parts: list[Any]) -> list[str]:
        """What a class's part of a pool is, for a key: pixels, not indices."""
        return [p["made"] if "made" in p else self.pixels(p["real"]) for p in parts]

    def pixels(self, indices: list[int]) -> str:
        """What real images are, for a key."""
        known = tuple(indices)
        if known not in self._digests:
            self._digests[known] = self.dataset.images.digest(indices)
        return self._digests[known]

    def real_of(self, case: Case, name: str) -> list[int]:
        """The real training images of a class."""
        label = self.dataset.images.classes.index(name)
        return [i for i in case.split.train if int(self.dataset.images.labels[i]) == label]

    def note_trained(self, case: Case, classifier: Chosen, key: str) -> None:
        """Remember the first classifier of a repeat that is trained on real images alone."""
        if case.arm.name == case.arm.baseline:
            found = {"key": key, "component": classifier.reference()}
            self._embedders.setdefault((case.arm.name, case.repeat), found)

    def embedder(self, case: Case) -> dict[str, Any]:
        """That classifier: the ``key`` of its job, and its ``component``."""
        return self._embedders[case.arm.baseline, case.repeat]


def real_parts(parts: list[Any]) -> list[Any]:
    """Those parts of a class that are real."""
    return [part for part in parts if "real" in part]


def made_keys(pool: Pool, names: list[str]) -> list[str]:
    """The jobs that made what a pool has of these classes."""
    return [part["made"] for name in names for part in pool[name] if "made" in part]
