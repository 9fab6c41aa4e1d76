"""Doing one job: from its plain description to a folder in the store."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuplug.data.dataset import Dataset
from neuplug.devices import pick_device
from neuplug.experiment.blame import blame
from neuplug.experiment.filtering import (
    COPIES,
    Accept,
    agreeing,
    describe,
    draw_accepted,
    no_copies,
)
from neuplug.experiment.grammar import Filter
from neuplug.experiment.plan import Job, Pool, Sources
from neuplug.experiment.store import Store, write_json
from neuplug.imageset import HeldOutSet, ImageSet, TrainingSet
from neuplug.interfaces import (
    Augmenter,
    ClassGenerator,
    Embedder,
    EvaluationContext,
    Evaluator,
    FitContext,
    FitRecord,
    Generator,
    Progress,
)
from neuplug.profiling import profile_classifier
from neuplug.registry import discover
from neuplug.seeds import derive_seed, seeded
from neuplug.tensorfile import load_tree, save_tree
from neuplug.training import FittedClassifier, fit_classifier
from neuplug.training_options import TrainingOptions


def load_component(reference: Mapping[str, Any]) -> Any:
    """The component that a job's plain description names, with its options."""
    name = f"{reference['distribution']}:{reference['name']}"
    component = discover().resolve(name, (reference["kind"],)).load()
    with blame(reference):
        return component(component.options_class.parse(reference["options"], reference["name"]))


class CheckedAugmenter(Augmenter):
    """A plugin's augmenter whose faults are caught where they happen."""

    def __init__(self, augmenter: Augmenter, reference: Mapping[str, Any]) -> None:
        super().__init__(augmenter.options)
        self.inner = augmenter
        self.reference = reference

    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """The plugin's images, checked for type and shape."""
        with blame(self.reference):
            out = self.inner.augment(images, rng)
            check_images(out, tuple(images.shape))
        return out


class _Sequence(Augmenter):
    """Augmenters one after the other, for those that cannot do it at once."""

    def __init__(self, parts: list[Augmenter]) -> None:
        super().__init__()
        self.parts = parts

    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        for part in self.parts:
            images = part.augment(images, rng)
        return images


def load_augmenters(references: list[dict[str, Any]]) -> Augmenter | None:
    """One augmenter that does what all of them do in turn; ``None`` for none.

    Neighbours that know how to work as one (:meth:`neuplug.Augmenter.fuse`) do.
    """
    parts: list[tuple[Augmenter, dict[str, Any]]] = []
    for reference in references:
        augmenter = load_component(reference)
        if parts:
            with blame(parts[-1][1]):
                fused = parts[-1][0].fuse(augmenter)
            if fused is not None:
                parts[-1] = (fused, parts[-1][1])
                continue
        parts.append((augmenter, reference))
    checked: list[Augmenter] = [CheckedAugmenter(a, r) for a, r in parts]
    if not checked:
        return None
    return checked[0] if len(checked) == 1 else _Sequence(checked)


def check_images(images: Tensor, shape: tuple[int, ...]) -> None:
    """Hold a plugin to what it owes.

    Raises:
        TypeError: If it returned anything but uint8 images of this shape.
    """
    if not isinstance(images, Tensor) or images.dtype != torch.uint8:
        kind = images.dtype if isinstance(images, Tensor) else type(images).__name__
        raise TypeError(f"it returned {kind} instead of uint8 images")
    if tuple(images.shape) != shape:
        raise TypeError(f"it returned images of shape {tuple(images.shape)} instead of {shape}")


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

    def do(self, job: Job, progress: Progress) -> None:
        """Do a job, unless its result is there.

        Raises:
            PluginError: If a plugin fails.
            TrainingDiverged: If a training loss is no longer finite.
        """
        if self.store.has(job.key):
            return
        started = time.monotonic()
        # what a plugin draws from torch's own generator depends on the job alone
        with self.store.write(job.key) as folder, seeded(int(job.key[:15], 16), self.device):
            notes = _DOERS[job.kind](self, job, folder, progress)
            seconds = time.monotonic() - started
            about = {
                "kind": job.kind,
                "title": job.title,
                "seconds": seconds,
                "device": str(self.device),
                "torch": torch.__version__,
                **notes,
            }
            write_json(folder / "about.json", about)
        if job.kind in ("fit", "train"):
            self.store.note_time(job.cost_class(), seconds)

    def about(self, key: str) -> dict[str, Any]:
        """The notes on a finished job."""
        found: dict[str, Any] = json.loads((self.store.path(key) / "about.json").read_text("utf-8"))
        return found

    def tree(self, key: str, name: str) -> Any:
        """A file of tensors of a finished job."""
        return load_tree(self.store.path(key) / f"{name}.safetensors")

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

    def _context(self, job: Job, progress: Progress) -> FitContext:
        return FitContext(
            device=self.device,
            seed=job.task["seed"],
            name=job.title,
            progress=progress,
            checkpoint=self.store.checkpoint(job.key),
        )


