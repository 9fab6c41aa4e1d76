"""Has a plan's tasks done: hands out what is ready, sees to what fails, is lost or is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from neuplug import errors
from neuplug.errors import InputError, NeuplugError, PluginError, StorageError
from neuplug.experiment.events import (
    Planned,
    TaskDone,
    TaskEvent,
    TaskFailed,
    TaskLost,
    Teller,
    infos,
)
from neuplug.experiment.executors.base import Executor
from neuplug.experiment.tasks import AnyTask
from neuplug.storage.store import Store

KILLED = "exit code -9"  # as the system does where memory runs out
# A task whose worker is lost, or whose needs are damaged, is tried so often
TRIES = 3

# Errors that end the run, whatever else could still be done
_AT_ONCE = (InputError, StorageError)


class Failure(Exception):
    """A task's error, for those who want to go on with the others."""

    def __init__(self, task: AnyTask, error: NeuplugError) -> None:
        super().__init__(str(error))
        self.task, self.error = task, error


class Runner:
    """Has tasks done by an executor.

    Args:
        store: Where results are.
        executor: Does the tasks.
        log: Told what happens.
        check: Called now and then; ends the run by raising.
    """

    def __init__(
        self, store: Store, executor: Executor, log: Teller, check: Callable[[], None]
    ) -> None:
        self.store, self.executor, self.log, self.check = store, executor, log, check

    def run(self, tasks: Iterable[AnyTask], known: Mapping[str, AnyTask]) -> list[Failure]:
        """Have tasks done.

        Args:
            tasks: With all that they need, unless that is in the store.
            known: These and all others of the plan, by key.

        Returns:
            Failures of optional tasks, which stop nothing.

        Raises:
            InputError: As soon as a task finds the input at fault.
            StorageError: As soon as a disk cannot be written.
            PluginError: If a plugin failed, after all that does not depend on it is done.
            TrainingDiverged: Likewise.
            NeuplugError: Likewise, if filters let no image of a class pass that has no others.
        """
        round_ = _Round(self, tasks, known)
        self.log.write(Planned(tasks=infos(round_.waiting.values())))
        round_.run()
        fatal = [failure for failure in round_.failures if not failure.task.optional]
        if fatal:
            raise fatal[0].error
        return round_.failures


class _Round:
    """The tasks of one call of :meth:`Runner.run`, until none can be done any more."""

    def __init__(
        self, runner: Runner, tasks: Iterable[AnyTask], known: Mapping[str, AnyTask]
    ) -> None:
        self.runner, self.tasks = runner, known
        self.waiting = {task.key: task for task in tasks}
        self.undone = set(self.waiting)
        self.running: set[str] = set()
        self.tries: Counter[str] = Counter()
        self.failures: list[Failure] = []

    def run(self) -> None:
        while self._submit() or self.running:
            for event in self.runner.executor.events():
                self.runner.check()
                if event is None:
                    continue
                self.runner.log.write(event)
                self._take(event)
                self._submit()

    def _submit(self) -> bool:
        """Hand out what has all that it needs; whether there was anything."""
        ready = [k for k, task in self.waiting.items() if not self.undone.intersection(task.needs)]
        for key in ready:
            self.running.add(key)
            self.runner.executor.submit(self.waiting.pop(key))
        return bool(ready)

    def _take(self, event: TaskEvent) -> None:
        task = self.tasks[event.key]
        if isinstance(event, TaskDone):
            self.running.discard(task.key)
            self.undone.discard(task.key)
        elif isinstance(event, TaskFailed):
            self.running.discard(task.key)
            self._failed(task, event)
        elif isinstance(event, TaskLost):
            self.running.discard(task.key)
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
            self.runner.log.say(f"{event.message} {self.tasks[missing].label} is done again.")
            self.undone.add(missing)
            self.waiting |= {missing: self.tasks[missing], task.key: task}
            return
        self.failures.append(Failure(task, kind(event.message)))


def _obituary(task: AnyTask, what: str) -> str:
    """Of a process that ended without a word: what it did, for whom, and what to try."""
    component = task.components[0]
    advice = "if memory ran out, try --workers 1"
    if what != KILLED:
        check = f"'neuplug plugins check {component.distribution}'"
        advice = f"leave the component out, or see what {check} finds"
    return (
        f"the worker process for {task.label}, {component.source}, died {TRIES} times ({what}); "
        f"{advice}. The same command goes on where it was."
    )
