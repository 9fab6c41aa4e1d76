"""Doing one task: from its description to a folder in the store, told as events."""

from __future__ import annotations

import functools
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from neuplug.errors import NeuplugError
from neuplug.experiment.events import TaskDone, TaskEvent, TaskFailed, TaskProgress, TaskStarted
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.steps.generate import augment, fit, sample
from neuplug.experiment.steps.measure import evaluate, train
from neuplug.experiment.tasks import AnyTask, read_task
from neuplug.seeds import seeded
from neuplug.storage.files import write_json
from neuplug.storage.store import MissingResult
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


def do_task(
    store: str | Path, device: str, task: str | bytes, send: Callable[[TaskEvent], Any]
) -> None:
    """Do a task and leave its result in the store: what an executor does wherever tasks run.

    Args:
        store: The folder of :class:`neuplug.ExecutorContext`.
        device: Likewise.
        task: As JSON.
        send: Told that it has started, how far it is, and that it is done or has failed.
    """
    found = read_task(task)
    send(TaskStarted(key=found.key))
    try:
        run_task(_context(str(store), device), found, send)
    except Exception as error:
        traceback.print_exc()
        send(failure(found, error))
    else:
        send(TaskDone(key=found.key))


@functools.cache
def _context(store: str, device: str) -> TaskContext:
    return TaskContext.open(Path(store), device)


def failure(task: AnyTask, error: Exception) -> TaskFailed:
    """The event of an error."""
    if not isinstance(error, NeuplugError):
        error = NeuplugError(f"{task.label} failed: {type(error).__name__}: {error}")
    missing = error.key if isinstance(error, MissingResult) else None
    return TaskFailed(key=task.key, error=type(error).__name__, message=str(error), missing=missing)


def run_task(context: TaskContext, task: AnyTask, send: Callable[[TaskProgress], Any]) -> None:
    """Do a task, unless its result is there; wait while another process does it.

    Args:
        context: What it works with.
        task: What to do.
        send: Told how far it is.

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
                _run(context, task, send)


def _run(context: TaskContext, task: AnyTask, send: Callable[[TaskProgress], Any]) -> None:
    def progress(done: int, total: int, note: str = "") -> None:
        send(TaskProgress(key=task.key, fraction=done / max(1, total), note=note))

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
        write_json(folder / "about.json", {"task": task.label, "seconds": seconds, **notes})
    if task.kind in _TIMED:
        context.store.note_time(task.cost_class(), seconds)
