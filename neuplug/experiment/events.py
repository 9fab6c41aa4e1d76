"""What happens in a run: typed events, a line each in ``events.jsonl``, read from anywhere.

Whoever shows a run reads this file: the terminal that started it, ``neuplug watch`` in another one,
or on another host. The same stands in words in ``log.txt``. Loads no torch.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from neuplug.plugins.isolation import called_back
from neuplug.records import Record
from neuplug.storage.files import storing

FILE, LOG = "events.jsonl", "log.txt"
FORMAT = 1
POLL_SECONDS = 0.2
PROGRESS_SECONDS = 1.0

logger = logging.getLogger("neuplug")


class Event(Record):
    """Base of all events; whatever stands in them is printable.

    Attributes:
        seq: Their order in the run's file, from 1; 0 before it is written there.
        time: Seconds since 1970, of the clock of the host that runs.
        format: Of the line.
    """

    model_config = ConfigDict(allow_inf_nan=True)  # a plugin's progress

    seq: int = 0
    time: float = 0.0
    format: Literal[1] = 1


class TaskInfo(Record):
    """What the reader of a run is told of a task.

    Attributes:
        component: The one that does the task.
        share: Of the time of a usual task of this component.
        seconds: What tasks like it have taken before; ``None`` if there were none.

    Example:
        >>> from neuplug.experiment.events import TaskInfo
        >>> TaskInfo(key="2f85", kind="train", label="smallcnn on none, repeat 1").needs
        ()
    """

    key: str
    kind: str
    label: str
    component: str = ""
    share: float = 1.0
    seconds: float | None = None
    needs: tuple[str, ...] = ()


class RunStarted(Event):
    """A process has begun, or goes on with, the run."""

    event: Literal["run-started"] = "run-started"
    process: str


class Said(Event):
    """A sentence for the user."""

    event: Literal["said"] = "said"
    text: str


class Planned(Event):
    """These tasks are to be done in this round.

    Attributes:
        until: What they lead up to, where more may follow: ``the look at 5 of up to 12 repeats``.
    """

    event: Literal["planned"] = "planned"
    tasks: tuple[TaskInfo, ...]
    until: str = ""


class TaskEvent(Event):
    """Something about one task.

    Attributes:
        key: Of the task.
    """

    key: str


class TaskStarted(TaskEvent):
    """An executor has begun with a task."""

    event: Literal["started"] = "started"


class TaskProgress(TaskEvent):
    """A task is through to this part, 0 to 1; ``note`` is a short live figure."""

    event: Literal["progress"] = "progress"
    fraction: float
    note: str = ""


class TaskDone(TaskEvent):
    """The result of a task is in the store."""

    event: Literal["done"] = "done"


class TaskFailed(TaskEvent):
    """A task failed.

    Attributes:
        error: Name of the exception's class.
        message: What it says.
        missing: Key of a result that is gone, where that is why.

    Example:
        >>> from neuplug.experiment.events import TaskFailed
        >>> TaskFailed(key="2f85", error="PluginError", message="vae failed").event
        'failed'
    """

    event: Literal["failed"] = "failed"
    error: str
    message: str
    missing: str | None = None


class TaskLost(TaskEvent):
    """The process that did a task has ended without a word.

    Attributes:
        message: What is known of it.

    Example:
        >>> from neuplug.experiment.events import TaskLost
        >>> TaskLost(key="2f85", message="exit code -9").event
        'lost'
    """

    event: Literal["lost"] = "lost"
    message: str


Ending = Literal["finished", "failed", "stopped"]


class RunEnded(Event):
    """The run is over.

    Attributes:
        state: ``finished``, ``failed`` or ``stopped``.
        message: Why, unless it is finished.
    """

    event: Literal["run-ended"] = "run-ended"
    state: Ending
    message: str = ""


AnyTaskEvent = TaskStarted | TaskProgress | TaskDone | TaskFailed | TaskLost
AnyEvent = Annotated[
    RunStarted | Said | Planned | AnyTaskEvent | RunEnded, Field(discriminator="event")
]
_ADAPTER: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
# Takes an event
Sink = Callable[[Any], None]


def read_event(line: str | bytes) -> AnyEvent | None:
    """The event of a line; ``None`` for a torn line, or one of another version of neuplug."""
    try:
        return _ADAPTER.validate_json(line)
    except ValidationError:
        return None


def unheard(event: Event) -> None:
    """Where nobody listens."""


class EventLog:
    """Writes the events of a run, one write a line, and in words to its log and Python's logging.

    Args:
        folder: Of the run; only one process writes there.
        also: Told each event as it is written.
    """

    def __init__(self, folder: Path, also: Sink = unheard) -> None:
        self.also = also
        self.path, self.log = folder / FILE, folder / LOG
        self._lock = threading.Lock()
        # what plugins print in this process, as in workers
        self._printed = logging.FileHandler(self.log, encoding="utf-8", delay=True)
        logging.getLogger("neuplug.plugins").addHandler(self._printed)
        self._shown: dict[str, float] = {}
        self._labels: dict[str, str] = {}
        with storing(folder):
            content = self.path.read_bytes() if self.path.is_file() else b""
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            if content and not content.endswith(b"\n"):  # a torn last line
                os.write(self._file, b"\n")
        self._seq = max((e.seq for e in map(read_event, content.splitlines()) if e), default=0)

    def write(self, event: Event) -> None:
        """Add an event; progress of a task at most once a second.

        Raises:
            StorageError: If it cannot be written.
        """
        with self._lock:
            now = time.time()
            if isinstance(event, TaskProgress):
                if 0 <= now - self._shown.get(event.key, 0.0) < PROGRESS_SECONDS:
                    return
                self._shown[event.key] = now
            self._seq += 1
            numbered = event.model_copy(update={"seq": self._seq, "time": round(now, 3)})
            with storing(self.path.parent):
                os.write(self._file, numbered.model_dump_json().encode() + b"\n")
        self._put_in_words(numbered)
        with called_back():
            self.also(numbered)

    def say(self, text: str) -> None:
        """Add a sentence for the user."""
        self.write(Said(text=text))

    def _put_in_words(self, event: Event) -> None:
        if isinstance(event, Planned):
            self._labels |= {task.key: f"{task.kind} {task.label}" for task in event.tasks}
        if sentence := _sentence(event, self._labels):
            when = datetime.datetime.fromtimestamp(event.time).astimezone()
            with self.log.open("a", encoding="utf-8") as file:
                file.write(f"{when.isoformat(timespec='seconds')} {sentence}\n")
            quiet = isinstance(event, TaskStarted | TaskDone)
            logger.log(logging.DEBUG if quiet else logging.INFO, "%s", sentence)

    def close(self) -> None:
        """Write no more."""
        logging.getLogger("neuplug.plugins").removeHandler(self._printed)
        self._printed.close()
        with contextlib.suppress(OSError):
            os.close(self._file)


def _sentence(event: Event, labels: Mapping[str, str]) -> str:
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


def follow(folder: Path, over: Callable[[], bool], start: int = 0) -> Iterator[AnyEvent]:
    """The events of a run as they come.

    Args:
        folder: Of the run; it need not exist yet.
        over: Asked when there is nothing new; if true, what has come since is the last.
        start: Bytes of the file to leave out.
    """
    path, rest = folder / FILE, b""
    while True:
        last = over()
        with contextlib.suppress(OSError), path.open("rb") as file:
            file.seek(start)
            fresh = file.read()
            start += len(fresh)
            *lines, rest = (rest + fresh).split(b"\n")
            for line in lines:
                if (event := read_event(line)) is not None:
                    yield event
        if last:
            return
        time.sleep(POLL_SECONDS)


def size(folder: Path) -> int:
    """Bytes that the file of events has so far."""
    try:
        return (folder / FILE).stat().st_size
    except OSError:
        return 0


# The seconds that a task of a class took last, as of :meth:`Task.cost_class`
NotedTime: TypeAlias = Callable[[str], float | None]


def unknown(cost_class: str) -> None:
    """Nothing is known of any class."""


def infos(tasks: Any, noted_time: NotedTime = unknown) -> tuple[TaskInfo, ...]:
    """What readers are told of tasks.

    Args:
        tasks: These.
        noted_time: How long tasks of a class took before.
    """
    return tuple(
        TaskInfo(
            key=task.key,
            kind=task.kind,
            label=task.label,
            component=task.components[0].name,
            share=task.share,
            seconds=noted_time(task.cost_class()),
            needs=task.needs,
        )
        for task in tasks
    )
