"""Who is told of a run's events besides its file: the log, Python's logging, the caller."""

from __future__ import annotations

import datetime
import logging
from pathlib import Path

from neuplug.experiment.claim import LOG
from neuplug.experiment.events import (
    AnyEvent,
    Planned,
    Said,
    Sink,
    TaskDone,
    TaskFailed,
    TaskLost,
    TaskStarted,
)

logger = logging.getLogger("neuplug")


def observer(folder: Path, on_event: Sink | None) -> Sink:
    """Passes events on to the run's log, to the logger ``neuplug``, and to the caller.

    Args:
        folder: Of the run.
        on_event: The caller's; by default nobody's.
    """
    labels: dict[str, str] = {}

    def observe(event: AnyEvent) -> None:
        if isinstance(event, Planned):
            labels.update({task.key: f"{task.kind} {task.label}" for task in event.tasks})
        if sentence := _sentence(event, labels):
            when = datetime.datetime.fromtimestamp(event.time).astimezone()
            with (folder / LOG).open("a", encoding="utf-8") as file:
                file.write(f"{when.isoformat(timespec='seconds')} {sentence}\n")
            quiet = isinstance(event, TaskStarted | TaskDone)
            logger.log(logging.DEBUG if quiet else logging.INFO, "%s", sentence)
        if on_event is not None:
            on_event(event)

    return observe


def _sentence(event: AnyEvent, labels: dict[str, str]) -> str:
    """An event in words; empty for one that is not for the log."""
    match event:
        case Said():
            return event.text
        case Planned():
            return f"{len(event.tasks)} tasks to do"
        case TaskStarted() | TaskDone():
            return f"{event.event}: {labels.get(event.key, event.key)} ({event.key})"
        case TaskFailed() | TaskLost():
            label = labels.get(event.key, event.key)
            return f"{event.event}: {label} ({event.key}): {event.message}"
    return ""