def _fit(bench: Workbench, job: Job, folder: Path, progress: Progress) -> dict[str, Any]:
    task = job.task
    dataset = bench.dataset(task["dataset"])
    train = bench.training_set(task["pool"], dataset, task["classes"])
    generator: Generator = load_component(task["component"])
    with blame(task["component"]):
        record = generator.fit(train, bench._context(job, progress)) or FitRecord()
        save_tree(generator.state_dict(), folder / "state.safetensors")
        save_tree(asdict(record), folder / "record.safetensors")
    return {"images": len(train), "warnings": record.warnings}


def _draw(bench: Workbench, job: Job, folder: Path, progress: Progress) -> dict[str, Any]:
    task = job.task
    reference, name, n = task["component"], task["class"], task["n"]
    generator: Generator = load_component(reference)
    labels = torch.full((n,), task["classes"].index(name), dtype=torch.int64)
    dataset = bench.dataset(task["dataset"])
    shape = (n, *dataset.images.images.shape[1:])
    drawn, warnings = n, []
    with blame(reference):
        generator.load_state_dict(bench.tree(task["fit"], "state"))
        if filters := [Filter(*each) for each in task.get("filters", [])]:
            accept = _accept(bench, task, dataset, filters)

            def sample(count: int, draw: int) -> Tensor:
                seed = derive_seed(task["seed"], "draw", draw) if draw else task["seed"]
                found = generator.sample(labels, seed)
                check_images(found, shape)
                return found

            images, drawn = draw_accepted(sample, n, accept)
            warnings = describe(filters, len(images), drawn, n, name)
            n = len(images)
        else:
            images = generator.sample(labels, task["seed"]) if n else torch.empty(shape).byte()
            check_images(images, shape)
    origin = reference["name"]
    save_tree(
        {
            "images": images,
            "ids": _ids(origin, job, name, n),
            "origins": [origin] * n,
            "parents": [f"generator {task['fit']}"] * n,
        },
        folder / "images.safetensors",
    )
    return {"images": n, "drawn": drawn, "warnings": warnings}


def _accept(
    bench: Workbench, task: Mapping[str, Any], dataset: Dataset, filters: list[Filter]
) -> list[Accept]:
    accept = []
    for each in filters:
        if each.kind == COPIES:
            real = dataset.images.images[torch.as_tensor(task["real"], dtype=torch.int64)]
            accept.append(no_copies(real, each.level))
        else:
            judge = _trained(bench, task["embedded_by"], dataset)
            label = dataset.images.classes.index(task["class"])
            accept.append(agreeing(judge.classify, label, each.level))
    return accept


