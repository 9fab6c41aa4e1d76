"""Tasks on this host: in this process, or in worker processes, which run this module.

Workers are told tasks as lines of JSON and leave results in the store, so nothing is pickled, a
killed worker leaves nothing half-done, and the caller's script is never imported again. A worker's
standard input ends when the process that started it does, even by SIGKILL; then it ends too.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator

import torch

from neuplug.errors import NeuplugError
from neuplug.experiment.events import (
    TaskDone,
    TaskEvent,
    TaskFailed,
    TaskLost,
    TaskProgress,
    TaskStarted,
    read_event,
)
from neuplug.experiment.executors.base import Executor, advice_on, at_work
from neuplug.experiment.executors.forking import WorkerStarter, end, serve
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.steps.run import do_task, failure, run_task
from neuplug.experiment.tasks import AnyTask
from neuplug.text import printable
from neuplug.training.devices import processes

IDLE_SECONDS = 0.5
WATCHER_SECONDS = 1.0
TASK_MEMORY = 4 * 2**30  # bytes of a GPU for a process, of which its CUDA context takes a part
UNKNOWN = "unknown"
# Says the last line that it was told, which is empty unless whoever told it has died since
WATCHER = "import sys; [sys.stderr.write(line) for line in [*sys.stdin][-1:] if line.strip()]"

logger = logging.getLogger("neuplug")


def choose_workers(device: torch.device) -> int:
    """How many processes share the work where nobody says: one for each core.

    On a GPU as many of these as its free memory has room for: networks as small as those of small
    image sets leave most of it idle.
    """
    most = processes()
    if device.type != "cuda":
        return most
    free, _ = torch.cuda.mem_get_info(device)
    return max(1, min(most, free // TASK_MEMORY))


def local_executor(
    workers: int | None,
    context: TaskContext,
    progress: Callable[[TaskProgress], None],
    starter: WorkerStarter | None = None,
    here: bool = False,
) -> Executor:
    """An executor on this host.

    Args:
        workers: Processes; 0 works in this one, ``None`` chooses. Beside other threads this
            process has no torch generator of its own, so that there 0 is one process.
        context: What tasks work with.
        progress: Told of the progress of a task in this process.
        starter: Starts processes; closed with the executor.
        here: Whether a component is known in this process alone.
    """
    count = choose_workers(context.device) if workers is None else workers
    in_main = threading.current_thread() is threading.main_thread()
    if here or (count == 0 and in_main):
        if not in_main:
            logger.warning(
                "components of this process run in a thread: if other threads draw from torch's "
                "global generator at the same time, their results may change."
            )
        return InProcess(context, progress)
    return LocalProcesses(max(1, count), context, starter or WorkerStarter(None))


class InProcess:
    """Does tasks while its events are asked for: for a debugger, and for components of a notebook.

    Args:
        context: What they work with.
        progress: Told of progress at once, since no event can come while a task runs.
    """

    def __init__(self, context: TaskContext, progress: Callable[[TaskProgress], None]) -> None:
        self.context, self.progress = context, progress
        self.waiting: deque[AnyTask] = deque()
        self.watcher: subprocess.Popen[bytes] | None = None
        self.told_of_faults = False

    def submit(self, task: AnyTask) -> None:
        """See :class:`neuplug.experiment.executors.base.Executor`."""
        self.waiting.append(task)

    def _last_words(self, words: str) -> None:
        """What is to be said should this process die, as in a compiled library; empty: nothing."""
        if self.watcher is None:
            command = [sys.executable, "-I", "-S", "-c", WATCHER]
            self.watcher = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
            with contextlib.suppress(Exception):  # such as in a notebook
                self.told_of_faults = not faulthandler.is_enabled()
                faulthandler.enable()
        with contextlib.suppress(OSError):
            os.write(self.watcher.stdin.fileno(), f"{printable(words)}\n".encode())  # type: ignore[union-attr]

    def events(self) -> Iterator[TaskEvent | None]:
        """See :class:`neuplug.experiment.executors.base.Executor`."""
        while self.waiting:
            task = self.waiting.popleft()
            yield TaskStarted(key=task.key)
            self._last_words(f"neuplug: error: it died at {at_work(task)}; {advice_on(task)}")
            event: TaskEvent = TaskDone(key=task.key)
            try:
                run_task(self.context, task, self.progress)
            except NeuplugError as error:
                event = failure(task, error)
            finally:
                self._last_words("")
            yield event

    def close(self) -> None:
        """See :class:`neuplug.experiment.executors.base.Executor`."""
        self.waiting.clear()
        if self.watcher is not None and self.watcher.stdin is not None:
            self.watcher.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.watcher.wait(WATCHER_SECONDS)
            self.watcher.kill()  # a process that a plugin has left may hold its input open
            self.watcher.wait()
        if self.told_of_faults:
            faulthandler.disable()


class LocalProcesses:
    """A number of worker processes, started when there is work for them.

    Args:
        count: How many at most.
        context: What they work with.
        starter: Starts them; closed with this.
    """

    def __init__(self, count: int, context: TaskContext, starter: WorkerStarter) -> None:
        self.count, self.context, self.starter = count, context, starter
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
            elif isinstance(event, TaskDone | TaskFailed):
                worker.task = None
            self._hand_out()
            if event is not None:
                yield event

    def close(self) -> None:
        """See :class:`neuplug.experiment.executors.base.Executor`."""
        self.waiting.clear()
        for worker in self.workers:
            with contextlib.suppress(OSError):  # it has ended
                worker.hang_up()
        self.starter.close()
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
                if self.context.device.type == "cpu":
                    self.starter.begin()
                idle = _Worker(self)
                self.workers.append(idle)
            idle.give(self.waiting.popleft())

    def _buried(self, worker: _Worker) -> TaskLost | None:
        """What to say of a worker that is gone: of its task, if it had one."""
        self.workers.remove(worker)
        code, task = worker.end(), worker.task
        if task is not None and code == UNKNOWN and not worker.heard:
            self.waiting.appendleft(task)  # it was never forked, and the next one will not be
            return None
        return TaskLost(key=task.key, message=f"exit code {code}") if task is not None else None


class _Worker:
    def __init__(self, pool: LocalProcesses) -> None:
        self.task: AnyTask | None = None
        self.incoming = pool.incoming
        self.exit_code, self.heard = UNKNOWN, False
        store, device = pool.context.store.root.absolute(), pool.context.device
        started = pool.starter.start(str(store), str(device))
        self.process, self.stdin, self.stdout, self.hang_up = started
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):  # such as that of a process that ends with a line unread
            for line in self.stdout:
                if (event := read_event(line)) is not None:
                    self.heard = True
                    self.incoming.put((self, event))  # type: ignore[arg-type]
                elif line.strip():
                    # a process that it has started may still hold the other end
                    self.exit_code = line.decode().strip()
                    break
            self.stdout.close()
        self.incoming.put((self, None))

    def give(self, task: AnyTask) -> None:
        self.task = task
        with contextlib.suppress(OSError):  # its end comes as an event
            self.stdin.write(task.model_dump_json().encode() + b"\n")
            self.stdin.flush()

    def end(self) -> str:
        """The exit code, when it has ended."""
        if self.process is not None:
            self.exit_code = str(end(self.process))
        with contextlib.suppress(OSError):
            self.hang_up()
            self.stdin.close()
        return self.exit_code


def work(store: str, device: str) -> None:
    """Be a worker: do tasks until standard input ends; events go to standard output.

    Args:
        store: Folder of the store.
        device: Name of the device.
    """
    tasks: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_read, args=(tasks,), daemon=True).start()
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what plugins print goes to the log
    faulthandler.enable()  # and where one of them was when the process died

    def send(event: TaskEvent) -> None:
        out.write(event.model_dump_json().encode() + b"\n")

    while True:
        do_task(store, device, tasks.get(), send)


def _read(tasks: queue.Queue[bytes]) -> None:
    try:
        for line in sys.stdin.buffer:
            tasks.put(line)
    finally:
        os._exit(0)


if __name__ == "__main__":
    if sys.argv[1:]:
        work(*sys.argv[1:])
    else:
        serve(work)
        os._exit(0)  # what torch has loaded need not be torn down
