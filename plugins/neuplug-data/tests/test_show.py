"""``neuplug data show``."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
import typer
from neuplug_tests.drawing import Draw
from PIL import Image
from typer.testing import CliRunner

import neuplug
from neuplug import InputError
from neuplug_data import commands

pytestmark = pytest.mark.usefixtures("own_store")

app = typer.Typer()
app.command()(commands.show)


def show(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, list(map(str, arguments)))
    if result.exception is not None:
        raise result.exception
    return result.output


@pytest.fixture
def flawed(class_folders: Path, draw: Draw) -> Path:
    """Class folders with something of everything that is worth a word."""
    shutil.copy(class_folders / "ant" / "1.png", class_folders / "cow" / "8.png")
    draw(class_folders / "cow" / "[red]odd.png", seed=60, size=(80, 20), mode="RGB")
    for number in range(23):
        (class_folders / "Bee" / f"fake{number}.jpg").write_text("no picture")
    (class_folders / "notes.txt").touch()
    deep = np.arange(64, dtype=np.uint16).reshape(8, 8) * 64
    tifffile.imwrite(class_folders / "ant" / "deep.tif", deep)
    return class_folders


def test_everything_is_said(flawed: Path) -> None:
    output = show(flawed, "--imgsz", "16,24")
    assert "a folder of class folders" in output
    assert "18 images in 3 classes; decoded: RGB 16x24" in output
    for name, number in (("ant", 6), ("Bee", 5), ("cow", 7)):
        assert any(name in line and str(number) in line for line in output.splitlines())
    assert "sizes (HxW): 10x12 (16), 8x8 (1), 80x20 (1)" in output
    assert "modes: grey (16), grey 16 bit (1), RGB (1)" in output
    assert "1 image(s) have more than 8 bits (integers): 4 is black and 4028 is white" in output
    assert "groups that a split never divides: 17" in output
    assert "  1 file(s) (files of other kinds): notes.txt" in output
    assert "unreadable files: 23" in output
    assert "Bee/fake0.jpg: not a PNG" in output
    assert output.count("fake") == 23  # three in a sentence
    assert "… and 3 more" in output
    assert "exact duplicates: 1" in output
    assert "ant/1.png = cow/8.png" in output
    assert "of these with different labels: 1" in output
    assert "near duplicates: 0" in output


def test_how_pixels_are_made_is_asked_for_and_said(flawed: Path) -> None:
    more = [Image.new("L", (12, 10))] * 2
    Image.new("L", (12, 10), 9).save(
        flawed / "ant" / "stack.tif", save_all=True, append_images=more
    )
    output = show(flawed, "--range", "0,8064", "--channels", "grey")
    assert "0 is black and 8064 is white in all of them (as --range says)" in output
    assert "1 colour image(s) are turned into grey ones." in output
    assert "decoded: grey" in output
    assert "1 file(s) have 3 pages or frames; the first of each is used: ant/stack.tif." in output
    facts = json.loads(show(flawed, "--range", "full", "--channels", "rgb", "--json"))
    assert facts["ranges"] == {"uint16": [0, 65535]} and facts["channels"] == 3
    assert any("grey levels: give --range" in said for said in facts["unused"])
    with pytest.raises(InputError, match="--range 'dark': give LOW,HIGH"):
        show(flawed, "--range", "dark")
    (flawed / "ant" / "deep.tif").unlink()
    assert "--range is not used: no image has more than 8 bits." in show(flawed, "--range", "0,9")


def test_json(flawed: Path) -> None:
    facts = json.loads(show(flawed, "--json", "--crop"))
    assert facts["counts"] == {"ant": 6, "Bee": 5, "cow": 7}
    assert facts["imgsz"] == [64, 64]
    assert facts["channels"] == 3
    assert len(facts["skipped"]) == 23
    assert facts["exact"] == facts["conflicts"] == [["ant/1.png", "cow/8.png"]]
    assert facts["near"] == []
    assert facts["splits"] == {}
    assert facts["groups"] == 17


def test_given_splits_are_counted(tmp_path: Path, draw: Draw) -> None:
    for part, numbers in (("train", range(3)), ("test", range(3, 5))):
        for number in numbers:
            draw(tmp_path / part / "ant" / f"{number}.png", seed=number)
            draw(tmp_path / part / "bee" / f"{number}.png", seed=100 + number)
    facts = json.loads(show(tmp_path, "--json"))
    assert facts["splits"] == {"train": {"ant": 3, "bee": 3}, "test": {"ant": 2, "bee": 2}}
    assert "train" in show(tmp_path).splitlines()[3]


def test_near_duplicates_are_named(class_folders: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    Image.fromarray(noise).save(class_folders / "ant" / "x.png")
    Image.fromarray(noise[::-1]).save(class_folders / "ant" / "y.jpg", quality=85)
    assert re.search(r"ant/x\.png ~ ant/y\.jpg \(correlation [01]\.\d+\)", show(class_folders))


def test_a_leak_is_named(tmp_path: Path, draw: Draw) -> None:
    for number in range(12):
        part = "test" if number > 8 else "train"
        draw(tmp_path / part / "ab"[number % 2] / f"{number}.png", seed=number)
    shutil.copy(tmp_path / "train" / "a" / "4.png", tmp_path / "test" / "a" / "99.png")
    sentence = "The given split leaks: 1 of its 4 test and validation images"
    assert sentence in show(tmp_path)
    leaks = json.loads(show(tmp_path, "--json"))["leaks"]
    assert leaks == [["test/a/99.png", "train/a/4.png", "equal"]]


def test_names_that_are_no_text(class_folders: Path, draw: Draw) -> None:
    for number in range(5):
        odd = class_folders / "ant" / b"caf\xe9%d.png".decode("utf-8", "surrogateescape")
        Path(str(odd) % number).write_bytes(b"no picture")
    said = (
        r"5 name\(s\) are not in UTF-8.*: ant/caf\?0\.png, ant/caf\?1\.png, .* and 2 more. Rename"
    )
    with pytest.raises(InputError, match=said):
        show(class_folders)


def test_mistakes_are_sentences(flawed: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        show(flawed, "--strict")
    with pytest.raises(InputError, match="there is no file or folder"):
        show(tmp_path / "nothing")
    for text in ("sixty", "1,2,3", "-4", "", "64 64"):
        with pytest.raises(InputError, match="give H or H,W in pixels"):
            show(flawed, f"--imgsz={text}")
    with pytest.raises(InputError, match="at least 1 pixel"):
        show(flawed, "--imgsz", "0,5")


def test_the_demo_is_called_simulated() -> None:
    output = show("demo", "--imgsz", "32")
    assert "demo (simulated)" in output
    assert "These images are simulated" in output


def outside(data: Path) -> int:
    """How many files lead outside: refused by the command as by the library, unless followed."""
    with pytest.raises(InputError, match=r"leads to \d+ file") as caught:
        show(data)
    with pytest.raises(InputError, match="Give --follow to use them"):
        neuplug.load_dataset(data)
    assert "outside the folder of the data" in show(data, "--follow")
    number = re.search(r"leads to (\d+) file", str(caught.value))
    assert number
    return int(number[1])


def test_images_outside_the_data_are_refused_unless_asked_for(
    class_folders: Path, tmp_path: Path
) -> None:
    """Also where a folder was exchanged for a link after its images were decoded."""
    show(class_folders)
    linked = tmp_path / "linked"
    linked.symlink_to(class_folders)  # the way to the data itself may be a link
    show(linked)
    (class_folders / "cow").rename(tmp_path / "elsewhere")
    (class_folders / "cow").symlink_to(tmp_path / "elsewhere")
    assert outside(class_folders) == 1  # a folder
    (class_folders / "cow").unlink()
    (class_folders / "Bee" / "link.png").symlink_to(tmp_path / "elsewhere" / "1.png")
    (class_folders / "Bee" / "inner.png").symlink_to(class_folders / "ant" / "1.png")
    assert outside(class_folders) == 1


def test_a_manifest_that_leads_out_of_its_folder(class_folders: Path) -> None:
    manifest = class_folders / "cow" / "set.csv"
    rows = ["path,label", "1.png,cow", "../ant/1.png,ant", f"{class_folders}/cow/2.png,cow"]
    manifest.write_text("\n".join([*rows, f"{class_folders}/ant/2.png,ant"]))
    assert outside(manifest) == 2
    said = show(manifest, "--follow")
    assert "\n  ../ant/1.png\n" in said and f"\n  {class_folders}/ant/2.png\n" in said
    followed = neuplug.load_dataset(manifest, classes=["cow"], follow=True)
    assert followed.report.outside == () and followed.images.ids == ("1.png", "2.png")
