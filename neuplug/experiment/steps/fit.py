"""The steps of a generator: to be fitted, and to draw images of a class."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from neuplug.experiment.filtering import describe
from neuplug.experiment.isolation import named_faults
from neuplug.experiment.steps.checks import check_record
from neuplug.experiment.steps.components import load_component
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.steps.mixtures import images_file, refuse_empty, training_set
from neuplug.experiment.steps.sources import SourceOpener
from neuplug.experiment.tasks import FitTask, SampleTask
from neuplug.plugins.generator import FitRecord, Generator, Progress
from neuplug.storage.atomic import write_whole
from neuplug.storage.tensorfile import tree_bytes


def fit(context: TaskContext, task: FitTask, folder: Path, progress: Progress) -> dict[str, Any]:
    """Let a generator learn from the images of its classes."""
    refuse_empty(context, task.mixture, task.where)
    train = training_set(context, task.mixture, context.dataset(task.dataset))
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
    parents = [f"generator {task.source.task}"] * len(images)
    content = images_file(task, images, task.source.component.name, parents)
    write_whole(folder / "images.safetensors", content)
    warnings = describe(source.filters, len(images), drawn, task.n, task.class_name)
    return {"images": len(images), "drawn": drawn, "warnings": warnings}
