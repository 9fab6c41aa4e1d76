"""What tasks work with: the data, the device, and what finished tasks left in the store."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from neuplug.data.dataset import Dataset
from neuplug.data.imageset import TrainingSet
from neuplug.errors import NeuplugError
from neuplug.experiment.components import load_component, named_faults
from neuplug.experiment.tasks import MadeImages, Mixture, Part, Task, Trained
from neuplug.plugins.generator import FitContext, FitRecord, Progress
from neuplug.storage.store import Store
from neuplug.storage.tensorfile import tree_from
from neuplug.training.devices import pick_device
from neuplug.training.fitted import FittedClassifier


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

    def trained(self, trained: Trained, dataset: Dataset) -> FittedClassifier:
        """The classifier that a finished task has trained on a data set."""
        state = self.tree(trained.task, "classifier")
        with named_faults(trained.component):
            return FittedClassifier.load(
                load_component(trained.component),
                state,
                len(dataset.images.classes),
                dataset.images.image_size,
                self.device,
            )

    def training_set(self, mixture: Mixture, dataset: Dataset, whose: str = "") -> TrainingSet:
        """Put a training set together.

        Args:
            mixture: What it consists of.
            dataset: Where the real images are.
            whose: Whose set it is, for the error's sentence, where something is to learn from it;
                a set to look at may lack images of a class.

        Raises:
            NeuplugError: If something is to learn from it, and a class has no image.
        """
        classes = tuple(mixture.parts)
        found = TrainingSet.concatenate(
            [
                self._part(part, dataset, label, classes)
                for label, parts in enumerate(mixture.parts.values())
                for part in parts
            ]
        )
        if whose and (empty := [name for name, n in found.counts().items() if n == 0]):
            self._refuse_empty(mixture.only(empty), whose)
        return found

    def _part(
        self, part: Part, dataset: Dataset, label: int, classes: tuple[str, ...]
    ) -> TrainingSet:
        if isinstance(part, MadeImages):
            tree = self.tree(part.task, "images")
            images = tree["images"]
            ids, origins, parents = (tuple(tree[name]) for name in ("ids", "origins", "parents"))
        else:
            real = dataset.images.subset(part.indices)
            images, ids = real.images, real.ids
            origins, parents = ("real",) * len(ids), ("",) * len(ids)
        labels = torch.full((len(ids),), label, dtype=torch.int64)
        return TrainingSet(images, labels, classes, ids, origins, parents)

    def _refuse_empty(self, mixture: Mixture, whose: str) -> None:
        """Refuse a training set for the sake of the classes of which it has no image.

        A plan asks for images of every class, so one is empty only where filters let nothing pass.
        Of no images nothing is learned; and a classifier that has never seen a class cannot name
        it, so that its accuracy would tell of the gap and not of the arm's images. It is no
        :class:`neuplug.InputError`, which would stop the other arms too.
        """
        empty = []
        for name, parts in mixture.parts.items():
            made = [p for p in parts if isinstance(p, MadeImages) and p.filter]
            passed = ", ".join(
                f"filter={how} let {about['images']} of {about['drawn']} images pass"
                for how, about in ((part.filter, self.about(part.task)) for part in made)
            )
            empty.append(f"class {name} ({passed})" if passed else f"class {name}")
        raise NeuplugError(
            f"{whose} leaves {' and '.join(empty)} without training images. Keep the real ones (no "
            "replace, a share below 1), leave the filter out or loosen it, train the generator for "
            "more steps, or leave the arm out."
        )
