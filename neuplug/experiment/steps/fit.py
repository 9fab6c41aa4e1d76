"""The steps that make images: generators are fitted and drawn from, augmenters change images."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuplug.experiment.isolation import named_faults
from neuplug.experiment.steps.checks import check_record
from neuplug.experiment.steps.components import load_augmenters, load_component
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.steps.mixtures import training_set
from neuplug.experiment.steps.sources import SourceOpener
from neuplug.experiment.tasks import AugmentTask, FitTask, SampleTask
from neuplug.plugins.generator import FitRecord, Generator, Progress
from neuplug.storage.atomic import write_whole
from neuplug.storage.tensorfile import tree_bytes


def fit(context: TaskContext, task: FitTask, folder: Path, progress: Progress) -> dict[str, Any]:
    """Let a generator learn from the images of its classes."""
    train = training_set(context, task.mixture, context.dataset(task.dataset), whose=task.where)
    generator: Generator = load_component(task.component)
    with named_faults(task.component):
        found = generator.fit(train, context.fit_context(task, progress))
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
        f"filter={source.how} left {len(images)} of {drawn} images of {task.class_name}, but "
        f"{task.n} were requested: the arm has fewer images than its name says."
    )
    warnings = [too_few] if len(images) < task.n else []
    return {"images": len(images), "drawn": drawn, "warnings": warnings}


def augment(
    context: TaskContext, task: AugmentTask, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Change images of a class until there are as many as the task says."""
    train = training_set(context, task.mixture, context.dataset(task.dataset), whose=task.where)
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
