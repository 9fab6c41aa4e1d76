"""A given split that leaks is refused or said in red; nothing learns from a test image."""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from neuplug_tests.lab import Log
from rich.console import Console

from neuplug import ImageSet, InputError
from neuplug.cli import main
from neuplug.experiment.summary.terminal import print_summary

from .leaking import SENTENCE, ask_of

pytestmark = pytest.mark.usefixtures("lab")


def test_a_given_split_that_leaks_is_refused(leaky: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        ask_of(leaky, tmp_path)
    message = str(caught.value)
    assert SENTENCE in message
    assert "test/b/23.png (test) and train/a/4.png (train) are nearly equal" in message
    assert "--resplit" in message and "--allow-leak" in message
    assert not (tmp_path / "runs").exists()


def test_it_goes_on_where_that_is_allowed_and_says_so_in_red(leaky: Path, tmp_path: Path) -> None:
    result = ask_of(leaky, tmp_path, allow_leak=True)
    content = result.results
    assert content.warnings[0].startswith(SENTENCE)
    assert content.leak == content.warnings[0]
    assert {c.test_images for c in content.cells} == {8}  # the split as it was given
    assert any("not clean" in s for s in content.protocol.sentences)
    text = io.StringIO()
    print_summary(content, Console(file=text, width=200, force_terminal=True))
    first = text.getvalue().splitlines()[0]
    assert first.startswith("\x1b[1;31m") and "The given split leaks" in first


def test_a_clean_split_and_one_drawn_anew_say_nothing(leaky: Path, tmp_path: Path) -> None:
    drawn = ask_of(leaky, tmp_path, resplit=True)
    (leaky / "test" / "b" / "23.png").unlink()
    for result in (drawn, ask_of(leaky, tmp_path)):
        assert result.results.leak is None
        assert not any("leak" in warning for warning in result.results.warnings)
        assert "given split leaks" not in str(result)


def test_what_is_said_of_the_pair_is_so(leaky: Path, tmp_path: Path) -> None:
    """It is kept on one side, but for a given split that may leak."""
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"resplit": True}, 1, "; no split divides them: "),
        ({"allow_leak": True}, 2, "; the given split may divide them: "),
    ]
    for settings, sides, sentence in cases:
        result = ask_of(leaky, tmp_path, **settings)
        with (result.folder / "manifest.csv").open() as file:
            rows = [row for row in csv.DictReader(file) if row["origin"] == "real"]
        for repeat in ("0", "1"):
            parts = {
                row["split"]
                for row in rows
                if row["repeat"] == repeat and row["id"] in ("train/a/4.png", "test/b/23.png")
            }
            assert len(parts & {"train", "test"}) == sides
        (said,) = [w for w in result.results.warnings if " the same" in w]
        assert sentence in said


def test_groups_that_cross_a_given_split_leak(leaky: Path, tmp_path: Path) -> None:
    (leaky / "test" / "b" / "23.png").unlink()
    for part, number in (("train", 0), ("test", 16)):
        place = leaky / part / "a" / "group=cow"
        place.mkdir()
        shutil.move(leaky / part / "a" / f"{number}.png", place)
    with pytest.raises(InputError, match=r"group=cow/16\.png \(test\) and .* are of one group"):
        ask_of(leaky, tmp_path)


def test_the_flags(leaky: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compose", "--data", str(leaky), "--clf", "linear", "--imgsz", "24", "--dry-run"]
    assert main([*words]) == 2
    assert SENTENCE in " ".join(capsys.readouterr().err.split())
    assert main([*words, "--allow-leak"]) == 0
    assert main([*words, "--resplit"]) == 0


def test_generators_and_augmenters_never_see_a_test_image(
    ask: Any, bars: ImageSet, lab: Log
) -> None:
    result = ask(aug=["jitter", "invert", "invert+jitter"], repeats=3)
    names = {
        identifier: hashlib.sha256(image.contiguous().numpy()).hexdigest()
        for identifier, image in zip(bars.ids, bars.images, strict=True)
    }
    with (result.folder / "manifest.csv").open() as file:
        rows = [r for r in csv.DictReader(file) if r["origin"] == "real"]
    train = [
        {names[r["id"]] for r in rows if r["repeat"] == str(i) and r["split"] == "train"}
        for i in range(3)
    ]
    fits = [e for e in lab() if e["what"] == "fit" and not e["name"].startswith("invert")]
    assert len(fits) == 2 * 2 * 3
    inverted = {
        hashlib.sha256((255 - image).contiguous().numpy()).hexdigest() for image in bars.images
    }
    for entry in fits:
        repeat = int(entry["name"].split("repeat ")[1].split(",")[0]) - 1
        seen = set(entry["images"]) - inverted
        assert seen and seen <= train[repeat]
    for entry in lab():
        if entry["what"] == "augment":
            assert any(set(entry["images"]) <= part for part in train)
