"""A worker process: tasks come in as lines of JSON, events go out likewise.

Its standard input ends when the process that started it does, even by SIGKILL; then it ends too.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import traceback
from pathlib import Path


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

    from neuplug.errors import NeuplugError
    from neuplug.experiment.events import Event, TaskDone, TaskProgress, TaskStarted
    from neuplug.experiment.executors.in_process import failure
    from neuplug.experiment.steps.context import TaskContext
    from neuplug.experiment.steps.run import run_task
    from neuplug.experiment.tasks import read_task

    context = TaskContext.open(Path(store), device)

    def send(event: Event) -> None:
        out.write(event.model_dump_json().encode() + b"\n")

    while True:
        task = read_task(tasks.get())

        def progress(done: int, total: int, note: str = "", key: str = task.key) -> None:
            send(TaskProgress(key=key, fraction=done / max(1, total), note=note))

        send(TaskStarted(key=task.key))
        try:
            run_task(context, task, progress)
        except NeuplugError as error:
            traceback.print_exc()
            send(failure(task, error))
        except Exception as error:
            traceback.print_exc()
            message = f"{task.label} failed: {type(error).__name__}: {error}"
            send(failure(task, NeuplugError(message)))
        else:
            send(TaskDone(key=task.key))


def _read(tasks: queue.Queue[bytes]) -> None:
    for line in sys.stdin.buffer:
        tasks.put(line)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
