"""Run folders, stores and settings of somebody who means harm: they are read, and run nothing."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from neuplug_tests.pages import attacks

import neuplug
from neuplug.cli import main
from neuplug.storage.files import write_checked

SCRIPT = "<script>alert(1)</script>"
CLEAR = "\x1b[2J\rneuplug: error: all is lost"
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">{SCRIPT}</svg>'


class Mark:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


@pytest.fixture
def payload(tmp_path: Path) -> bytes:
    """A pickle that makes the folder ``mark``, as it does here once."""
    content = pickle.dumps(Mark(tmp_path / "mark"))
    pickle.loads(content)
    (tmp_path / "mark").rmdir()
    return content


def printed(capfd: pytest.CaptureFixture[str]) -> str:
    captured = capfd.readouterr()
    text = captured.out + captured.err
    assert [line for line in text.split("\n") if not line.isprintable()] == []
    assert "\nneuplug: error: all is lost" not in text
    return text


def test_a_run_folder_runs_nothing(
    ask: Any, payload: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    result = ask(aug=["jitter"], add=2, repeats=1, eval=["brightness"], report=True,
                 reporter=["html"])  # fmt: skip
    run = result.folder
    (tmp_path / "secret.svg").write_text(SVG)
    (run / "evaluations").mkdir(exist_ok=True)
    (run / "evaluations" / "x.svg").write_text(SVG)
    text = (run / "results.json").read_text("utf-8")
    for name in ("standing", "lying"):
        text = text.replace(f'"{name}"', json.dumps(f"{name} {SCRIPT} {CLEAR}"))
    content = json.loads(text)
    content["warnings"] = [f"{SCRIPT} {CLEAR}"]
    for entry in content["evaluations"]:
        entry["figures"] = ["evaluations/x.svg", "../../secret.svg", str(tmp_path / "secret.svg")]
    (run / "results.json").write_text(json.dumps(content), "utf-8")
    pictures = json.loads((run / "samples" / "pictures.json").read_text("utf-8"))
    pictures["pictures"][0] |= {"title": f"{SCRIPT} {CLEAR}", "file": "../../secret.svg"}
    (run / "samples" / "pictures.json").write_text(json.dumps(pictures), "utf-8")
    status = json.loads((run / "status.json").read_text("utf-8"))
    (run / "status.json").write_text(json.dumps(status | {"host": CLEAR, "state": "running"}))
    with (run / "events.jsonl").open("ab") as events:
        events.write(json.dumps({"event": "said", "text": f"{SCRIPT} {CLEAR}"}).encode() + b"\n")
        events.write(payload + b"\n")
    (run / "curves.pickle").write_bytes(payload)

    assert main(["report", str(run)]) == 0, printed(capfd)
    assert r"\x1b[2J" in printed(capfd)
    source = (run / "report.html").read_text("utf-8")
    assert attacks(source) == [] and "&lt;script&gt;" in source
    shown = [part.partition(";base64,")[0] for part in source.split("data:")[1:]]
    assert "image/svg+xml" in shown and source.count("image/svg+xml") == 1  # x.svg, as an image
    assert main(["watch", str(run)]) == 0
    assert r"\x1b[2J\rneuplug: error" in printed(capfd)

    settings = (run / "config.yaml").read_text("utf-8")
    planted = f"name: !!python/object/apply:os.mkdir ['{tmp_path / 'mark'}']"
    (run / "config.yaml").write_text(settings.replace("seed: 0", f"seed: 0\n{planted}"))
    assert main(["compose", str(run / "config.yaml"), "--dry-run"]) == 2
    assert "could not determine a constructor" in printed(capfd)
    assert not (tmp_path / "mark").exists()


def test_a_store_runs_nothing_even_where_the_hashes_are_right(
    ask: Any, payload: bytes, tmp_path: Path
) -> None:
    first = ask(aug=["jitter"], repeats=1)
    store = Path(os.environ["NEUPLUG_CACHE"])
    files = [p for p in store.rglob("*") if p.is_file() and p.suffix != ".lock"]
    assert len(files) > 5
    for file in files:
        write_checked(file, payload)  # behind its own hash, as the seals of results are
    (first.folder / "results.json").write_bytes(payload)
    again = ask(aug=["jitter"], repeats=1)
    assert [c.test for c in again.results.cells] == [c.test for c in first.results.cells]
    assert not (tmp_path / "mark").exists()


def test_a_table_of_images_runs_nothing(tmp_path: Path, payload: bytes) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "0.png").write_bytes(payload)
    (tmp_path / "a" / "1.npy").write_bytes(payload)
    (tmp_path / "set.csv").write_text("path,label\na/0.png,=cmd|' /C calc'!A0\n", "utf-8")
    with pytest.raises(neuplug.InputError):
        neuplug.load_dataset(tmp_path / "set.csv")
    assert not (tmp_path / "mark").exists()
