"""``--save-generated`` with classes and arms of names that mean something to a file system."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest
from PIL import Image

from neuplug.cli import main

CLASSES = ["..", ".", "../../up", "a/b", "a_b", "A_B", "con", "nul.x", "rust.", "\\", "ü" * 127]
COMPONENTS = ["--aug", "jitter@add=2", "--aug", "J_x: jitter@add=1", "--aug", "j/x: jitter@add=1"]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Four images for each class, under harmless names."""
    folder = tmp_path / "set"
    folder.mkdir()
    with (folder / "set.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label"])
        for number in range(4 * len(CLASSES)):
            Image.effect_noise((16, 16), 60).save(folder / f"{number}.png")
            rows.writerow([f"{number}.png", CLASSES[number % len(CLASSES)]])
    return folder / "set.csv"


def test_every_class_has_its_own_folder_within_its_arm(
    manifest: Path, tmp_path: Path, lab: object, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {p for p in tmp_path.rglob("*")}
    asked = ["compose", "--data", str(manifest), *COMPONENTS, "--clf", "linear", "--per-class", "2"]
    asked += ["--imgsz", "16", "--steps", "2", "--repeats", "1", "--workers", "0", "--name", "run"]
    asked += ["--save-generated", "--project", str(tmp_path / "runs")]
    assert main(asked) == 0, capsys.readouterr().err
    run = tmp_path / "runs" / "run"
    assert (run / "verdicts.md").is_file()
    own = ("lab.log", "store")
    new = {p for p in tmp_path.rglob("*") if p not in before}
    new = {p for p in new if p.relative_to(tmp_path).parts[0] not in own}
    assert all(
        p == run.parent or p.is_relative_to(run)
        for p in new
        if p.relative_to(tmp_path).parts[0] not in ("lab.log", "store")
    )

    generated = run / "generated"
    folders = defaultdict(set)
    with (generated / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        parts = Path(row["path"]).parts
        assert len(parts) == 3 and ".." not in parts
        folders[row["arm"], row["label"]].add(str(Path(*parts[:2])).casefold())
    places = [place for found in folders.values() for place in found]
    assert len(places) == len(set(places)) == 3 * len(CLASSES)
    assert {label for _, label in folders} == {*CLASSES}
    saved = {p.relative_to(generated).as_posix() for p in generated.rglob("*.png")}
    assert saved == {row["path"] for row in rows} and len(saved) == len(rows)
    with (run / "manifest.csv").open(encoding="utf-8", newline="") as file:
        made = {row["id"] for row in csv.DictReader(file) if row["origin"] == "jitter"}
    assert {row["id"] for row in rows} == made


def test_what_was_saved_is_a_data_set(
    manifest: Path, tmp_path: Path, lab: object, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["compose", "--data", str(manifest), *COMPONENTS[:2], "--clf", "linear"]
    asked += ["--per-class", "2", "--imgsz", "16", "--steps", "2", "--repeats", "1"]
    asked += ["--workers", "0", "--name", "run", "--save-generated"]
    assert main([*asked, "--project", str(tmp_path / "runs")]) == 0
    capsys.readouterr()
    saved = tmp_path / "runs" / "run" / "generated" / "manifest.csv"
    assert main(["data", "show", str(saved)]) == 0
    assert f"{2 * len(CLASSES)} images in {len(CLASSES)} classes" in capsys.readouterr().out
