"""Layouts, recipes and sections of a third party: each in use, and with its faults.

Reporters, executors and commands have tests of their own: ``test_reporters``, ``executors``,
``tests/cli``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import neuplug
from neuplug import InputError, PluginError

Ask = Callable[..., Any]


@pytest.fixture
def sheet(tmp_path: Path, bars: neuplug.ImageSet) -> Path:
    """The bars as files in one folder, which a third party's sheet sorts into classes."""
    folder = tmp_path / "PHOTOS"
    folder.mkdir()
    lines = []
    for number, (image, label) in enumerate(zip(bars.images, bars.labels, strict=True)):
        Image.fromarray(image[0].numpy()).save(folder / f"{number:02d}a.png")
        lines.append(f"{number:02d}a.png\t{bars.classes[int(label)]}\n")
    (folder / "sheet.tsv").write_text("".join(lines), "utf-8")
    return folder


def from_folder(folder: Path, **settings: Any) -> Any:
    return neuplug.compose(
        str(folder), clf=["linear"], per_class=6, repeats=1, workers=0, report=False, imgsz=28,
        project=folder.parent / "runs", training={"steps": 5, "batch": 4}, **settings,
    )  # fmt: skip


def test_a_run_on_images_that_a_layout_lists(lab: Any, sheet: Path) -> None:
    result = from_folder(sheet, aug=["mirror"])
    assert result.results.data.layout == "images named in sheet.tsv"
    assert result.results.data.counts == {"lying": 20, "standing": 20}


def test_a_layout_that_fails_is_named_and_the_others_are_asked(
    lab: Any, sheet: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (sheet / "torn.tsv").touch()
    data = neuplug.load_dataset(sheet, imgsz=28)
    assert data.report.layout == "images named in sheet.tsv"
    (sheet / "sheet.tsv").unlink()
    for number in range(40):
        (sheet / "ab"[number % 2]).mkdir(exist_ok=True)
        (sheet / f"{number:02d}a.png").rename(sheet / "ab"[number % 2] / f"{number}.png")
    caplog.clear()
    assert neuplug.load_dataset(sheet, imgsz=28).images.classes == ("a", "b")
    said = " ".join(record.getMessage() for record in caplog.records)
    assert "torn of neuplug-lab 1.0 failed: ValueError: half of the sheet is missing" in said
    assert "shredded of neuplug-lab 1.0 cannot be loaded" in said


def test_what_a_layout_wants_done_is_said(lab: Any, tmp_path: Path) -> None:
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "EMPTY" / "sheet.tsv").touch()
    with pytest.raises(InputError, match=r"sheet\.tsv is empty: write a line for each image"):
        neuplug.load_dataset(tmp_path / "EMPTY")


def test_a_recipe_runs_and_the_user_goes_before_it(lab: Any, sheet: Path) -> None:
    result = from_folder(sheet, recipe="sketch", budget="smoke", aug=["mirror"])
    config = result.results.config
    assert config["aug"] == ["mirror"] and config["repeats"] == 1
    assert config["training"]["steps"] == 5 and config["recipe"] == "sketch"


def test_a_name_of_a_recipe_that_another_plugin_offers_too_is_said(
    lab: Any, sheet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = sheet.parent / "site" / "acme_rival-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-rival\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[neuplug]\nplugin = acme_rival\n")
    (info.parent / "acme_rival.py").write_text(
        "import neuplug\n\n@neuplug.hookimpl\ndef neuplug_generators():\n"
        "    yield neuplug.Component('jitter', 'acme_rival:Nothing', 'another one')\n"
    )
    monkeypatch.syspath_prepend(str(info.parent))
    asked = {"recipe": "sketch", "budget": "smoke", "aug": ["neuplug-lab:jitter"]}
    warnings = from_folder(sheet, **asked).results.warnings
    both = r"jitter is that of neuplug-lab 1\.0, not of acme-rival 1\.0"
    assert [said for said in warnings if re.search(both, said)], warnings


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("blot", PluginError, r"recipe blot of neuplug-lab 1\.0 cannot be read from .*blot\.yaml"),
        ("lost", PluginError, r"recipe lost of neuplug-lab 1\.0 cannot be read from .*lost\.yaml"),
        ("sketsh", InputError, r"no recipe is called 'sketsh'.*sketch"),
    ],
)
def test_a_recipe_with_a_fault_is_named(
    lab: Any, sheet: Path, name: str, kind: type[Exception], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        from_folder(sheet, recipe=name, aug=["mirror"])
    assert from_folder(sheet, aug=["mirror"]).results.cells  # it breaks nothing else


def test_sections_stand_in_the_summary(ask: Ask) -> None:
    assert "Wages of each arm" in str(ask(aug=["mirror"]))


def test_a_section_that_fails_is_a_sentence_in_its_place(ask: Ask) -> None:
    said = " ".join(str(ask(aug=["mirror"], name="unpaid")).split())
    assert "unpaid of neuplug-lab 1.0 failed: ValueError: the till is empty" in said
    assert "Wages of each arm" in said
