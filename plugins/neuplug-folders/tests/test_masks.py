"""Masks are told from images of a class by their names and, in doubt, by their few grey levels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from neuplug_tests.drawing import Draw
from PIL import Image

from neuplug.data.layouts import scan

Mask = Callable[[Path, int], None]


def binary(path: Path, seed: int) -> None:
    """A black image with a white rectangle, as PNG, BMP or JPEG."""
    pixels = np.zeros((16, 16), np.uint8)
    pixels[2 + seed % 5 : 11, 3:12] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def coloured(path: Path, seed: int) -> None:
    """A palette of regions, as of VOC."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.repeat(np.arange(4, dtype=np.uint8), 64).reshape(16, 16)
    image = Image.fromarray(np.roll(pixels, seed, 0), "P")
    image.putpalette([value for colour in range(256) for value in (colour * 60 % 256, 9, colour)])
    image.save(path)


def labels(root: Path) -> dict[str, int]:
    return dict(Counter(entry.label for entry in scan(root).entries))


def left_out(root: Path) -> dict[str, int]:
    return {unused.kind: unused.count for unused in scan(root).unused if unused.matters}


@pytest.mark.parametrize(
    ("photo", "mask"),
    [
        ("{}.png", "{}_mask.png"),
        ("x ({}).png", "x ({})_mask_1.png"),
        ("Part{}.jpg", "Part{}_label.bmp"),
        ("{}.jpg", "{}.png"),
        ("{}.bmp", "{}-gt.png"),
        ("{}.jpg", "mask_{}.png"),
        ("a{}.png", "a{}.seg.png"),
        ("{}.png", "{}_GroundTruth.jpg"),
        ("{}.png", "{}_overlay.png"),
        ("{}.jpg", "{}_manual1.png"),
        ("x-{}.png", "x-{}_lesion.png"),
        ("{}.png", "{}-bin.png"),
        ("x{}.png", "x{} contour.png"),
        ("x{}.png", "x{}Mask.png"),
        ("{}.png", "{}_lesion_2.png"),
        ("{}.jpg", "{}anything.png"),
        ("image_{}.png", "mask_{}.png"),
        ("img{}.png", "label_{}.png"),
        ("img{}.png", "seg{}.png"),
        ("IMG_{}.jpg", "GT_{}.png"),
        ("{}.png", "annot{}.png"),
        ("photo left {}.png", "segm left {}.png"),
        ("part_image_{}.png", "part_labels_{}.png"),
    ],
)
@pytest.mark.parametrize("make", [binary, coloured])
def test_masks_among_images(tmp_path: Path, draw: Draw, photo: str, mask: str, make: Mask) -> None:
    if make is coloured and mask.endswith(("jpg", "bmp")):
        pytest.skip("a palette is lost in it")
    for seed in range(6):
        for name in ("benign", "malignant"):
            draw(tmp_path / name / photo.format(seed), seed, (16, 16))
            make(tmp_path / name / mask.format(seed), seed)
    assert labels(tmp_path) == {"benign": 6, "malignant": 6}
    assert left_out(tmp_path) == {"masks among the images": 12}


def test_masks_in_a_flat_folder(tmp_path: Path, draw: Draw) -> None:
    for seed in range(6):
        draw(tmp_path / f"ab_{seed}.png", seed)
        draw(tmp_path / f"cd_{seed}.png", seed + 9)
        binary(tmp_path / f"ab_{seed}_mask.png", seed)
    assert labels(tmp_path) == {"ab": 6, "cd": 6}
    assert left_out(tmp_path) == {"masks among the images": 6}


@pytest.mark.parametrize(
    "folder",
    ["masks", "Label", "ground_truth", "SegmentationClass", "dent_masks", "gt", "PixelLabels"],
)
def test_a_folder_of_masks_beside_class_folders(tmp_path: Path, draw: Draw, folder: str) -> None:
    for seed in range(5):
        draw(tmp_path / "dent" / f"{seed}.png", seed)
        draw(tmp_path / "scratch" / f"{seed}.png", seed + 9)
        binary(tmp_path / folder / f"dent_{seed}.png", seed)
    assert labels(tmp_path) == {"dent": 5, "scratch": 5}
    assert left_out(tmp_path) == {"images in folders of annotations": 5}


def test_folders_of_masks_at_any_level(tmp_path: Path, draw: Draw) -> None:
    for name in ("one", "two"):
        for seed in range(5):
            draw(tmp_path / name / "Train" / f"{seed}.png", seed)
            draw(tmp_path / name / "Test" / f"{seed}.png", seed + 9)
            binary(tmp_path / name / "Train" / "Label" / f"{seed}_label.png", seed)
    assert labels(tmp_path) == {"one": 10, "two": 10}
    assert {entry.split for entry in scan(tmp_path).entries} == {"train", "test"}
    assert left_out(tmp_path) == {"images in folders of annotations": 10}


