"""The tables of a run, and ``--save-generated`` with names that mean something to a disk."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import neuplug
from neuplug import ImageSet
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


def test_what_was_saved_is_a_data_set(manifest: Path, tmp_path: Path, lab: object) -> None:
    asked = ["compose", "--data", str(manifest), *COMPONENTS[:2], "--clf", "linear"]
    asked += ["--per-class", "2", "--imgsz", "16", "--steps", "2", "--repeats", "1"]
    asked += ["--workers", "0", "--name", "run", "--save-generated"]
    assert main([*asked, "--project", str(tmp_path / "runs")]) == 0
    saved = neuplug.load_dataset(tmp_path / "runs" / "run" / "generated" / "manifest.csv")
    assert saved.images.counts() == dict.fromkeys(saved.images.classes, 2)
    assert len(saved.images.classes) == len(CLASSES)


def test_the_predictions_are_those_that_were_scored(ask: Any, bars: ImageSet) -> None:
    result = ask(aug=["jitter"], add=3)
    with (result.folder / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    known = dict(zip(bars.ids, bars.labels.tolist(), strict=True))
    for cell in result.results.cells:
        where = (cell.arm, cell.classifier, str(cell.repeat))
        own = [r for r in rows if (r["arm"], r["classifier"], r["repeat"]) == where]
        assert len(own) == len({r["image"] for r in own}) == cell.test_images
        confusion = Counter((r["class"], r["predicted"]) for r in own)
        names = bars.classes
        assert cell.test.confusion == tuple(
            tuple(confusion[true, predicted] for predicted in names) for true in names
        )
        for row in own:
            assert row["class"] == names[known[row["image"]]]
            shares = {name: float(row[f"p({name})"]) for name in names}
            assert max(shares, key=shares.__getitem__) == row["predicted"]
            assert abs(sum(shares.values()) - 1) < 1e-5
    assert len(rows) == sum(cell.test_images for cell in result.results.cells)


def test_the_manifest_names_the_origin_of_every_image(ask: Any, bars: ImageSet) -> None:
    result = ask(aug=["invert+jitter", "jitter"], add=3)
    with (result.folder / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    first = [r for r in rows if r["repeat"] == "0" and r["arm"] in ("none", "all")]
    assert sorted(r["id"] for r in first) == sorted(bars.ids)
    assert Counter(r["split"] for r in first) == {"train": 12, "test": 28}
    chained = [r for r in rows if r["repeat"] == "1" and r["arm"] == "invert+jitter"]
    assert Counter(r["origin"] for r in chained) == {"real": 12, "invert": 6, "jitter": 6}
    assert len({r["id"] for r in chained}) == len(chained)
    train = {r["id"] for r in chained if r["origin"] == "real"}
    for row in chained:
        if row["origin"] == "invert":
            assert row["parent"] in train
        elif row["origin"] == "jitter":
            assert row["parent"].startswith("generator ")
