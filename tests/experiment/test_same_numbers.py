"""A run's numbers follow from what is asked alone, not from where, how or beside what it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import torch

ASK = """
import json, sys, threading
import torch, neuplug
sys.path.insert(0, {tests!r})
from neuplug_tests.bars import draw_bars

def ask():
    result = neuplug.compose(
        draw_bars(40, 0, neuplug.ImageSet), aug=["jitter@add=4", "invert"],
        clf=["linear", "dropping"], per_class=6, repeats=2, report=False,
        project={project!r}, name="run", workers={workers},
        training={{"steps": 12, "batch": 4}},
    )
    found.append([result.folder.joinpath("results.csv").read_text(), result.folder])

found = []
if {thread}:
    over = threading.Event()

    def disturb():
        while not over.is_set():
            torch.manual_seed(7)
            torch.rand(1000)

    other = threading.Thread(target=disturb)
    other.start()
    asking = threading.Thread(target=ask)
    asking.start()
    asking.join()
    over.set()
    other.join()
else:
    ask()
assert found
"""


def numbers(
    place: Path, environment: dict[str, str], thread: bool = False, workers: int = 1
) -> Any:
    """The results of a run in a process of its own, without times."""
    place.mkdir()
    tests = str(Path(__file__).parents[1] / "shared")
    script = ASK.format(tests=tests, project=str(place / "runs"), thread=thread, workers=workers)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"NEUPLUG_CACHE": str(place / "cache")} | environment,
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((place / "runs" / "run" / "results.json").read_text("utf-8"))
    kept = ("arm", "classifier", "repeat", "key", "test")
    return [{name: cell[name] for name in kept} for cell in found["cells"]]


FEW: list[dict[str, Any]] = [
    {"environment": {"LC_ALL": "C", "TZ": "Asia/Tokyo", "LANG": "C"}, "workers": 0, "thread": True},
]
MANY: list[dict[str, Any]] = [
    {"environment": {"PYTHONHASHSEED": "5", "OMP_NUM_THREADS": "2"}, "workers": 1},
    {"environment": {}, "workers": 2},
    {"environment": {"PYTHONHASHSEED": "7"}, "workers": 4},
    {"environment": {}, "workers": 2, "thread": True},
]


@pytest.mark.parametrize("settings", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
def test_where_how_and_beside_what(
    lab: Any, tmp_path: Path, settings: list[dict[str, Any]]
) -> None:
    expected = numbers(tmp_path / "plain", {}, workers=0)
    for number, setting in enumerate(settings):
        assert numbers(tmp_path / str(number), **setting) == expected, setting


def test_two_in_threads_of_one_process(ask: Any) -> None:
    found: dict[str, Any] = {}

    def run(name: str, seed: int) -> None:
        result = ask(
            aug=["jitter"], clf=["dropping"], name=name, seed=seed, report=False, workers=0
        )
        found[name] = result.mean("jitter", "dropping", "loss")

    threads = [threading.Thread(target=run, args=(f"run{i}", i % 2)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found["run0"] == found["run2"] and found["run1"] == found["run3"]
    assert found["run0"] != found["run1"]


@pytest.fixture(autouse=True)
def one_thread_is_no_setting_of_ours() -> Any:
    """Runs leave torch as it was."""
    before = torch.get_num_threads(), torch.get_rng_state()
    yield
    assert torch.get_num_threads() == before[0] and torch.equal(torch.get_rng_state(), before[1])