def test_masks_beside_a_folder_of_photographs_in_each_class(tmp_path: Path, draw: Draw) -> None:
    for name in ("one", "two"):
        for seed in range(5):
            draw(tmp_path / name / "Original" / f"{seed}.png", seed)
            binary(tmp_path / name / "Mask" / f"{seed}.png", seed)
    assert labels(tmp_path) == {"one": 5, "two": 5}
    assert {entry.group for entry in scan(tmp_path).entries} == {None}


def test_ground_truth_beside_train_and_test(tmp_path: Path, draw: Draw) -> None:
    for seed in range(5):
        draw(tmp_path / "train" / "good" / f"{seed}.png", seed)
        draw(tmp_path / "test" / "broken" / f"{seed}.png", seed + 9)
        binary(tmp_path / "ground_truth" / "broken" / f"{seed}_mask.png", seed)
    assert labels(tmp_path) == {"good": 5, "broken": 5}


# Honest sets ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names", [("mask", "no_mask"), ("mask", "helmet"), ("with_mask", "without_mask"), ("gt", "suv"),
              ("labels", "bottles"), ("xml", "pdf")]
)  # fmt: skip
def test_classes_that_are_called_like_annotations(
    tmp_path: Path, draw: Draw, names: tuple[str, str]
) -> None:
    for seed in range(5):
        for number, name in enumerate(names):
            draw(tmp_path / name / f"{seed}.png", seed + 10 * number)
    assert labels(tmp_path) == dict.fromkeys(names, 5)
    assert left_out(tmp_path) == {}


def test_photographs_of_equal_names_are_no_masks(tmp_path: Path, draw: Draw) -> None:
    for seed in range(5):
        draw(tmp_path / "a" / f"{seed}.jpg", seed, (24, 24))
        draw(tmp_path / "a" / f"{seed}.png", seed, (24, 24))
        draw(tmp_path / "b" / f"{seed}.png", seed + 9, (24, 24))
        draw(tmp_path / "b" / f"{seed}_mask.png", seed + 20, (24, 24))  # a person with a mask
    assert labels(tmp_path) == {"a": 10, "b": 10}
    assert left_out(tmp_path) == {}


@pytest.mark.parametrize("drawn", [False, True])
def test_names_of_two_kinds_in_a_folder_are_no_masks_where_both_look_alike(
    tmp_path: Path, draw: Draw, drawn: bool
) -> None:
    make = binary if drawn else draw
    for seed in range(5):
        for number, name in enumerate(("image_{}", "mask_{}", "label{}")):
            make(tmp_path / "a" / f"{name.format(seed)}.png", seed + 10 * number)
            make(tmp_path / "b" / f"{name.format(seed)}.png", seed + 10 * number + 50)
    assert labels(tmp_path) == {"a": 15, "b": 15}
    assert left_out(tmp_path) == {}


@pytest.mark.parametrize("added", ["0", "_1", "_flipped", "Zoomed", "b"])
@pytest.mark.parametrize("drawn", [False, True])
def test_images_whose_names_go_on_are_no_masks(
    tmp_path: Path, draw: Draw, added: str, drawn: bool
) -> None:
    make = binary if drawn else draw
    for seed in range(1, 6):
        for name in ("a", "b"):
            make(tmp_path / name / f"img_{seed}.png", seed)
            make(tmp_path / name / f"img_{seed}{added}.png", seed + 20)
    assert labels(tmp_path) == {"a": 10, "b": 10}
    assert left_out(tmp_path) == {}


def test_drawings_of_equal_names_are_no_masks(tmp_path: Path) -> None:
    for seed in range(5):
        for ending in ("png", "bmp"):
            binary(tmp_path / "a" / f"{seed}.{ending}", seed)
            binary(tmp_path / "label" / f"{seed}.{ending}", seed)
    assert labels(tmp_path) == {"a": 10, "label": 10}


def test_of_many_candidates_a_few_are_opened(
    tmp_path: Path, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(60):
        draw(tmp_path / "a" / f"{seed}.png", seed)
        draw(tmp_path / "b" / f"{seed}.png", seed + 99)
        binary(tmp_path / "b" / f"{seed}_mask.png", seed)
    opened: list[Path] = []
    real = Image.open
    monkeypatch.setattr(Image, "open", lambda path, *a: (opened.append(path), real(path, *a))[1])
    assert left_out(tmp_path) == {"masks among the images": 60}
    assert 0 < len(opened) <= 24
