"""A worker process: tasks come in as lines of JSON, events go out likewise.

Its standard input ends when the process that started it does, even by SIGKILL; then it ends too.
"""

from __future__ import annotations

import functools
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuplug.experiment.events import TaskEvent


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
    from neuplug.experiment.events import TaskDone, TaskProgress, TaskStarted
    from neuplug.experiment.executors.in_process import failure
    from neuplug.experiment.steps.run import run_task
    from neuplug.experiment.tasks import read_task

    found = read_task(task if isinstance(task, bytes) else task.encode())

    def progress(done: int, total: int, note: str = "") -> None:
        send(TaskProgress(key=found.key, fraction=done / max(1, total), note=note))

    send(TaskStarted(key=found.key))
    try:
        run_task(_context(str(store), device), found, progress)
    except Exception as error:
        traceback.print_exc()
        send(failure(found, error))
    else:
        send(TaskDone(key=found.key))


@functools.cache
def _context(store: str, device: str) -> Any:
    from neuplug.experiment.steps.context import TaskContext

    return TaskContext.open(Path(store), device)


def main(store: str, device: str) -> None:
    """Do tasks until standard input ends.

    Args:
        store: Folder of the store.
        device: Name of the device.
    """
    tasks: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_read, args=(tasks,), daemon=True).start()
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what plugins print goes to the log

    def send(event: TaskEvent) -> None:
        out.write(event.model_dump_json().encode() + b"\n")

    while True:
        do_task(store, device, tasks.get(), send)


def _read(tasks: queue.Queue[bytes]) -> None:
    for line in sys.stdin.buffer:
        tasks.put(line)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
