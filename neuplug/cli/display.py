"""What is shown of a run while it goes on: its events, as bars or as plain lines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from neuplug.experiment import events
from neuplug.experiment.claim import running
from neuplug.experiment.events import AnyEvent

# About how long tasks take beside each other, for the time left
WEIGHTS = {"fit": 30.0, "train": 20.0, "evaluate": 5.0, "sample": 0.3, "augment": 0.3}

PLAIN_SECONDS = 15.0

Show = Callable[[AnyEvent], None]


@contextmanager
def showing() -> Iterator[Show]:
    """Shows events on standard error: bars on a terminal, else lines."""
    console = Console(emoji=False, stderr=True)
    if console.is_terminal:
        with _Bars(console) as bars:
            yield bars.show
    else:
        yield _Lines(console).show


@contextmanager
def display(folder: Path, quiet: bool = False) -> Iterator[Show | None]:
    """Show within what is written to a run's events, by this process or another one.

    Args:
        folder: Of the run.
        quiet: Show nothing.

    Returns:
        Shows an event that is not in the file.
    """
    if quiet:
        yield None
        return
    start = 0 if running(folder) else events.size(folder)
    over = threading.Event()
    with showing() as show:
        reader = threading.Thread(target=_read, args=(folder, over, start, show), daemon=True)
        reader.start()
        try:
            yield show
        finally:
            over.set()
            reader.join(timeout=5.0)


def _read(folder: Path, over: threading.Event, start: int, show: Show) -> None:
    for event in events.follow(folder, over.is_set, start):
        show(event)


def _weight(task: events.TaskInfo) -> float:
    return WEIGHTS.get(task.kind, 1.0)


class _Counting:
    """Keeps how much of the weighted work is done."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.tasks: dict[str, events.TaskInfo] = {}
        self._begin(())

    def show(self, event: AnyEvent) -> None:
        """Take in an event."""
        match event:
            case events.Said():
                self.say(event.text)
            case events.Planned():
                self._begin(event.tasks)
                self.begun()
            case events.TaskProgress() if event.key in self.tasks:
                label = self.tasks[event.key].label
                self.fractions[event.key] = event.fraction
                self.notes[event.key] = f"{label} {event.fraction:4.0%} {event.note}"
            case events.TaskDone() if event.key in self.tasks:
                self.notes.pop(event.key, None)
                self.fractions[event.key] = 1.0
                self.finished.add(event.key)
            case events.TaskFailed() if event.key in self.tasks and event.missing is None:
                self._give_up(event.key, f"{self.tasks[event.key].label} failed: {event.message}")
            case events.TaskLost() if event.key in self.tasks:
                label = self.tasks[event.key].label
                what = f"the worker process for {label} died ({event.message})."
                self._give_up(event.key, what)
        self.changed()

    def _begin(self, tasks: tuple[events.TaskInfo, ...]) -> None:
        self.tasks |= {task.key: task for task in tasks}
        self.count, self.total = len(tasks), sum(map(_weight, tasks))
        self.finished: set[str] = set()
        self.fractions: dict[str, float] = {}
        self.notes: dict[str, str] = {}

    def _give_up(self, key: str, why: str) -> None:
        self.fractions.pop(key, None)
        self.notes.pop(key, None)
        self.say(why)

    @property
    def through(self) -> float:
        """How much of the total is done."""
        return sum(_weight(self.tasks[key]) * part for key, part in self.fractions.items())

    def begun(self) -> None:
        """Show that a round has begun."""

    def changed(self) -> None:
        """Show the new state."""

    def say(self, sentence: str) -> None:
        self.console.print(sentence, highlight=False, markup=False)


class _Bars(_Counting):
    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.bars = Progress(
            TextColumn("{task.description}", markup=False),  # a class may be called [b] or :x:
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self.bar = self.bars.add_task("reading the data", total=None)

    def __enter__(self) -> _Bars:
        self.bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.bars.stop()

    def begun(self) -> None:
        self.bars.reset(self.bar, total=self.total or 1)

    def changed(self) -> None:
        notes = list(self.notes.values())
        now = notes[0] if len(notes) == 1 else f"{len(notes)} tasks" if notes else ""
        text = f"{len(self.finished)}/{self.count} tasks  {now}"
        self.bars.update(self.bar, completed=self.through, description=text)


class _Lines(_Counting):
    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.started = self.said = time.monotonic()

    def begun(self) -> None:
        if self.count:
            self.say(f"{self.count} tasks to do")

    def changed(self) -> None:
        now = time.monotonic()
        if now - self.said < PLAIN_SECONDS:
            return
        self.said = now
        spent = now - self.started
        part = self.through / self.total if self.total else 1.0
        left = f", about {spent * (1 - part) / part:.0f} s left" if part > 0.02 else ""
        self.say(f"{len(self.finished)}/{self.count} tasks, {part:.0%}, {spent:.0f} s{left}")
