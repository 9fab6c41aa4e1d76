"""``neuplug compose --dry-run``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from neuplug_tests.lab import Log

from neuplug.cli import main


def test_dry_run_says_what_is_there_and_does_nothing(
    lab: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    monkeypatch.chdir(tmp_path)
    words = ["compose", "--aug", "jitter", "--clf", "linear", "--repeats", "2", "--steps", "3"]
    words += ["--classes", "crazing,patches", "--imgsz", "28", "--workers", "0"]
    assert main([*words, "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["tasks"]["fit"] == {"all": 4, "stored": 0}
    assert found["tasks"]["train"] == {"all": 4, "stored": 0}
    assert found["seconds"] is None
    assert not (tmp_path / "runs").exists() and lab() == []
    assert main([*words, "--quiet"]) == 0
    capsys.readouterr()
    assert main([*words, "--dry-run", "--json", "--repeats", "3"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["tasks"]["fit"] == {"all": 6, "stored": 4}
    assert found["seconds"] > 0
    assert main([*words, "--dry-run"]) == 0
    assert "all of it is in the store" in capsys.readouterr().out


def test_without_validation_the_plan_says_that_every_amount_is_tested(
    lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["compose", "--aug", "jitter", "--clf", "linear", "--imgsz", "28", "--dry-run"]
    words += ["--classes", "crazing,patches"]

    def said(*more: str) -> str:
        assert main([*words, *more]) == 0
        return " ".join(capsys.readouterr().out.split())

    assert "choose among the 3 amounts" in said("--share", "0,0.5,1", "--val", "0")
    found = json.loads(said("--add", "2,4", "--val", "0", "--json"))
    assert [w for w in found["warnings"] if "choose among the 2 amounts" in w]
    for quiet in (["--add", "2,4"], ["--add", "2,4", "--val", "0.3"], ["--add", "2", "--val", "0"]):
        assert "amounts" not in said(*quiet)


def test_what_is_made_of_the_files_is_said_and_recorded(
    lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """In the plan, in the log of the run and in its results."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for number in range(24):
        path = tmp_path / "PHOTOS" / "ab"[number % 2] / f"{number}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        stack = rng.integers(51000, 52200, (2, 16, 16)).astype(np.uint16)
        tifffile.imwrite(path, stack, photometric="minisblack")
    words = ["compose", "--data", "PHOTOS", "--clf", "linear", "--imgsz", "16", "--steps", "2"]
    words += ["--repeats", "1", "--workers", "0", "--near", "off", "--range", "51000,52200"]
    note = "51000 is black and 52200 is white in all of them (as --range says)"
    unused = "24 file(s) have 48 pages or frames; the first of each is used: a/0.tif"
    assert main([*words, "--dry-run"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert note in said and f"warning: {unused}" in said
    assert main([*words, "--name", "run"]) == 0
    capsys.readouterr()
    results = json.loads((tmp_path / "runs/compose/run/results.json").read_text("utf-8"))
    assert any(note in sentence for sentence in results["protocol"]["sentences"])
    assert any(unused in sentence for sentence in results["warnings"])
    log = " ".join((tmp_path / "runs/compose/run/log.txt").read_text("utf-8").split())
    assert note in log and unused in log
    assert main([*words[:-2], "--channels", "grey", "--dry-run"]) == 0
    assert "outliers and fill values apart" in " ".join(capsys.readouterr().out.split())
