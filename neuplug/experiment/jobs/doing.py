"""Doing one job: from its plain description to a folder in the store."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from neuplug.devices import one_thread
from neuplug.experiment.jobs.augmenting import augment
from neuplug.experiment.jobs.classifiers import train
from neuplug.experiment.jobs.evaluating import evaluate
from neuplug.experiment.jobs.generators import draw, fit
from neuplug.experiment.jobs.workbench import Workbench
from neuplug.experiment.plan import Job
from neuplug.interfaces import Progress
from neuplug.seeds import seeded
from neuplug.storage.atomic import write_json

Doer = Callable[[Workbench, Job, Path, Progress], dict[str, Any]]
"""Fills a job's folder and returns notes on it."""

_DOERS: dict[str, Doer] = {
    "fit": fit,
    "draw": draw,
    "augment": augment,
    "train": train,
    "evaluate": evaluate,
}
_TIMED = ("fit", "train")


def do_job(bench: Workbench, job: Job, progress: Progress) -> None:
    """Do a job, unless its result is there.

    Raises:
        PluginError: If a plugin fails.
        TrainingDiverged: If a training loss is no longer finite.
    """
    if bench.store.has(job.key):
        return
    started = time.monotonic()
    # what a plugin draws from torch's own generator follows from the job's seed
    with (
        bench.store.write(job.key) as folder,
        one_thread(bench.device),
        seeded(job.task["seed"], bench.device),
    ):
        notes = _DOERS[job.kind](bench, job, folder, progress)
        seconds = time.monotonic() - started
        about = {
            "kind": job.kind,
            "title": job.title,
            "seconds": seconds,
            "device": str(bench.device),
            "torch": torch.__version__,
            **notes,
        }
        write_json(folder / "about.json", about)
    if job.kind in _TIMED:
        bench.store.note_time(job.cost_class(), seconds)
