"""The pictures that a run leaves: made beside real images, and trainings in time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import neuplug
from neuplug import ImageSet
from neuplug_report import pictures
from neuplug_report.images import legible
from neuplug_report.pictures import Picture, read_pictures

GAN: dict[str, Any] = {"steps": 6, "ngf": 4, "ndf": 4, "batch": 4, "grids": 3}


def of_kind(result: Any, kind: str) -> list[Picture]:
    return [p for p in read_pictures(result.folder).pictures if p.kind == kind]


@pytest.fixture(scope="module")
def shared(ask_once: Any) -> Any:
    """Two arms that draw from one training, and one that makes lying bars alone."""
    return ask_once(
        report=True,
        aug=["few: dcgan@add=2", "more: dcgan@add=4", "lying: dcgan@add=3,only=lying"],
        options={"dcgan": GAN},
        repeats=1,
    )


def test_a_training_that_arms_share_is_pictured_once(shared: Any) -> None:
    (sheet,) = of_kind(shared, "grid-over-steps")
    assert sheet.title == "dcgan: the same noise along the training"
    assert sheet.caption == "Steps 1, 2, 3; first repeat."
    films = of_kind(shared, "animation")
    assert [film.title for film in films] == ["dcgan: standing", "dcgan: lying"]
    for film in films:
        with Image.open(shared.folder / film.file) as moving:
            assert moving.n_frames == 3
        with Image.open(shared.folder / film.still) as still:
            assert still.format == "PNG"
    assert films[1].file == "samples/01-animation.gif"
    files = {
        f for p in read_pictures(shared.folder).pictures for f in (p.file, p.still, p.narrow) if f
    }
    there = {f"samples/{p.name}" for p in (shared.folder / "samples").iterdir()}
    assert files == there - {pictures.FILE}


def test_classes_without_made_images_are_left_out(shared: Any) -> None:
    sheets = of_kind(shared, "side-by-side")
    assert [s.title.partition(":")[0] for s in sheets] == ["few", "more", "lying"]
    heights = [Image.open(shared.folder / s.file).height for s in sheets]
    assert heights[0] == heights[1] > 1.5 * heights[2]
    assert sheets[2].caption.endswith("first repeat. Nothing is generated of standing.")


def test_fewer_grids_than_three_are_no_film(ask: Any) -> None:
    result = ask(report=True, aug=["dcgan@add=2"], repeats=1, options={"dcgan": GAN | {"grids": 2}})
    assert of_kind(result, "grid-over-steps") and not of_kind(result, "animation")


def test_every_number_of_images_has_its_own_real_ones(ask: Any) -> None:
    result = ask(report=True, aug=["jitter@add=2"], per_class=[2, 6], repeats=1)
    small, large = of_kind(result, "side-by-side")
    assert small.title == "jitter@add=2 (2 per class): beside real images"
    # of two real images the other four tiles stay blank
    white = [
        sum(Image.open(result.folder / s.file).convert("L").histogram()[255:])
        for s in (small, large)
    ]
    tile = (28 * 4) ** 2  # enlarged four times
    assert white[0] - white[1] == 2 * 4 * tile


def test_too_many_arms_are_named(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "ARMS", 2)
    result = ask(report=True, aug=["jitter", "invert@add=2", "invert+jitter"], add=2, repeats=1)
    assert len(of_kind(result, "side-by-side")) == 2
    assert read_pictures(result.folder).unpictured == ("invert+jitter",)
    assert "Not pictured, being too many: invert+jitter." in result.report.read_text("utf-8")


def test_arms_that_show_the_same_images_share_a_plate(ask: Any) -> None:
    result = ask(report=True, aug=["jitter", "jitter+invert", "duplicate"], add=6, repeats=1)
    same, other = of_kind(result, "side-by-side")
    assert same.title == "jitter and jitter+invert: beside real images"
    assert same.caption == "Real training images and those of jitter; first repeat."
    assert other.title == "duplicate: beside real images"  # a copy of each, and not generated
    assert "generated" not in other.caption


def test_a_narrow_screen_has_a_plate_of_its_own(ask: Any) -> None:
    (entry,) = of_kind(ask(report=True, aug=["jitter@add=6"], repeats=1), "side-by-side")
    assert entry.narrow == "samples/00-real-above-generated.png"


def test_names_that_no_font_has_are_numbered_and_the_page_says_so(
    bars: ImageSet, tmp_path: Path, lab: object
) -> None:
    names = ("\U00010600\U00010601", "rust")  # Linear A, which no usual font has
    images = replace(bars, classes=names)
    result = neuplug.compose(
        images, aug=["dcgan@add=2"], clf=["smallcnn"], repeats=1, per_class=4, workers=0,
        options={"dcgan": GAN}, training={"steps": 1}, project=tmp_path,
    )  # fmt: skip
    said = f"No installed font has the letters of 1 of the names: class 1 is {names[0]}."
    for kind in ("side-by-side", "grid-over-steps"):
        (sheet,) = of_kind(result, kind)
        assert sheet.caption.endswith(said)
    assert said in result.report.read_text("utf-8")
    assert next(film.title for film in of_kind(result, "animation")) == f"dcgan: {names[0]}"
    assert legible(["rust", "caf\u00e9"], ["rust", "caf\u00e9"]) == (("rust", "caf\u00e9"), "")
