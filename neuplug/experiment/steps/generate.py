"""The steps that make images: fit a generator, draw from it behind filters, or augment.

Filters say which of a generator's images go on: none that copies a training image, none out of its
class.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuplug.data.dataset import Dataset
from neuplug.data.neighbors import copy_ranks, nearest, one_of_each
from neuplug.errors import NeuplugError
from neuplug.experiment.components import load_component, named, named_faults
from neuplug.experiment.grammar import COPIES, Filter
from neuplug.experiment.steps.checks import check_record
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.tasks import AugmentTask, ComponentRef, FitTask, SampleTask, Source
from neuplug.plugins.component import Augmenter, Mixer
from neuplug.plugins.evaluator import ClassGenerator
from neuplug.plugins.generator import FitRecord, Generator, Progress
from neuplug.seeds import derive_seed
from neuplug.storage.files import write_whole
from neuplug.storage.tensorfile import tree_bytes
from neuplug.training.fitted import FittedClassifier

# How copies are told; in the key of what is drawn behind that filter, so renamed with the rule
COPIES_RULE = "rank of detail among one of each"
# Images drawn at most for each one wanted
TRIES = 10
# By which the sum of an image's targets may miss 1
SUM_ROUNDING = 1e-4

# uint8 (N, C, H, W) to bool (N,): which may go on
Accept = Callable[[Tensor], Tensor]


def fit(context: TaskContext, task: FitTask, folder: Path, progress: Progress) -> dict[str, Any]:
    """Let a generator learn from the images of its classes."""
    train = context.training_set(task.mixture, context.dataset(task.dataset), task.where)
    generator: Generator = load_component(task.component)
    with named_faults(task.component):
        learn = generator.pretrain if task.pretrain else generator.fit
        start = context.tree(task.start.task, "state") if task.start else None
        found = learn(train, replace(context.fit_context(task, progress), start=start))
        record = check_record(found or FitRecord())
        state, told = tree_bytes(generator.state_dict()), tree_bytes(asdict(record))
    write_whole(folder / "state.safetensors", state)
    write_whole(folder / "record.safetensors", told)
    return {"images": len(train), "warnings": record.warnings}


def sample(
    context: TaskContext, task: SampleTask, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Draw as many images of a class as the task says, or as many as pass its filters."""
    opener = SourceOpener(context, context.dataset(task.dataset))
    source = opener.open(task.source, task.class_name)
    images, drawn = source.draw(task.n, task.seed)
    _write_images(folder, task, images, [f"generator {task.source.task}"] * len(images))
    too_few = (
        f"filter={task.source.how} left {len(images)} of {drawn} images of {task.class_name}, but "
        f"{task.n} were requested: the arm has fewer images than its name says."
    )
    warnings = [too_few] if len(images) < task.n else []
    return {"images": len(images), "drawn": drawn, "warnings": warnings}


