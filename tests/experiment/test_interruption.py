"""Killed at any moment, the same command goes on without doing anything twice."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from neuplug_tests.commands import Command, start
from neuplug_tests.lab import Log

WORDS = [
    "compose", "--aug", "jitter", "--clf", "linear", "--repeats", "2", "--steps", "5",
    "--classes", "crazing,patches", "--imgsz", "28", "--per-class", "5", "--name", "run",
    "--set", "jitter.steps=10", "--set", "jitter.pause=0.1", "--no-report",
]  # fmt: skip


def begin(folder: Path, *words: str) -> Command:
    return start(*WORDS, *words, folder=folder)


def outcome(folder: Path) -> list[Any]:
    content = json.loads((folder / "runs/compose/run/results.json").read_text("utf-8"))
    return [(c["arm"], c["repeat"], c["test"]) for c in content["cells"]]


@pytest.mark.parametrize(
    ("workers", "tries"),
    [
        pytest.param("0", 1, marks=pytest.mark.slow),
        pytest.param("2", 3, marks=pytest.mark.slow),
    ],
)
def test_sigkill_at_any_moment(
    workers: str, tries: int, lab: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUPLUG_CACHE", str(tmp_path / "whole-cache"))
    whole = tmp_path / "whole"
    whole.mkdir()
    process = begin(whole, "--workers", workers)
    text, _ = process.communicate()
    assert process.returncode == 0, text
    Path(os.environ["LAB_LOG"]).unlink()

    monkeypatch.setenv("NEUPLUG_CACHE", str(tmp_path / "killed-cache"))
    killed = tmp_path / "killed"
    killed.mkdir()
    moments = random.Random(int(workers))
    kills = 0
    for _ in range(tries):
        process = begin(killed, "--workers", workers)
        begun = len(lab())
        while process.poll() is None and len(lab()) < begun + 3:
            time.sleep(0.02)  # until the generators are at work
        time.sleep(moments.uniform(0.0, 1.5))
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        time.sleep(0.3)  # for its workers to notice
    if process.returncode != 0:
        process = begin(killed, "--workers", workers)
    text, _ = process.communicate()
    assert process.returncode == 0, text
    assert kills >= 1
    assert outcome(killed) == outcome(whole)
    # 4 fits of 10 steps; a kill repeats at most the step at work, once for each worker
    steps = Counter((e["name"], e["step"]) for e in lab() if e["what"] == "step")
    assert len(steps) == 4 * 10
    assert sum(steps.values()) <= 4 * 10 + kills * max(1, int(workers))
    assert any(e["start"] > 0 for e in lab() if e["what"] == "fit")


def test_workers_die_with_the_command(lab: Log, tmp_path: Path) -> None:
    process = begin(tmp_path, "--workers", "2", "--set", "jitter.steps=2000")
    while not any(e["what"] == "step" for e in lab()):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    process.kill()
    process.wait()
    time.sleep(1.0)
    before = len(lab())
    time.sleep(1.0)
    assert len(lab()) == before


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(lab: Log, tmp_path: Path) -> None:
    process = begin(tmp_path, "--workers", "2", "--set", "jitter.steps=2000")
    while not any(e["what"] == "step" for e in lab()):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate()
    assert process.returncode == 130
    assert "run the same command again to resume" in text and "Traceback" not in text
