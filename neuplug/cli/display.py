"""What a run shows while it goes on: one progress display, or plain lines without a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from neuplug.experiment.listener import Listener

if TYPE_CHECKING:
    from neuplug.experiment.plan import Job

WEIGHTS = {"fit": 30.0, "train": 20.0, "evaluate": 5.0, "draw": 0.3, "augment": 0.3}
"""About how long jobs take beside each other, for the time left."""

PLAIN_SECONDS = 15.0


@contextmanager
def display(quiet: bool = False) -> Iterator[Listener]:
    """A listener that shows what it hears, on standard error."""
    console = Console(emoji=False, stderr=True)
    if quiet:
        yield Listener()
    elif console.is_terminal:
        with _Bars(console) as bars:
            yield bars
    else:
        yield _Lines(console)


class _Counting(Listener):
    """Keeps how much of the weighted work is done."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.total = self.done = 0.0
        self.count = self.finished_count = 0
        self.fractions: dict[str, float] = {}
        self.notes: dict[str, str] = {}

    def planned(self, jobs: list[Job]) -> None:
        self.total = sum(WEIGHTS[job.kind] for job in jobs)
        self.count = len(jobs)

    def progress(self, job: Job, fraction: float, note: str) -> None:
        self.fractions[job.key] = WEIGHTS[job.kind] * fraction
        self.notes[job.key] = f"{job.title} {fraction:4.0%} {note}"
        self.changed()

    def finished(self, job: Job) -> None:
        self._drop(job)
        self.done += WEIGHTS[job.kind]
        self.finished_count += 1
        self.changed()

    def failed(self, job: Job, error: Exception) -> None:
        self._drop(job)
        self.say(f"{job.title} failed: {error}")

    def _drop(self, job: Job) -> None:
        self.fractions.pop(job.key, None)
        self.notes.pop(job.key, None)

    @property
    def through(self) -> float:
        return self.done + sum(self.fractions.values())

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

    def planned(self, jobs: list[Job]) -> None:
        super().planned(jobs)
        self.bars.reset(self.bar, total=self.total or 1)
        self.changed()

    def changed(self) -> None:
        notes = list(self.notes.values())
        now = notes[0] if len(notes) == 1 else f"{len(notes)} jobs" if notes else ""
        text = f"{self.finished_count}/{self.count} jobs  {now}"
        self.bars.update(self.bar, completed=self.through, description=text)


class _Lines(_Counting):
    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.started = self.said = time.monotonic()

    def planned(self, jobs: list[Job]) -> None:
        super().planned(jobs)
        if jobs:
            self.say(f"{len(jobs)} jobs to do")

    def changed(self) -> None:
        now = time.monotonic()
        if now - self.said < PLAIN_SECONDS:
            return
        self.said = now
        spent = now - self.started
        part = self.through / self.total if self.total else 1.0
        left = f", about {spent * (1 - part) / part:.0f} s left" if part > 0.02 else ""
        self.say(f"{self.finished_count}/{self.count} jobs, {part:.0%}, {spent:.0f} s{left}")
