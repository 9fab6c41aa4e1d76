"""The step of augmenters whose images join the set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from neuplug.experiment.steps.components import load_augmenters
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.steps.mixtures import images_file, refuse_empty, training_set
from neuplug.experiment.tasks import AugmentTask
from neuplug.plugins.generator import Progress
from neuplug.storage.atomic import write_whole


def augment(
    context: TaskContext, task: AugmentTask, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Change images of a class until there are as many as the task says."""
    refuse_empty(context, task.mixture, task.where)
    train = training_set(context, task.mixture, context.dataset(task.dataset))
    rng = torch.Generator().manual_seed(task.seed)
    # every image serves equally often, but for the remainder
    rounds = [torch.randperm(len(train), generator=rng) for _ in range(-(-task.n // len(train)))]
    source = torch.cat(rounds)[: task.n] if rounds else torch.empty(0, dtype=torch.int64)
    augmenter = load_augmenters(task.augmenters)
    assert augmenter is not None
    images = augmenter.augment(train.images[source], rng)
    origin = "+".join(ref.name for ref in task.augmenters)
    parents = [train.ids[i] for i in source.tolist()]
    write_whole(folder / "images.safetensors", images_file(task, images, origin, parents))
    return {"images": task.n}