def augment(
    context: TaskContext, task: AugmentTask, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Change images of a class until there are as many as the task says."""
    train = context.training_set(task.mixture, context.dataset(task.dataset), task.where)
    rng = torch.Generator().manual_seed(task.seed)
    # every image serves equally often, but for the remainder
    rounds = [torch.randperm(len(train), generator=rng) for _ in range(-(-task.n // len(train)))]
    source = torch.cat(rounds)[: task.n]
    augmenter = load_augmenters(task.augmenters)
    assert augmenter is not None
    images = augmenter.augment(train.images[source], rng)
    _write_images(folder, task, images, [train.ids[i] for i in source.tolist()])
    return {"images": task.n}


def _write_images(
    folder: Path, task: SampleTask | AugmentTask, images: Tensor, parents: list[str]
) -> None:
    """Write what a task makes for a training set, uint8 (N, C, H, W).

    Args:
        folder: Of the task.
        task: That made them.
        images: uint8 (N, C, H, W).
        parents: What each was derived from.
    """
    n, origin = len(images), "+".join(component.name for component in task.components)
    # the key tells two stages of the same component apart
    ids = [f"{origin}-{task.key[:4]}/{task.class_name}/{i:05d}" for i in range(n)]
    made = {"images": images, "ids": ids, "origins": [origin] * n, "parents": parents}
    write_whole(folder / "images.safetensors", tree_bytes(made))


def load_augmenters(references: Sequence[ComponentRef]) -> Augmenter | None:
    """One augmenter that does what all of them do in turn; ``None`` for none.

    Neighbours that know how to work as one (:meth:`neuplug.Augmenter.fuse`) do.
    """
    parts: list[tuple[Augmenter, ComponentRef]] = []
    for reference in references:
        augmenter = load_component(reference)
        if parts:
            with named_faults(parts[-1][1]):
                fused = parts[-1][0].fuse(augmenter)
            if fused is not None:
                parts[-1] = (fused, parts[-1][1])
                continue
        parts.append((augmenter, reference))
    return _Chain(parts) if parts else None


def load_online(references: Sequence[ComponentRef]) -> tuple[Augmenter | None, Mixer | None]:
    """What acts on each batch: one augmenter for all of them, and the mixer that may come last."""
    mixers = [_Checked(load_component(each), each) for each in references if each.kind == "mixer"]
    augmenters = [each for each in references if each.kind != "mixer"]
    return load_augmenters(augmenters), mixers[0] if mixers else None


def check_images(images: Tensor, shape: tuple[int, ...]) -> None:
    """Hold a plugin to what it owes.

    Raises:
        TypeError: If it returned anything but uint8 images of this shape on the CPU.
    """
    _check_tensor(images, torch.uint8, shape, "images")


def check_targets(targets: Tensor, shape: tuple[int, ...]) -> None:
    """Hold a mixer to what it owes of targets.

    Raises:
        TypeError: If it returned anything but float32 targets of this shape on the CPU.
        ValueError: If a target is not from 0 to 1, or a row does not sum to 1.
    """
    _check_tensor(targets, torch.float32, shape, "targets")
    if not ((targets >= 0) & (targets <= 1)).all():  # nor is what is no number
        raise ValueError("it returned targets that are not from 0 to 1")
    sums = targets.sum(1)
    if ((sums - 1).abs() > SUM_ROUNDING).any():
        worst = sums[(sums - 1).abs().argmax()]
        raise ValueError(f"it returned a row of targets that sums to {worst:.4f} instead of 1")


def _check_tensor(found: object, dtype: torch.dtype, shape: tuple[int, ...], what: str) -> None:
    if not isinstance(found, Tensor) or found.dtype != dtype:
        kind = found.dtype if isinstance(found, Tensor) else type(found).__name__
        raise TypeError(f"it returned {kind} instead of {str(dtype)[6:]} {what}")
    if tuple(found.shape) != shape:
        raise TypeError(f"it returned {what} of shape {tuple(found.shape)} instead of {shape}")
    if found.device.type != "cpu":
        raise TypeError(f"it returned {what} on {found.device} instead of the CPU")


class _Chain(Augmenter):
    """Plugins' augmenters one after the other, whose faults are caught where they happen."""

    def __init__(self, parts: Sequence[tuple[Augmenter, ComponentRef]]) -> None:
        super().__init__()
        self.parts = parts

    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """The last one's images, each one's checked for type and shape."""
        shape = tuple(images.shape)
        for augmenter, reference in self.parts:
            with named_faults(reference):
                images = augmenter.augment(images, rng)
                check_images(images, shape)
        return images


class _Checked(Mixer):
    """A plugin's mixer, whose faults are caught where they happen."""

    def __init__(self, mixer: Mixer, reference: ComponentRef) -> None:
        super().__init__()
        self.mixer, self.reference = mixer, reference

    def mix(self, images: Tensor, targets: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """What it returns, checked."""
        shape, rows = tuple(images.shape), tuple(targets.shape)
        with named_faults(self.reference):
            mixed = self.mixer.mix(images, targets, rng)
            if not isinstance(mixed, tuple) or len(mixed) != 2:
                raise TypeError(f"it returned a {type(mixed).__name__}, not images and targets")
            check_images(mixed[0], shape)
            check_targets(mixed[1], rows)
        return mixed


@dataclass(frozen=True)
class FilteredGenerator(ClassGenerator):
    """A fitted generator as the source of one class, behind the filters of its stage.

    Attributes:
        source: What the task says of it.
        name: The class.
        shape: (C, H, W) of an image.
        accept: One condition for each filter; none lets every image pass.
    """

    source: Source
    name: str
    shape: tuple[int, ...]
    accept: tuple[Accept, ...]

    def sample(self, n: int, seed: int) -> Tensor:
        """Draw ``n`` images of the class that pass; see :meth:`neuplug.ClassGenerator.sample`."""
        images, drawn = self.draw(n, seed)
        if len(images) < n:
            raise NeuplugError(
                f"filter={self.source.how} let {len(images)} of {drawn} images of {self.name} "
                f"pass, but {n} are needed: too few to evaluate the arm."
            )
        return images

    def draw(self, n: int, seed: int) -> tuple[Tensor, int]:
        """Draw until ``n`` images pass the filters, or too many have been drawn.

        Returns:
            At most ``n`` images, uint8 (N, C, H, W), and how many were drawn for them.

        Raises:
            PluginError: If the generator fails.
        """
        kept = torch.empty((0, *self.shape), dtype=torch.uint8)
        drawn = 0
        while len(kept) < n and drawn < TRIES * n:
            with named_faults(self.source.component):
                own = derive_seed(seed, "draw", drawn // n) if drawn else seed
                images = super().sample(n, own)
                check_images(images, (n, *self.shape))
            drawn += n
            good = torch.ones(n, dtype=torch.bool)
            for accept in self.accept:
                good &= accept(images)
            kept = torch.cat([kept, images[good]])[:n]
        return kept, drawn


class SourceOpener:
    """Opens sources of one data set; what several of them share is loaded once.

    Args:
        context: Where the fits are.
        dataset: What they learned from.
    """

    def __init__(self, context: TaskContext, dataset: Dataset) -> None:
        self.context, self.dataset = context, dataset
        self._generators: dict[str, Generator] = {}
        self._judges: dict[str, FittedClassifier] = {}

    def open(self, source: Source, name: str) -> FilteredGenerator:
        """The source of a class.

        Args:
            source: What the task says of it.
            name: The class.
        """
        return FilteredGenerator(
            self._generator(source),
            source.classes.index(name),
            source,
            name,
            shape=tuple(self.dataset.images.images.shape[1:]),
            accept=tuple(self._accept(each, source, name) for each in source.filters),
        )

    def _generator(self, source: Source) -> Generator:
        if source.task not in self._generators:
            generator: Generator = load_component(source.component)
            with named_faults(source.component):
                generator.load_state_dict(self.context.tree(source.task, "state"))
            self._generators[source.task] = generator
        return self._generators[source.task]

    def _accept(self, wanted: Filter, source: Source, name: str) -> Accept:
        images, judge = self.dataset.images, source.judge
        if wanted.kind == COPIES:
            return no_copies(images.subset(source.real.indices).images, wanted.level)
        assert judge is not None
        if judge.task not in self._judges:
            self._judges[judge.task] = self.context.trained(judge, self.dataset)
        predict = named(judge.component, self._judges[judge.task].classify)
        return agreeing(predict, images.classes.index(name), wanted.level)


def no_copies(real: Tensor, level: float) -> Accept:
    """Drop what stands out as like one training image, more than these do among one another.

    By ``copy_ranks`` of :mod:`neuplug.data.neighbors`, so that of new real images at most the
    share ``level`` would be dropped too, or two in N + 1 where that is more: with few images the
    price of finding copies, since in a pair of like images nothing says which is the copy. Training
    images that are near duplicates of each other would stand out more than copies do and let these
    pass: one of each counts (``one_of_each`` there). So N is the number of those, and the bound is
    for new images that are near duplicates of none; others are dropped as copies are. No image that
    anything is tested on plays a part.

    Args:
        real: The real training images of the class, uint8 (N, C, H, W). With fewer than three that
            are no near duplicates nothing can be said, and nothing is dropped but equal images.
        level: 0 to 1.
    """
    real = real.unique(dim=0)
    distinct = real[one_of_each(real)]  # two that are nearly equal would make copies ordinary
    ranks = max(1, math.floor(level * (len(distinct) + 1)) - 1)  # so many, from 0, are dropped

    def accept(images: Tensor) -> Tensor:
        new = nearest(images.flatten(1), real.flatten(1))[0] > 0
        return new if len(distinct) < 3 else new & (copy_ranks(images, distinct) >= ranks)

    return accept


def agreeing(predict: Callable[[Tensor], Tensor], label: int, level: float) -> Accept:
    """Keep what a classifier takes for its class with at least this probability.

    Args:
        predict: uint8 (N, C, H, W) to logits (N, classes), of a classifier trained on the real
            training images alone.
        label: The class.
        level: 0 to 1.
    """

    def accept(images: Tensor) -> Tensor:
        probabilities = predict(images).softmax(1)
        return (probabilities.argmax(1) == label) & (probabilities[:, label] >= level)

    return accept
