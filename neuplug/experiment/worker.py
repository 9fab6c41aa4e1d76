"""A worker process: jobs come in as lines of JSON, events go out likewise.

Its standard input ends when the process that started it does, even by SIGKILL; then it ends too.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import traceback
from pathlib import Path
from typing import Any


def main(store: str, device: str) -> None:
    """Do jobs until standard input ends.

    Args:
        store: Folder of the store.
        device: Name of the device.
    """
    jobs: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read, args=(jobs,), daemon=True).start()
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what plugins print goes to the log

    from neuplug.errors import NeuplugError
    from neuplug.experiment.jobs.doing import do_job
    from neuplug.experiment.jobs.workbench import Workbench
    from neuplug.experiment.plan import Job

    bench = Workbench.open(Path(store), device)

    def send(**event: Any) -> None:
        events.write(json.dumps(event) + "\n")
        events.flush()

    def progress(done: int, total: int, note: str = "") -> None:
        send(fraction=done / max(1, total), note=note)

    while True:
        described = json.loads(jobs.get())
        job = Job(**{**described, "needs": tuple(described["needs"])})
        try:
            do_job(bench, job, progress)
        except NeuplugError as error:
            traceback.print_exc()
            send(error=type(error).__name__, message=str(error))
        except Exception as error:
            traceback.print_exc()
            message = f"{job.title} failed: {type(error).__name__}: {error}"
            send(error="NeuplugError", message=message)
        else:
            send(finished=True)


def _read(jobs: queue.Queue[str]) -> None:
    for line in sys.stdin:
        jobs.put(line)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
