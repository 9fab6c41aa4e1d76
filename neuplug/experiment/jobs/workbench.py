"""What jobs work with: the store and what finished jobs left there, the device, the data."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch

from neuplug.data.dataset import Dataset
from neuplug.devices import pick_device
from neuplug.experiment.plan import Job, Pool
from neuplug.imageset import HeldOutSet, ImageSet, TrainingSet
from neuplug.interfaces import FitContext, FitRecord, Progress
from neuplug.storage.store import Store
from neuplug.tensorfile import tree_from


@dataclass
class Workbench:
    """What jobs work with: a store, the device, and the data set opened once."""

    store: Store
    device: torch.device
    datasets: dict[str, Dataset]

    @classmethod
    def open(cls, store: Path, device: str, dataset: Dataset | None = None) -> Workbench:
        """A workbench on the store in a folder, with the device of that name."""
        datasets = {dataset.key: dataset} if dataset is not None else {}
        return cls(Store(store), pick_device(device), datasets)

    def dataset(self, key: str) -> Dataset:
        """The decoded data set, read from the cache at most once."""
        if key not in self.datasets:
            self.datasets[key] = Dataset.open(key, mapped=True)
        return self.datasets[key]

    def about(self, key: str) -> dict[str, Any]:
        """The notes on a finished job."""
        found: dict[str, Any] = json.loads(self.store.read(key, "about.json"))
        return found

    def tree(self, key: str, name: str) -> Any:
        """A file of tensors of a finished job."""
        return tree_from(self.store.read(key, f"{name}.safetensors"))

    def record(self, key: str) -> FitRecord:
        """What happened in a fit, whichever version of neuplug has noted it.

        What that one did not write yet has its default; what this one does not know is left out.
        """
        known = {field.name for field in fields(FitRecord)}
        tree = self.tree(key, "record")
        return FitRecord(**{name: value for name, value in tree.items() if name in known})

    def training_set(self, pool: Pool, dataset: Dataset, only: list[str]) -> TrainingSet:
        """Put a training set together.

        Args:
            pool: Its parts, by class.
            dataset: Where the real ones are.
            only: Classes to take; they are the set's classes, in this order.
        """
        parts = []
        for label, name in enumerate(only):
            for part in pool.get(name, []):
                parts.append(self._part(part, dataset, label, only))
        return TrainingSet.concatenate(parts)

    def fit_context(self, job: Job, progress: Progress) -> FitContext:
        """What whoever trains something is given besides images."""
        return FitContext(
            device=self.device,
            seed=job.task["seed"],
            name=job.title,
            progress=progress,
            checkpoint=self.store.checkpoint(job.key),
        )

    def _part(
        self, part: dict[str, Any], dataset: Dataset, label: int, classes: list[str]
    ) -> TrainingSet:
        if "made" in part:
            tree = self.tree(part["made"], "images")
            ids, origins, parents = (
                tuple(tree["ids"]),
                tuple(tree["origins"]),
                tuple(tree["parents"]),
            )
            images = tree["images"]
        else:
            index = part["real"]
            images = dataset.images.images[torch.as_tensor(index, dtype=torch.int64)]
            ids = tuple(dataset.images.ids[i] for i in index)
            origins, parents = ("real",) * len(ids), ("",) * len(ids)
        labels = torch.full((len(ids),), label, dtype=torch.int64)
        return TrainingSet(images, labels, tuple(classes), ids, origins, parents)


def real_training(dataset: Dataset, indices: list[int]) -> TrainingSet:
    """Real images to learn from."""
    return TrainingSet(**_plain(dataset.images.subset(indices)))


def held_out(dataset: Dataset, indices: list[int]) -> HeldOutSet:
    """Real images that nothing learns from."""
    return HeldOutSet(**_plain(dataset.images.subset(indices)))


def _plain(images: ImageSet) -> dict[str, Any]:
    """The fields that every kind of image set has."""
    return {name: getattr(images, name) for name in ("images", "labels", "classes", "ids")}
