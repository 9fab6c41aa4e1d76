"""A run seen, stopped and taken on by other processes, from its folder alone."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from neuplug_tests.lab import Log
from neuplug_tests.terminals import SLOW, Terminals, wait_for

from neuplug.cli import main
from neuplug.experiment.claim import read_status, running
from neuplug.storage.files import is_unfinished


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
    assert not [path for path in store.iterdir() if is_unfinished(path)]
    assert not list((store / "claims").iterdir())


@pytest.mark.parametrize("command", ["watch", "stop"])
def test_what_is_no_run_is_refused(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, str(tmp_path)]) == 2
    assert "is not a neuplug run folder" in capsys.readouterr().err
