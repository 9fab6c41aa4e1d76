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
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from neuplug.errors import InputError
from neuplug.experiment import events
from neuplug.experiment.claim import CLAIM, STATUS, ask_to_stop, read_status, running

# About how long tasks take beside each other, for the time left
WEIGHTS = {"fit": 30.0, "train": 20.0, "evaluate": 5.0, "sample": 0.3, "augment": 0.3}

PLAIN_SECONDS = 15.0

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
        typer.echo(f"{run}: {state}")


def stop(run: RunFolder) -> None:
    """Stop a run.

    The same compose command resumes it.
    """
    _refuse_unknown(run)
    worker = running(run)
    if not worker:
        typer.echo(f"{run}: nothing to stop: no process is working on it")
        return
    ask_to_stop(run)
    while running(run):
        time.sleep(events.POLL_SECONDS)
    typer.echo(f"{run}: {worker} has stopped; run the same command again to resume")


def _refuse_unknown(run: Path) -> None:
    if not (run / STATUS).exists() and not (run / CLAIM).exists():
        raise InputError(f"{run} is not a neuplug run folder: name one, such as runs/compose/NAME.")


@contextmanager
def showing() -> Iterator[Show]:
    """Shows events on standard error: bars on a terminal, else lines."""
    shown = _Display(Console(emoji=False, stderr=True))
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
    """Keeps how much of a round's weighted work is done, and shows it."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bars = Progress(
            TextColumn("{task.description}", markup=False),  # a class may be called [b] or :x:
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.bar = self.bars.add_task("reading the data", total=None)
        self.started = self.said = time.monotonic()
        self.tasks: dict[str, events.TaskInfo] = {}
        self.begin(())

    def begin(self, tasks: tuple[events.TaskInfo, ...]) -> None:
        """Begin a round."""
        self.tasks |= {task.key: task for task in tasks}
        self.count, self.total = len(tasks), sum(map(_weight, tasks))
        # how far each task is, and what is said of it while it goes on
        self.states: dict[str, tuple[float, str]] = {}

    def show(self, event: events.AnyEvent) -> None:
        """Take in an event."""
        match event:
            case events.Said():
                self.say(event.text)
            case events.Planned():
                self.begin(event.tasks)
                self.bars.reset(self.bar, total=self.total or 1)
                if self.bars.disable and self.count:
                    self.say(f"{self.count} tasks to do")
            case events.TaskProgress() if event.key in self.tasks:
                note = f"{self.tasks[event.key].label} {event.fraction:4.0%} {event.note}"
                self.states[event.key] = (event.fraction, note)
            case events.TaskDone() if event.key in self.tasks:
                self.states[event.key] = (1.0, "")
            case events.TaskFailed() if event.key in self.tasks and event.missing is None:
                self.give_up(event.key, f"{self.tasks[event.key].label} failed: {event.message}")
            case events.TaskLost() if event.key in self.tasks:
                label = self.tasks[event.key].label
                what = f"the worker process for {label} died ({event.message})."
                self.give_up(event.key, what)
        self.refresh()

    def give_up(self, key: str, why: str) -> None:
        """Tell why a task is not going on."""
        self.states.pop(key, None)
        self.say(why)

    def refresh(self) -> None:
        """Show the new state; where there are no bars, now and then."""
        done = sum(_weight(self.tasks[key]) * part for key, (part, _) in self.states.items())
        notes = [note for _, note in self.states.values() if note]
        counted = f"{len(self.states) - len(notes)}/{self.count} tasks"
        if not self.bars.disable:
            going_on = notes[0] if len(notes) == 1 else f"{len(notes)} tasks" if notes else ""
            self.bars.update(self.bar, completed=done, description=f"{counted}  {going_on}")
        elif (now := time.monotonic()) - self.said >= PLAIN_SECONDS:
            self.said, spent = now, now - self.started
            part = done / self.total if self.total else 1.0
            left = f", about {spent * (1 - part) / part:.0f} s left" if part > 0.02 else ""
            self.say(f"{counted}, {part:.0%}, {spent:.0f} s{left}")

    def say(self, sentence: str) -> None:
        """Print a line, above the bars."""
        self.console.print(sentence, highlight=False, markup=False)


def _weight(task: events.TaskInfo) -> float:
    return WEIGHTS.get(task.kind, 1.0)
