"""What an executor is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from neuplug.experiment.events import TaskEvent
from neuplug.experiment.tasks import AnyTask


class Executor(Protocol):
    """Runs tasks whose needs are in the store, and leaves their results there."""

    def submit(self, task: AnyTask) -> None:
        """Take on a task; it is begun when there is room."""

    def events(self) -> Iterator[TaskEvent | None]:
        """What happens to the tasks taken on: started, progress, done, failed, lost.

        It ends when there is none left, and can be had anew after another :meth:`submit`. ``None``
        comes now and then while nothing happens, so that whoever listens can look elsewhere.
        """

    def cancel(self, key: str) -> None:
        """Give up on a task, if it has not begun; no event will come of it."""

    def close(self) -> None:
        """End, and give up on all that is not done."""
