"""What an executor is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from neuplug.experiment.events import TaskEvent
from neuplug.experiment.tasks import AnyTask
from neuplug.plugins.component import ComponentBase


class Executor(Protocol):
    """Runs tasks whose needs are in the store, and leaves their results there."""

    def submit(self, task: AnyTask) -> None:
        """Take on a task; it is begun when there is room."""

    def events(self) -> Iterator[TaskEvent | None]:
        """What happens to the tasks taken on: started, progress, done, failed, lost.

        It ends when there is none left, and can be had anew after another :meth:`submit`. ``None``
        comes now and then while nothing happens, so that whoever listens can look elsewhere.
        """

    def close(self) -> None:
        """End, and give up on all that is not done."""


@dataclass(frozen=True)
class ExecutorContext:
    """What an executor is opened for.

    Attributes:
        store: The folder that has what tasks need and gets their results; every place where tasks
            run must see it.
        device: Where to compute: ``cpu``, ``cuda``.
        workers: How many tasks the user wants at once; ``None`` leaves it to the executor.
        log: What tasks print goes to the end of this file.
    """

    store: Path
    device: str
    workers: int | None
    log: Path


def at_work(task: AnyTask) -> str:
    """A task, and the components whose code it runs."""
    return ", ".join([task.label, *dict.fromkeys(c.source for c in task.components)])


def advice_on(task: AnyTask) -> str:
    """What to try where a task has ended its process."""
    names = dict.fromkeys(c.distribution for c in task.components)
    checks = " and ".join(f"'neuplug plugins check {name}'" for name in names)
    return (
        f"leave the component out, or check it with {checks}. Run the same command again to resume."
    )


class ExecutorFactory(ComponentBase):
    """Opens executors of one kind, such as those of a cluster's engine."""

    @abstractmethod
    def open(self, context: ExecutorContext) -> Executor:
        """An executor for one run, which closes it at its end.

        A task travels as JSON (``task.model_dump_json()``), and wherever it runs
        :func:`neuplug.do_task` does it.
        """
