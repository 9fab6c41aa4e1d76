"""A worker process: tasks come in as lines of JSON, events go out likewise.

Its standard input ends when the process that started it does, even by SIGKILL; then it ends too.
"""

from __future__ import annotations

import os
import queue
import sys
import threading

from neuplug.experiment.events import TaskEvent
from neuplug.experiment.steps.run import do_task


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
