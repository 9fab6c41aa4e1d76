"""The page that is looked at before training, on the terminal and as HTML."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from neuplug_tests.drawing import Draw
from PIL import Image

import neuplug
from neuplug import InputError

from .test_show import show

pytestmark = pytest.mark.usefixtures("own_store")


@pytest.fixture
def unequal(tmp_path: Path, draw: Draw) -> Path:
    root = tmp_path / "set"
    for seed in range(12):
        draw(root / "ok" / f"{seed}.png", seed)
    for seed in range(3):
        draw(root / "defect" / f"{seed}.png", 50 + seed, (40, 90))
    draw(root / "rare" / "1.png", 70)
    draw(root / "Rare" / "1.png", 71)
    (root / "ok" / "x.jxl").write_bytes(b"\xff\x0a")
    return root


def test_what_looks_odd(unequal: Path) -> None:
    said = show(unequal)
    assert "always answering: ok is right for 12 of 17 images (70.6 %)" in said
    assert "! Classes differ in letter case, blanks or a final .0 alone: 'Rare' and 'rare'." in said
    assert "! Too few images to train and to test on: Rare (1), rare (1); --min-per-class 2" in said
    assert "! The classes are unequal: the largest has 12 images, the smallest 1." in said
    assert "! The images' aspect ratios differ by more than a half" in said
    assert "! 14 image(s) are smaller than the decoded size and are enlarged" in said
    assert (
        "\n\nNot used\n  1 file(s) (pictures of kinds that neuplug does not read): ok/x.jxl" in said
    )
    facts = json.loads(show(unequal, "--json"))
    assert facts["largest_class_accuracy"] == pytest.approx(12 / 17)
    assert facts["files"][0]["count"] == 1
    assert any("classes are unequal" in sentence for sentence in facts["warnings"])


def test_an_honest_set_has_nothing_odd(class_folders: Path) -> None:
    said = show(class_folders, "--imgsz", "8")
    assert "\n\nNot used\n  nothing: every file is used" in said
    assert "\n\nTo look at before training\n  nothing looks odd" in said


@pytest.mark.parametrize("levels", [(0, 1), (100, 101, 102, 103, 104), (0, 255)])
def test_label_maps_are_odd(tmp_path: Path, levels: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).choice(np.array(levels, np.uint8), (8, 16, 16))
    for number, one in enumerate(pixels):
        path = tmp_path / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(one).save(path)
    shown = f"{', '.join(map(str, levels[:-1]))} and {levels[-1]}"
    said = f"! The 8 image(s) looked at have the grey levels {shown} alone, of 0 to 255, as masks"
    assert said in show(tmp_path, "--imgsz", "8")
    one[0, :6] = range(0, 60, 10)  # a single photograph suffices
    Image.fromarray(one).save(path)
    assert "looked at" not in show(tmp_path, "--imgsz", "8")


def test_classes_without_a_part_of_the_given_split_are_odd(tmp_path: Path, draw: Draw) -> None:
    for seed, place in enumerate(("train/a", "train/b", "test/a", "test/c")):
        for number in range(3):
            draw(tmp_path / place / f"{number}.png", seed * 10 + number)
    said = show(tmp_path)
    assert "! 1 class(es) have no train images in the given split, which a classifier" in said
    assert "never answers rightly: c. See --resplit." in said
    assert "! 1 class(es) have no test images in the given split, so that the test" in said
    (tmp_path / "train").rename(tmp_path / "val")
    said = show(tmp_path)
    assert "! The given split has no training part, but val and test: see --resplit." in said


def test_small_classes_are_left_out_and_said(unequal: Path) -> None:
    said = show(unequal, "--min-per-class", "3")
    assert "2 class(es) have too few images and are left out: Rare (1) and rare (1)." in said
    assert json.loads(show(unequal, "--min-per-class", "3", "--json"))["counts"] == {
        "defect": 3,
        "ok": 12,
    }
    with pytest.raises(InputError, match="min_per_class = 99 leaves no class: the largest has 12"):
        show(unequal, "--min-per-class", "99")
    with pytest.raises(InputError, match="rare: min_per_class leaves this out"):
        neuplug.load_dataset(unequal, classes=["ok", "rare"], min_per_class=2)


class Parsed(HTMLParser):
    """Tags, addresses and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_has_thumbnails_of_every_class(unequal: Path, tmp_path: Path) -> None:
    file = tmp_path / "new" / "page.html"
    assert f"page with thumbnails: {file}" in show(unequal, "--html", file)
    page = Parsed(file.read_text("utf-8"))
    assert page.tags.count("img") == 12 + 3 + 1 + 1
    for address in page.addresses:
        head, _, data = address.partition(",")
        assert head == "data:image/png;base64"
        with Image.open(BytesIO(base64.b64decode(data))) as image:
            assert image.size == (64, 64)
    for text in ("The classes are unequal", "ok/x.jxl", "12 of 12", "no near duplicates"):
        assert text in page.text


def test_names_in_the_page_are_text(tmp_path: Path, draw: Draw) -> None:
    for seed, name in enumerate(("<script>alert(1)<", '" onload="x', "a\u202eb\x1b[31m", "b&amp;")):
        for number in range(3):
            draw(tmp_path / "set" / name / f"<img src=x>{number}.png", 10 * seed + number)
    show(tmp_path / "set", "--html", tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text("utf-8")
    page = Parsed(text)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert page.handlers == [] and page.tags.count("img") == 12
    assert "<script>alert(1)<" in page.text and "b&amp;" in page.text
    assert "\x1b" not in text and "\u202e" not in text and r"a\u202eb\x1b[31m" in page.text
    assert not re.search(r"\x1b|\u202e", show(tmp_path / "set"))


def test_mistakes_are_sentences(unequal: Path) -> None:
    with pytest.raises(InputError, match=r"is a folder: give a file in it, such as .*data\.html"):
        show(unequal, "--html", unequal)
    for data in ("", "  "):
        with pytest.raises(InputError, match="data is empty: give a folder of images"):
            show(data)
    with pytest.raises(InputError, match=r"data show takes options of layouts: .*tables"):
        show(unequal, "--set", "dcgan.steps=3")
    with pytest.raises(InputError, match=r"component\.option=value"):
        show(unequal, "--set", "label")