def _augment(bench: Workbench, job: Job, folder: Path, progress: Progress) -> dict[str, Any]:
    task = job.task
    name, n = task["class"], task["n"]
    dataset = bench.dataset(task["dataset"])
    train = bench.training_set(task["pool"], dataset, [name])
    rng = torch.Generator().manual_seed(task["seed"])
    # every image serves equally often, but for the remainder
    rounds = [torch.randperm(len(train), generator=rng) for _ in range(-(-n // len(train)))]
    source = torch.cat(rounds)[:n] if rounds else torch.empty(0, dtype=torch.int64)
    augmenter = load_augmenters(task["components"])
    assert augmenter is not None
    images = augmenter.augment(train.images[source], rng)
    origin = "+".join(c["name"] for c in task["components"])
    save_tree(
        {
            "images": images,
            "ids": _ids(origin, job, name, n),
            "origins": [origin] * n,
            "parents": [train.ids[i] for i in source.tolist()],
        },
        folder / "images.safetensors",
    )
    return {"images": n}


def _train(bench: Workbench, job: Job, folder: Path, progress: Progress) -> dict[str, Any]:
    task = job.task
    dataset = bench.dataset(task["dataset"])
    train = bench.training_set(task["pool"], dataset, task["classes"])
    classifier = load_component(task["component"])
    options = TrainingOptions.parse(task["training"], "training")
    indices = task["indices"]
    val = held_out(dataset, indices["val"]) if indices["val"] else None
    augmenter = load_augmenters(task["online"])
    context = bench._context(job, progress)
    start = bench.tree(task["start"], "classifier") if task["start"] else None
    with blame(task["component"]):
        fitted, record = fit_classifier(
            classifier, train, options, context, val=val, augmenter=augmenter, start=start
        )
        predictions = {"logits": fitted.predict(dataset.images, indices["test"])}
        if task.get("score_val"):
            predictions["logits_val"] = fitted.predict(dataset.images, indices["val"])
        if indices["all"]:
            predictions["logits_all"] = fitted.predict(dataset.images, indices["all"])
        profile = asdict(profile_classifier(fitted, dataset.images))
    save_tree(fitted.state_dict(), folder / "classifier.safetensors")
    save_tree(predictions, folder / "predictions.safetensors")
    counts: dict[str, int] = {}
    for origin in train.origins:
        counts[origin] = counts.get(origin, 0) + 1
    return {
        "curves": record.curves,
        "train_images": counts,
        "steps": options.total_steps(len(train)),
        "profile": profile,
    }


def _evaluate(bench: Workbench, job: Job, folder: Path, progress: Progress) -> dict[str, Any]:
    task = job.task
    dataset = bench.dataset(task["dataset"])
    evaluator: Evaluator = load_component(task["component"])
    classes = list(dataset.images.classes)
    drawn: ImageSet | None = None
    if task["drawn"]:
        drawn = bench.training_set(task["drawn"], dataset, classes)
    indices = task["indices"]
    logits = bench.tree(task["cell"], "predictions")["logits"] if task["cell"] else None
    figures = folder / "figures"
    figures.mkdir()
    context = EvaluationContext(
        train=TrainingSet(**vars_of(dataset.images.subset(indices["train"]))),
        test=held_out(dataset, indices["test"]),
        generated=drawn,
        logits=logits,
        device=bench.device,
        seed=derive_seed(task["seed"], "evaluator"),
        folder=figures,
        generators=_generators(bench, task["drawn_by"]),
        embedder=_embedder(bench, task["embedded_by"], dataset),
    )
    with blame(task["component"]):
        found = evaluator.evaluate(context)
        metrics = {str(name): float(value) for name, value in found.metrics.items()}
        names = [str(file.relative_to(figures)) for file in found.figures]
    return {"metrics": metrics, "figures": names, "warnings": list(found.warnings)}


def _generators(bench: Workbench, sources: Sources) -> dict[str, tuple[ClassGenerator, ...]]:
    """The fitted generators that draw each class; a fit that several classes share once."""
    loaded: dict[str, Generator] = {}
    found: dict[str, tuple[ClassGenerator, ...]] = {}
    for name, parts in sources.items():
        members = []
        for source in parts:
            if source["fit"] not in loaded:
                generator: Generator = load_component(source["component"])
                with blame(source["component"]):
                    generator.load_state_dict(bench.tree(source["fit"], "state"))
                loaded[source["fit"]] = generator
            label = source["classes"].index(name)
            members.append(ClassGenerator(loaded[source["fit"]], label))
        found[name] = tuple(members)
    return found


def _embedder(
    bench: Workbench, trained: dict[str, Any] | None, dataset: Dataset
) -> Embedder | None:
    if trained is None:
        return None
    fitted = _trained(bench, trained, dataset)
    return Embedder(trained["component"]["name"], fitted.embed, fitted.classify)


def _trained(bench: Workbench, trained: Mapping[str, Any], dataset: Dataset) -> FittedClassifier:
    """The classifier of a finished job."""
    reference = trained["component"]
    state = bench.tree(trained["key"], "classifier")
    with blame(reference):
        return FittedClassifier.load(
            load_component(reference),
            state,
            len(dataset.images.classes),
            dataset.images.image_size,
            bench.device,
        )


def _ids(origin: str, job: Job, name: str, n: int) -> list[str]:
    """Names of made images; the key tells two stages of the same component apart."""
    return [f"{origin}-{job.key[:4]}/{name}/{i:05d}" for i in range(n)]


def held_out(dataset: Dataset, indices: list[int]) -> HeldOutSet:
    """Real images that nothing learns from."""
    return HeldOutSet(**vars_of(dataset.images.subset(indices)))


def vars_of(images: ImageSet) -> dict[str, Any]:
    """The fields that every kind of image set has."""
    return {name: getattr(images, name) for name in ("images", "labels", "classes", "ids")}


_DOERS = {
    "fit": _fit,
    "draw": _draw,
    "augment": _augment,
    "train": _train,
    "evaluate": _evaluate,
}
