"""Has a plan's tasks done: hands out what is ready, sees to what fails, is lost or is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from neuplug import errors
from neuplug.errors import InputError, NeuplugError, PluginError, StorageError
from neuplug.experiment.events import (
    NotedTime,
    Planned,
    Said,
    Sink,
    TaskDone,
    TaskEvent,
    TaskFailed,
    TaskLost,
    infos,
    unknown,
)
from neuplug.experiment.executors.base import Executor, advice_on, at_work
from neuplug.experiment.tasks import AnyTask

KILLED = "exit code -9"  # as the system does where memory runs out
# A task whose worker is lost, or whose needs are damaged, is tried so often
TRIES = 3

# Errors that end the run, whatever else could still be done
_AT_ONCE = (InputError, StorageError)


class Failure(NamedTuple):
    """A task with its error, for those who want to go on with the others."""

    task: AnyTask
    error: NeuplugError


def run_tasks(
    tasks: Iterable[AnyTask],
    known: Mapping[str, AnyTask],
    executor: Executor,
    tell: Sink,
    check: Callable[[], None] = lambda: None,
    noted_time: NotedTime = unknown,
    until: str = "",
) -> list[Failure]:
    """Have tasks done.

    Args:
        tasks: With all that they need, unless that is in the store.
        known: These and all others of the plan, by key.
        executor: Does the tasks.
        tell: Told what happens.
        check: Called now and then; ends the run by raising.
        noted_time: How long tasks of a class took before, for the time left.
        until: What they lead up to, if more may follow.

    Returns:
        Failures of optional tasks, which stop nothing.

    Raises:
        InputError: As soon as a task finds the input at fault.
        StorageError: As soon as a disk cannot be written.
        PluginError: If a plugin failed, after all that does not depend on it is done.
        TrainingDiverged: Likewise.
        NeuplugError: Likewise, if filters let no image of a class pass that has no others.
    """
    waiting = {task.key: task for task in tasks}
    tell(Planned(tasks=infos(waiting.values(), noted_time), until=until))
    round_ = _Round(known, executor, tell, check, waiting, set(waiting))
    round_.run()
    fatal = [failure for failure in round_.failures if not failure.task.optional]
    if fatal:
        raise fatal[0].error
    return round_.failures


@dataclass
class _Round:
    """Tasks that are handed out until none can be done any more.

    Attributes:
        waiting: For what they need.
        undone: Keys of all whose results are not in the store.
        running: Keys of those that the executor has.
    """

    tasks: Mapping[str, AnyTask]
    executor: Executor
    tell: Sink
    check: Callable[[], None]
    waiting: dict[str, AnyTask]
    undone: set[str]
    running: set[str] = field(default_factory=set)
    tries: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    def run(self) -> None:
        while self._submit() or self.running:
            for event in self.executor.events():
                self.check()
                if event is None:
                    continue
                self.tell(event)
                self._take(event)
                self._submit()
            for key in list(self.running):  # as it would be for ever
                lost = TaskLost(key=key, message="the executor ended without a word of it")
                self.tell(lost)
                self._take(lost)

    def _submit(self) -> bool:
        """Hand out what has all that it needs; whether there was anything."""
        ready = [k for k, task in self.waiting.items() if not self.undone.intersection(task.needs)]
        for key in ready:
            self.running.add(key)
            self.executor.submit(self.waiting.pop(key))
        return bool(ready)

    def _take(self, event: TaskEvent) -> None:
        task = self.tasks[event.key]
        if isinstance(event, TaskDone | TaskFailed | TaskLost):
            self.running.discard(task.key)
        if isinstance(event, TaskDone):
            self.undone.discard(task.key)
        elif isinstance(event, TaskFailed):
            self._failed(task, event)
        elif isinstance(event, TaskLost):
            self.tries[task.key] += 1
            if self.tries[task.key] < TRIES:
                self.waiting[task.key] = task
            else:
                self.failures.append(Failure(task, PluginError(_obituary(task, event.message))))

    def _failed(self, task: AnyTask, event: TaskFailed) -> None:
        kind = getattr(errors, event.error, NeuplugError)
        if issubclass(kind, _AT_ONCE):
            raise kind(event.message)
        missing = event.missing or ""
        if missing in self.undone:  # another task has found that before
            self.waiting[task.key] = task
            return
        if missing in self.tasks and self.tries[missing] < TRIES:
            self.tries[missing] += 1
            self.tell(Said(text=f"{event.message} {self.tasks[missing].label} is run again."))
            self.undone.add(missing)
            self.waiting |= {missing: self.tasks[missing], task.key: task}
            return
        self.failures.append(Failure(task, kind(event.message)))


def _obituary(task: AnyTask, what: str) -> str:
    """Of a process that ended without a word: what it did, for whom, and what to try."""
    advice = "if memory ran out, try --workers 1. Run the same command again to resume."
    return (
        f"the worker process for {at_work(task)}, died {TRIES} times ({what}); "
        f"{advice if what == KILLED else advice_on(task)}"
    )
