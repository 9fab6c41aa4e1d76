"""What is known about a set besides its images."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from neuplug.data.dataset import load_dataset
from neuplug.data.report import DataReport


def test_duplicates_and_conflicts(class_folders: Path) -> None:
    shutil.copy(class_folders / "ant" / "1.png", class_folders / "ant" / "8.png")
    Image.open(class_folders / "ant" / "2.png").convert("RGB").save(class_folders / "cow" / "9.bmp")
    dataset = load_dataset(class_folders)
    assert dataset.report.exact == (("ant/1.png", "ant/8.png"), ("ant/2.png", "cow/9.bmp"))
    assert dataset.report.conflicts == (("ant/2.png", "cow/9.bmp"),)
    groups = dict(zip(dataset.images.ids, dataset.groups, strict=True))
    assert groups["ant/8.png"] == groups["ant/1.png"] == "ant/1.png"
    assert groups["cow/9.bmp"] == groups["ant/2.png"]
    assert len(set(dataset.groups)) == len(dataset) - 2
    assert dataset.report.near == ()  # exact ones are not named twice
    assert "ant/2.png = cow/9.bmp" in dataset.report.warnings()[0]


def test_near_duplicates_are_bound_and_said(class_folders: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 200, (30, 40), dtype=np.uint8)
    Image.fromarray(noise).save(class_folders / "ant" / "x.png")
    Image.fromarray(noise[:, ::-1] + 20).save(class_folders / "cow" / "y.jpg", quality=85)
    dataset = load_dataset(class_folders, imgsz=(10, 12))
    assert [pair[:2] for pair in dataset.report.near or ()] == [("ant/x.png", "cow/y.jpg")]
    groups = dict(zip(dataset.images.ids, dataset.groups, strict=True))
    assert groups["cow/y.jpg"] == groups["ant/x.png"] == "ant/x.png"
    assert len(set(dataset.groups)) == len(dataset) - 1
    (warning,) = dataset.report.warnings()
    assert warning.startswith("1 pair of images shows the same")
    assert warning.endswith("no split divides them: ant/x.png ~ cow/y.jpg.")
    assert load_dataset(class_folders, imgsz=(32, 32)).groups == dataset.groups


def test_a_crowd_of_look_alikes_is_said(class_folders: Path) -> None:
    rng = np.random.default_rng(0)
    one = rng.integers(60, 190, (40, 40))
    for number in range(40):
        alike = (one + rng.normal(0, 8, one.shape)).clip(0, 255).astype(np.uint8)
        Image.fromarray(alike).save(class_folders / "cow" / f"video{number}.png")
    report = load_dataset(class_folders).report
    assert (report.near, report.crowded) == ((), 40)
    assert "40 image(s) look much like another one" in report.warnings()[0]
    assert "one object, series or video, group those that belong together" in report.warnings()[0]
    grouped = class_folders / "cow" / "group=video"
    grouped.mkdir()
    for path in class_folders.glob("cow/video*.png"):
        path.rename(grouped / path.name)
    assert load_dataset(class_folders).report.crowded == 0


def test_report_as_json(class_folders: Path) -> None:
    (class_folders / "ant" / "bad.png").write_bytes(b"x")
    shutil.copy(class_folders / "ant" / "1.png", class_folders / "cow" / "8.png")
    report = load_dataset(class_folders).report
    assert DataReport.model_validate(json.loads(report.model_dump_json())) == report
