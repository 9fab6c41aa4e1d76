"""Commands that go on in processes of their own while a test does other things."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .commands import Command, start
from .lab import Log

SLOW = ("--set", "jitter.steps=150", "--set", "jitter.pause=0.02")


class Terminals:
    """Commands that go on while the test does other things."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened: list[Command] = []

    def __call__(self, *words: str) -> Command:
        self.opened.append(start(*words, folder=self.folder))
        return self.opened[-1]

    def compose(self, *words: str) -> Command:
        return self(
            "compose", "--aug", "jitter", "--clf", "linear", "--repeats", "1", "--steps", "5",
            "--classes", "crazing,patches", "--imgsz", "28", "--per-class", "6", "--workers", "0",
            "--name", "run", "--no-report", *words,
        )  # fmt: skip


@pytest.fixture
def terminal(lab: Log, tmp_path: Path) -> Iterator[Terminals]:
    terminals = Terminals(tmp_path)
    yield terminals
    for process in terminals.opened:
        process.kill()
        process.wait()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "compose" / "run"


def wait_for(what: Callable[[], Any], *processes: Command) -> None:
    """Wait until something is so, as long as these go on."""
    while not what():
        for process in processes:
            assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
