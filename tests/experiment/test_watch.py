"""A run seen, stopped and taken on by other processes, from its folder alone."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from neuplug_tests.commands import Command, start

from neuplug.cli import main
from neuplug.experiment import events
from neuplug.experiment.claim import RunClaim, read_status, running
from neuplug.storage.atomic import unfinished_name

Log = Callable[[], list[dict[str, Any]]]
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


def test_one_runs_another_watches_and_stops_it_and_a_third_goes_on(
    terminal: Terminals, run: Path, lab: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    first = terminal.compose(*SLOW)
    wait_for(lambda: any(e["what"] == "step" for e in lab()), first)
    watching = terminal("watch", str(run), "--json")
    wait_for(lambda: (run / "events.jsonl").read_text().count('"progress"') > 1, first)
    assert str(first.pid) in running(run)
    assert main(["stop", str(run)]) == 0
    assert "run the same command again to resume" in capsys.readouterr().out
    text, _ = first.communicate()
    assert first.returncode == 130 and "Traceback" not in text, text
    seen, _ = watching.communicate()
    found = [json.loads(line) for line in seen.splitlines()]
    assert watching.returncode == 0
    assert {"run-started", "planned", "started", "progress", "run-ended"} <= {
        e["event"] for e in found
    }
    assert found[-1]["state"] == "stopped"
    status = read_status(run)
    assert status is not None and status.state == "stopped" and not running(run)
    assert main(["stop", str(run)]) == 0
    assert "nothing to stop" in capsys.readouterr().out

    third = terminal.compose(*SLOW)
    third.communicate()
    assert third.returncode == 0
    steps = [(e["name"], e["step"]) for e in lab() if e["what"] == "step"]
    assert len(steps) <= len(set(steps)) + 1  # it went on where it was
    assert main(["watch", str(run)]) == 0
    assert "finished" in capsys.readouterr().out


def test_the_same_question_joins_and_another_is_refused(
    terminal: Terminals, run: Path, lab: Log
) -> None:
    first = terminal.compose(*SLOW)
    wait_for(lambda: any(e["what"] == "step" for e in lab()), first)
    joining = terminal.compose(*SLOW)
    other = terminal.compose(*SLOW, "--seed", "5")
    text, _ = other.communicate()
    assert other.returncode == 2
    assert f"is being written by process {first.pid}" in text and "another --name" in text
    assert joining.poll() is None and first.poll() is None
    first.kill()  # whoever waits takes over
    said, _ = joining.communicate()
    assert joining.returncode == 0, said
    assert "another process is working on" in said
    steps = [(e["name"], e["step"]) for e in lab() if e["what"] == "step"]
    assert len(steps) <= len(set(steps)) + 1


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        *(pytest.param(n, marks=pytest.mark.slow) for n in (signal.SIGHUP, signal.SIGINT)),
    ],
)
def test_signals_stop_cleanly(
    terminal: Terminals, run: Path, lab: Log, number: signal.Signals
) -> None:
    process = terminal.compose(*SLOW)
    wait_for(lambda: any(e["what"] == "step" for e in lab()), process)
    process.send_signal(number)
    text, _ = process.communicate()
    assert process.returncode == 128 + number
    assert "run the same command again to resume" in text and "Traceback" not in text
    store = Path(os.environ["NEUPLUG_CACHE"]) / "store"
    assert not list(store.glob(".*-*"))
    assert not list((store / "claims").iterdir())


def test_a_task_whose_worker_is_lost_is_tried_again(
    terminal: Terminals, run: Path, lab: Log
) -> None:
    process = terminal.compose(*SLOW, "--workers", "1")
    wait_for(lambda: any(e["what"] == "step" for e in lab()), process)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    text, _ = process.communicate()
    assert process.returncode == 0, text
    found = [events.read_event(line) for line in (run / "events.jsonl").read_text().splitlines()]
    assert any(isinstance(event, events.TaskLost) for event in found)
    assert "died (exit code -9)" in text


def test_many_who_claim_one_folder_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Whoever gets it clears what the dead have left, and nothing of those who still try."""
    folder, got, inside, troubles = tmp_path / "run", [], [], []
    (tmp_path / "run").mkdir()
    left = folder / unfinished_name()

    def claim() -> None:
        try:
            for _ in range(40):
                if (mine := RunClaim.take(folder, "question")) is not None:
                    got.append(mine)
                    inside.append(mine)
                    assert inside == [mine]
                    time.sleep(0.001)
                    inside.remove(mine)
                    mine.end("stopped")
        except (Exception, AssertionError) as error:
            troubles.append(error)

    first = RunClaim.take(folder, "question")
    assert first is not None
    left.write_text("of one that is gone")
    first.end("stopped")
    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not troubles, troubles
    assert got
    assert [path.name for path in folder.iterdir()] == ["status.json"]


def test_a_torn_line_and_a_foreign_one_are_left_out(tmp_path: Path) -> None:
    log = events.EventLog(tmp_path)
    log.say("first")
    log.close()
    with (tmp_path / events.FILE).open("a") as file:
        file.write('{"format":99,"event":"of the future"}\n{"seq":2,"event":"sa')
    log = events.EventLog(tmp_path)
    log.say("second")
    log.close()
    found = list(events.follow(tmp_path, lambda: True))
    assert [(e.seq, e.text) for e in found if isinstance(e, events.Said)] == [
        (1, "first"),
        (2, "second"),
    ]


@pytest.mark.parametrize("command", ["watch", "stop"])
def test_what_is_no_run_is_refused(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, str(tmp_path)]) == 2
    assert "is not a neuplug run folder" in capsys.readouterr().err
