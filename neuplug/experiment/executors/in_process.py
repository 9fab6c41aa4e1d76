"""Tasks one by one in this process: for a debugger, and for components that no other can load."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout

from neuplug.errors import NeuplugError
from neuplug.experiment.events import TaskDone, TaskEvent, TaskFailed, TaskProgress, TaskStarted
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.steps.run import run_task
from neuplug.experiment.tasks import AnyTask
from neuplug.storage.store import MissingResult


class InProcess:
    """Does tasks while its events are asked for.

    Args:
        context: What they work with.
        progress: Told of progress at once, since no event can come while a task runs.
    """

    def __init__(self, context: TaskContext, progress: Callable[[TaskProgress], None]) -> None:
        self.context, self.progress = context, progress
        self.waiting: deque[AnyTask] = deque()

    def submit(self, task: AnyTask) -> None:
        """See :class:`neuplug.experiment.executors.base.Executor`."""
        self.waiting.append(task)

    def events(self) -> Iterator[TaskEvent | None]:
        """See :class:`neuplug.experiment.executors.base.Executor`."""
        while self.waiting:
            task = self.waiting.popleft()
            yield TaskStarted(key=task.key)
            yield self._done(task)

    def _done(self, task: AnyTask) -> TaskEvent:
        def report(done: int, total: int, note: str = "") -> None:
            self.progress(TaskProgress(key=task.key, fraction=done / max(1, total), note=note))

        try:
            with redirect_stdout(sys.stderr):  # standard output is for results
                run_task(self.context, task, report)
        except NeuplugError as error:
            return failure(task, error)
        return TaskDone(key=task.key)

    def close(self) -> None:
        """See :class:`neuplug.experiment.executors.base.Executor`."""
        self.waiting.clear()


def failure(task: AnyTask, error: Exception) -> TaskFailed:
    """The event of an error."""
    if not isinstance(error, NeuplugError):
        error = NeuplugError(f"{task.label} failed: {type(error).__name__}: {error}")
    missing = error.key if isinstance(error, MissingResult) else None
    return TaskFailed(key=task.key, error=type(error).__name__, message=str(error), missing=missing)
