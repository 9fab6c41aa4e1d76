"""Doing one task: from its description to a folder in the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import torch

from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.steps.evaluate import evaluate
from neuplug.experiment.steps.fit import augment, fit, sample
from neuplug.experiment.steps.train import train
from neuplug.experiment.tasks import AnyTask
from neuplug.plugins.generator import Progress
from neuplug.seeds import seeded
from neuplug.storage.atomic import write_json
from neuplug.training.devices import one_thread

# By the kind of task
_STEPS: dict[str, Callable[..., dict[str, Any]]] = {
    step.__name__: step for step in (fit, sample, augment, train, evaluate)
}
_TIMED = ("fit", "train")

# Between two looks at what another process has claimed
WAIT_SECONDS = 0.1

# Of torch's generator and its number of threads there is one in a process
_TORCH = threading.RLock()


def run_task(context: TaskContext, task: AnyTask, progress: Progress) -> None:
    """Do a task, unless its result is there; wait while another process does it.

    Raises:
        PluginError: If a plugin fails.
        TrainingDiverged: If a training loss is no longer finite.
        MissingResult: If what it needs is gone or damaged.
        StorageError: If the store cannot be written.
    """
    while not context.store.has(task.key):
        claim = context.store.claim(task.key)
        if claim is None:
            time.sleep(WAIT_SECONDS)
            continue
        with claim:
            if not context.store.has(task.key):
                _run(context, task, progress)


def _run(context: TaskContext, task: AnyTask, progress: Progress) -> None:
    started = time.monotonic()
    # what a plugin draws from torch's own generator follows from the task's seed
    with (
        context.store.write(task.key) as folder,
        _TORCH,
        one_thread(context.device),
        seeded(task.seed, context.device),
    ):
        notes = _STEPS[task.kind](context, task, folder, progress)
        seconds = time.monotonic() - started
        about = {
            "kind": task.kind,
            "title": task.label,
            "seconds": seconds,
            "device": str(context.device),
            "torch": torch.__version__,
        }
        write_json(folder / "about.json", about | notes)
    if task.kind in _TIMED:
        context.store.note_time(task.cost_class(), seconds)
