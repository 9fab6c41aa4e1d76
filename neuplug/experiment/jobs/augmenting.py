"""The job of augmenters whose images join the set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from neuplug.experiment.jobs.components import load_augmenters
from neuplug.experiment.jobs.leftovers import refuse_empty
from neuplug.experiment.jobs.made import save_made
from neuplug.experiment.jobs.workbench import Workbench
from neuplug.experiment.plan import Job
from neuplug.interfaces import Progress


def augment(bench: Workbench, job: Job, folder: Path, progress: Progress) -> dict[str, Any]:
    """Change images of a class until there are as many as the task says."""
    task = job.task
    name, n = task["class"], task["n"]
    dataset = bench.dataset(task["dataset"])
    refuse_empty(bench, task["pool"], [name], task["case"])
    train = bench.training_set(task["pool"], dataset, [name])
    rng = torch.Generator().manual_seed(task["seed"])
    # every image serves equally often, but for the remainder
    rounds = [torch.randperm(len(train), generator=rng) for _ in range(-(-n // len(train)))]
    source = torch.cat(rounds)[:n] if rounds else torch.empty(0, dtype=torch.int64)
    augmenter = load_augmenters(task["components"])
    assert augmenter is not None
    images = augmenter.augment(train.images[source], rng)
    origin = "+".join(c["name"] for c in task["components"])
    save_made(folder, job, images, origin, [train.ids[i] for i in source.tolist()])
    return {"images": n}
