"""Work in processes of its own."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from neuplug_tests.commands import Command
from neuplug_tests.lab import Log
from neuplug_tests.terminals import SLOW, Terminals, wait_for

from neuplug import PluginError
from neuplug.experiment import events

CHECK = "'neuplug plugins check neuplug-lab'"


def test_worker_processes_find_the_same(ask: Any) -> None:
    alone = ask(aug=["jitter"], name="alone", repeats=2)
    cells = [(c.arm, c.repeat, c.test) for c in alone.results.cells]
    os.environ["NEUPLUG_CACHE"] += "-other"  # nothing is there yet; restored by the fixture
    socket.setdefaulttimeout(0.1)  # as programs do that download things
    try:
        crew = ask(aug=["jitter"], name="crew", repeats=2, workers=2)
    finally:
        socket.setdefaulttimeout(None)
    assert [(c.arm, c.repeat, c.test) for c in crew.results.cells] == cells


@pytest.mark.parametrize("workers", [0, 1])
def test_what_a_component_prints_forges_no_line(
    ask: Any, workers: int, capsys: pytest.CaptureFixture[str]
) -> None:
    result = ask(aug=["loud@add=1"], repeats=1, workers=workers)
    captured = capsys.readouterr()
    shown = captured.err if workers == 0 else (result.folder / "log.txt").read_text("utf-8")
    assert r"loud \x1b[2J\rneuplug: error: all is lost" in shown
    assert all(line.isprintable() for line in (shown + captured.out).split("\n"))


@pytest.mark.slow
def test_a_fit_that_ends_its_process_is_named(ask: Any) -> None:
    sentence = r"exit code -9\); if memory ran out, try --workers 1"
    with pytest.raises(
        PluginError,
        match=rf"curve of neuplug-lab 1\.0, died 3 times \({sentence}\. Run the same command",
    ):
        ask(aug=["curve"], repeats=1, workers=2, options={"curve": {"fault": "kill"}})
    with pytest.raises(PluginError, match=r"curve of neuplug-lab 1\.0 failed: .*exit"):
        ask(aug=["curve"], repeats=1, workers=2, options={"curve": {"fault": "exit"}})


def children(pid: int) -> list[int]:
    """The processes that a process has started or forked."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def at_work(terminal: Terminals, lab: Log) -> tuple[Command, int, int]:
    """A run in the middle of a task, the process that forks its workers, and its one worker."""
    process = terminal.compose(*SLOW, "--workers", "1")
    wait_for(lambda: any(e["what"] == "step" for e in lab()), process)
    (server,) = children(process.pid)
    (worker,) = children(server)
    return process, server, worker


def test_a_task_whose_worker_is_lost_is_tried_again(
    terminal: Terminals, run: Path, lab: Log
) -> None:
    process, _, worker = at_work(terminal, lab)
    os.kill(worker, signal.SIGKILL)
    text, _ = process.communicate()
    assert process.returncode == 0, text
    found = [events.read_event(line) for line in (run / "events.jsonl").read_text().splitlines()]
    assert any(isinstance(event, events.TaskLost) for event in found)
    assert "died (exit code -9)" in text


def test_workers_go_on_without_the_process_that_forked_them(
    terminal: Terminals, run: Path, lab: Log
) -> None:
    process, server, worker = at_work(terminal, lab)
    os.kill(server, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)  # its successor can no longer be forked
    text, _ = process.communicate()
    assert process.returncode == 0, text
    assert "died (exit code unknown)" in text


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_worker_whose_child_lives_on_is_missed(ask: Any, lab: Log) -> None:
    with pytest.raises(PluginError, match="died 3 times"):
        ask(aug=["leaving@add=2"], repeats=1, workers=1)
    left = [entry["pid"] for entry in lab() if entry["what"] == "left"]
    assert len(left) >= 3
    for pid in left:  # nobody has waited for it
        os.kill(pid, signal.SIGKILL)
