"""Hears the events of a run."""

from __future__ import annotations

from typing import Any

from neuplug.experiment.events import AnyEvent, Planned, Said, TaskDone


class Hearing:
    """Remembers which kinds of tasks were done, and what was said: ``on_event=Hearing()``."""

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}
        self.done: list[str] = []
        self.said: list[str] = []

    def __call__(self, event: AnyEvent | Any) -> None:
        match event:
            case Planned():
                self.kinds |= {task.key: task.kind for task in event.tasks}
            case TaskDone():
                self.done.append(self.kinds[event.key])
            case Said():
                self.said.append(event.text)
