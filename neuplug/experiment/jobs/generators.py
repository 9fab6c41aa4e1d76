"""The jobs of a generator: to be fitted, and to draw images of a class."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from neuplug.experiment.blame import blame
from neuplug.experiment.filtering import describe
from neuplug.experiment.jobs.components import load_component
from neuplug.experiment.jobs.findings import check_record
from neuplug.experiment.jobs.leftovers import refuse_empty
from neuplug.experiment.jobs.made import save_made
from neuplug.experiment.jobs.sources import SourceOpener
from neuplug.experiment.jobs.workbench import Workbench
from neuplug.experiment.plan import Job
from neuplug.interfaces import FitRecord, Generator, Progress
from neuplug.tensorfile import save_tree


def fit(bench: Workbench, job: Job, folder: Path, progress: Progress) -> dict[str, Any]:
    """Let a generator learn from the images of its classes."""
    task = job.task
    dataset = bench.dataset(task["dataset"])
    refuse_empty(bench, task["pool"], task["classes"], task["case"])
    train = bench.training_set(task["pool"], dataset, task["classes"])
    generator: Generator = load_component(task["component"])
    with blame(task["component"]):
        record = check_record(generator.fit(train, bench.fit_context(job, progress)) or FitRecord())
        save_tree(generator.state_dict(), folder / "state.safetensors")
        save_tree(asdict(record), folder / "record.safetensors")
    return {"images": len(train), "warnings": record.warnings}


def draw(bench: Workbench, job: Job, folder: Path, progress: Progress) -> dict[str, Any]:
    """Draw as many images of a class as the task says, or as many as pass its filters."""
    task = job.task
    opener = SourceOpener(bench, bench.dataset(task["dataset"]))
    source = opener.open(task, task["class"])
    images, drawn = source.draw(task["n"], task["seed"])
    parents = [f"generator {task['fit']}"] * len(images)
    save_made(folder, job, images, task["component"]["name"], parents)
    warnings = describe(source.filters, len(images), drawn, task["n"], task["class"])
    return {"images": len(images), "drawn": drawn, "warnings": warnings}
