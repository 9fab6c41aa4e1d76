"""What is shown of a run while it goes on, and ``neuplug watch`` and ``neuplug stop``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from neuplug.cli.printing import make_console
from neuplug.cli.timeleft import ENOUGH, TimeLeft
from neuplug.errors import InputError
from neuplug.experiment import events
from neuplug.experiment.claim import CLAIM, STATUS, ask_to_stop, read_status, running
from neuplug.text import printable

PLAIN_SECONDS, BAR_SECONDS = 15.0, 0.2

Show = Callable[[events.AnyEvent], None]

RunFolder = Annotated[Path, typer.Argument(help="The run folder, such as runs/compose/NAME.")]


def watch(
    run: RunFolder,
    json_: Annotated[bool, typer.Option("--json", help="Print events as JSON lines.")] = False,
) -> None:
    """Show the progress of a run until it ends.

    The run may be on another host if its folder is shared.
    """
    _refuse_unknown(run)
    ended = False

    def over() -> bool:
        return ended or not running(run)

    with showing() as show:
        for event in events.follow(run, over):
            ended = isinstance(event, events.RunEnded)
            print(event.model_dump_json(), flush=True) if json_ else show(event)
    status = read_status(run)
    if status is not None and not json_:
        state: str = status.state
        if state == "running":
            state = f"no longer running: process {status.process} on {status.host} has ended"
        typer.echo(printable(f"{run}: {state}"))


def stop(run: RunFolder) -> None:
    """Stop a run.

    The same compose command resumes it.
    """
    _refuse_unknown(run)
    worker = running(run)
    if not worker:
        typer.echo(printable(f"{run}: nothing to stop: no process is working on it"))
        return
    ask_to_stop(run)
    while running(run):
        time.sleep(events.POLL_SECONDS)
    typer.echo(printable(f"{run}: {worker} has stopped; run the same command again to resume"))


def _refuse_unknown(run: Path) -> None:
    if not (run / STATUS).exists() and not (run / CLAIM).exists():
        raise InputError(f"{run} is not a neuplug run folder: name one, such as runs/compose/NAME.")


@contextmanager
def showing() -> Iterator[Show]:
    """Shows events on standard error: bars on a terminal, else lines."""
    shown = _Display(make_console(stderr=True))
    with shown.bars:
        yield shown.show


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


class _Display:
    """Keeps what is known of a round's tasks, and shows it."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bars = Progress(
            TextColumn("{task.description}", markup=False),  # a class may be called [b] or :x:
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.bar = self.bars.add_task("reading the data", total=None, left="")
        self.started = self.said = time.monotonic()
        self.work = TimeLeft()
        self.until = ""
        self.notes: dict[str, str] = {}  # of the tasks that are going on

    def show(self, event: events.AnyEvent) -> None:
        """Take in an event."""
        now = event.time or time.time()
        known = self.work.tasks.get(getattr(event, "key", ""))
        label = known.label if known else ""
        match event:
            case events.Said():
                self.say(event.text)
            case events.Planned():
                self.work.begin(event.tasks)
                self.notes.clear()
                self.until = f" until {event.until}" if event.until else ""
                self.bars.reset(self.bar, total=1.0)
                if self.bars.disable and event.tasks:
                    self.say(f"{len(event.tasks)} tasks to do{self.until}")
            case events.TaskStarted() if known:
                self.work.take(event.key, 0.0, now)
            case events.TaskProgress() if known:
                self.notes[event.key] = f"{label} {event.fraction:4.0%} {event.note}"
                self.work.take(event.key, event.fraction, now)
            case events.TaskDone() if known:
                self.notes.pop(event.key, None)
                self.work.take(event.key, 1.0, now)
            case events.TaskFailed() if known and event.missing is None:
                self.give_up(event.key, f"{label} failed: {event.message}")
            case events.TaskLost() if known:
                why = f"the worker process for {label} died ({event.message})."
                self.give_up(event.key, why)
        self.refresh()

    def give_up(self, key: str, why: str) -> None:
        """Tell why a task is not going on."""
        self.notes.pop(key, None)
        self.work.forget(key)
        self.say(why)

    def refresh(self) -> None:
        """Show the new state now and then: what is left is a sum over all tasks."""
        now = time.monotonic()
        often = PLAIN_SECONDS if self.bars.disable else BAR_SECONDS
        if now - self.said < often or not self.work.round:
            return
        self.said = now
        done = sum(self.work.fractions.get(key, 0) >= 1 for key in self.work.round)
        counted = f"{done}/{len(self.work.round)} tasks"
        seconds, began = self.work.left, self.work.done >= ENOUGH
        if seconds is not None and not began and now - self.started > seconds:
            seconds = None  # what is overdue before it has begun says nothing
        left = "" if seconds is None else f"about {duration(seconds)} left{self.until}"
        if not self.bars.disable:
            notes = list(self.notes.values())
            going_on = notes[0] if len(notes) == 1 else f"{len(notes)} tasks" if notes else ""
            about = f"{counted}  {going_on}"
            self.bars.update(self.bar, completed=self.work.done, description=about, left=left)
        else:
            parts = [counted, f"{self.work.done:.0%}", duration(now - self.started), left]
            self.say(", ".join(filter(None, parts)))

    def say(self, sentence: str) -> None:
        """Print a line, above the bars."""
        self.console.print(sentence)


def duration(seconds: float) -> str:
    """``40 s``, ``5 min`` or ``3.2 h``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
