"""What tasks work with: the store and what finished tasks left there, the device, the data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from neuplug.data.dataset import Dataset
from neuplug.experiment.tasks import Task
from neuplug.plugins.generator import FitContext, FitRecord, Progress
from neuplug.storage.store import Store
from neuplug.storage.tensorfile import tree_from
from neuplug.training.devices import pick_device


@dataclass
class TaskContext:
    """What tasks work with: a store, the device, and the data sets opened once."""

    store: Store
    device: torch.device
    datasets: dict[str, Dataset]

    @classmethod
    def open(cls, store: Path, device: str, dataset: Dataset | None = None) -> TaskContext:
        """On the store in a folder, with the device of that name."""
        datasets = {dataset.key: dataset} if dataset is not None else {}
        return cls(Store(store), pick_device(device), datasets)

    def dataset(self, key: str) -> Dataset:
        """The decoded data set, read from the cache at most once."""
        if key not in self.datasets:
            self.datasets[key] = Dataset.open(key, mapped=True)
        return self.datasets[key]

    def about(self, key: str) -> dict[str, Any]:
        """The notes on a finished task."""
        found: dict[str, Any] = json.loads(self.store.read(key, "about.json"))
        return found

    def tree(self, key: str, name: str) -> Any:
        """A file of tensors of a finished task."""
        return tree_from(self.store.read(key, f"{name}.safetensors"))

    def record(self, key: str) -> FitRecord:
        """What happened in a fit."""
        return FitRecord(**self.tree(key, "record"))

    def fit_context(self, task: Task, progress: Progress) -> FitContext:
        """What whoever trains something is given besides images."""
        return FitContext(
            device=self.device,
            seed=task.seed,
            name=task.label,
            progress=progress,
            checkpoint=self.store.checkpoint(task.key),
        )
