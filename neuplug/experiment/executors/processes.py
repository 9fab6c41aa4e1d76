"""Tasks in worker processes of this host.

Workers are told tasks as lines of JSON and leave results in the store, so nothing is pickled, a
killed worker leaves nothing half-done, and the caller's script is never imported again.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from neuplug.experiment.events import TaskEvent, TaskLost, read_event
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.tasks import AnyTask

IDLE_SECONDS = 0.5
PATIENCE_SECONDS = 5.0


class LocalProcesses:
    """A number of worker processes, started when there is work for them.

    Args:
        count: How many at most.
        context: What they work with.
        log: What they print goes to the end of this file.
    """

    def __init__(self, count: int, context: TaskContext, log: Path | None = None) -> None:
        self.count, self.context, self.log = count, context, log
        self.waiting: deque[AnyTask] = deque()
        self.workers: list[_Worker] = []
        self.incoming: queue.Queue[tuple[_Worker, TaskEvent | None]] = queue.Queue()

    def submit(self, task: AnyTask) -> None:
        """See :class:`neuplug.experiment.executors.base.Executor`."""
        self.waiting.append(task)
        self._hand_out()

    def events(self) -> Iterator[TaskEvent | None]:
        """See :class:`neuplug.experiment.executors.base.Executor`."""
        while self.waiting or any(worker.task for worker in self.workers):
            try:
                worker, event = self.incoming.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                yield None
                continue
            if event is None:
                event = self._buried(worker)
            elif event.event in ("done", "failed"):  # type: ignore[attr-defined]
                worker.task = None
            if event is not None:
                self._hand_out()
                yield event

    def close(self) -> None:
        """See :class:`neuplug.experiment.executors.base.Executor`."""
        self.waiting.clear()
        for worker in self.workers:
            worker.process.terminate()
        for worker in self.workers:
            worker.end()
        if self.workers:
            with contextlib.suppress(Exception):  # what cannot be removed now is later
                self.context.store.sweep()
        self.workers = []

    def _hand_out(self) -> None:
        """Give waiting tasks to idle workers, and to new ones."""
        while self.waiting:
            idle = next((worker for worker in self.workers if worker.task is None), None)
            if idle is None:
                if len(self.workers) >= self.count:
                    return
                idle = _Worker(self.context, self.log, self.incoming)
                self.workers.append(idle)
            idle.give(self.waiting.popleft())

    def _buried(self, worker: _Worker) -> TaskLost | None:
        """What to say of a worker that is gone: of its task, if it had one."""
        self.workers.remove(worker)
        code = worker.end()
        return (
            None
            if worker.task is None
            else TaskLost(key=worker.task.key, message=f"exit code {code}")
        )


class _Worker:
    def __init__(
        self,
        context: TaskContext,
        log: Path | None,
        incoming: queue.Queue[tuple[_Worker, TaskEvent | None]],
    ) -> None:
        self.task: AnyTask | None = None
        self.incoming = incoming
        # -P: nothing in the working folder can stand in for a module
        command = [sys.executable, "-P", "-m", "neuplug.experiment.executors.worker"]
        command += [str(context.store.root.absolute()), str(context.device)]
        with contextlib.ExitStack() as stack:
            stderr = stack.enter_context(log.open("ab")) if log else subprocess.DEVNULL
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,  # Ctrl-C is for this process, which stops its workers
                env=os.environ | ({"OMP_NUM_THREADS": "1"} if context.device.type == "cpu" else {}),
            )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if (event := read_event(line)) is not None:
                self.incoming.put((self, event))  # type: ignore[arg-type]
        self.incoming.put((self, None))

    def give(self, task: AnyTask) -> None:
        assert self.process.stdin is not None
        self.task = task
        with contextlib.suppress(OSError):  # its end comes as an event
            self.process.stdin.write(task.model_dump_json().encode() + b"\n")
            self.process.stdin.flush()

    def end(self) -> int:
        """The exit code, when it has ended; it is killed if that takes long."""
        try:
            code = self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        return code
