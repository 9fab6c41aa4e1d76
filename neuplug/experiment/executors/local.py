"""Which executor a run on this host has."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

import torch

from neuplug.experiment.events import TaskProgress
from neuplug.experiment.executors.base import Executor
from neuplug.experiment.executors.in_process import InProcess
from neuplug.experiment.executors.processes import LocalProcesses
from neuplug.experiment.steps.context import TaskContext

MOST_WORKERS = 8

logger = logging.getLogger("neuplug")


def choose_workers(device: torch.device) -> int:
    """How many processes share the work where nobody says: one for each core, or one for a GPU."""
    if device.type != "cpu":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores or 1, MOST_WORKERS)


def local_executor(
    workers: int | None,
    context: TaskContext,
    progress: Callable[[TaskProgress], None],
    log: Path | None = None,
    here: bool = False,
) -> Executor:
    """An executor on this host.

    Args:
        workers: Processes; 0 works in this one, ``None`` chooses. Beside other threads this
            process has no torch generator of its own, so that there 0 is one process.
        context: What tasks work with.
        progress: Told of the progress of a task in this process.
        log: What processes print goes to the end of this file.
        here: Whether a component is known in this process alone.
    """
    count = choose_workers(context.device) if workers is None else workers
    in_main = threading.current_thread() is threading.main_thread()
    if here or (count == 0 and in_main):
        if not in_main:
            logger.warning(
                "components of this process are at work in a thread: what other threads draw from "
                "torch's own generator meanwhile may change their results."
            )
        return InProcess(context, progress)
    return LocalProcesses(max(1, count), context, log)
