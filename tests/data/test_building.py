"""Many files become one array, by the stated rules."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from neuplug_tests.drawing import Draw
from PIL import Image

from neuplug.data.dataset import load_dataset
from neuplug.storage.store import cache_dir

from .loading import cached, refusal, same


def test_one_colour_image_makes_the_set_rgb(class_folders: Path, draw: Draw) -> None:
    draw(class_folders / "ant" / "9.png", seed=99, mode="RGB")
    images = load_dataset(class_folders, imgsz=(10, 12)).images
    assert images.channels == 3
    grey = images.images[0]
    assert torch.equal(grey[0], grey[1])
    assert torch.equal(grey[0], grey[2])
    colour = np.asarray(Image.open(class_folders / "ant" / "9.png"))
    assert np.array_equal(images.images[images.ids.index("ant/9.png")].permute(1, 2, 0), colour)


def test_grey_stored_as_rgb_keeps_one_channel_and_that_is_said(
    class_folders: Path, draw: Draw
) -> None:
    for path in class_folders.glob("*/[0-2].png"):
        Image.open(path).convert("RGB").save(path)
    dataset = load_dataset(class_folders, imgsz=(10, 12))
    assert dataset.images.channels == 1
    (note,) = dataset.report.notes
    assert note.startswith("9 image(s) store grey as RGB") and "--channels rgb" in note
    rgb = load_dataset(class_folders, imgsz=(10, 12), channels="rgb")
    assert rgb.images.channels == 3 and rgb.report.notes == ()
    assert torch.equal(rgb.images.images, dataset.images.images.expand(-1, 3, -1, -1))
    grey = load_dataset(class_folders, imgsz=(10, 12), channels="grey")
    assert torch.equal(grey.images.images, dataset.images.images) and grey.report.notes == ()
    assert len({dataset.key, rgb.key, grey.key}) == 3


def test_colour_as_grey(class_folders: Path, draw: Draw) -> None:
    draw(class_folders / "ant" / "9.png", seed=99, mode="RGB")
    dataset = load_dataset(class_folders, imgsz=(10, 12), channels="grey")
    shown = dataset.images.images[dataset.images.ids.index("ant/9.png"), 0].numpy()
    luma = np.asarray(Image.open(class_folders / "ant" / "9.png").convert("L")).astype(int)
    assert np.abs(shown - luma).max() <= 1
    assert dataset.report.notes == ("1 colour image(s) are turned into grey ones.",)


def test_channels_of_the_demo_and_of_nothing(class_folders: Path) -> None:
    demo = load_dataset("demo", imgsz=28, classes=["patches"], channels="rgb")
    assert demo.images.channels == 3
    assert demo.key != load_dataset("demo", imgsz=28, classes=["patches"]).key
    assert "choose auto, rgb or grey" in refusal(class_folders, channels="red")


def test_mixed_sizes(class_folders: Path, draw: Draw) -> None:
    draw(class_folders / "ant" / "wide.png", seed=50, size=(8, 90))
    draw(class_folders / "ant" / "tall.png", seed=51, size=(90, 8))
    stretched = load_dataset(class_folders, imgsz=(16, 24))
    cropped = load_dataset(class_folders, imgsz=(16, 24), resize="crop")
    assert stretched.images.image_size == cropped.images.image_size == (16, 24)
    assert stretched.report.sizes == {"10x12": 15, "8x90": 1, "90x8": 1}
    assert stretched.key != cropped.key
    assert not torch.equal(stretched.images.images, cropped.images.images)


def test_12_bits_in_16_are_not_dark(tmp_path: Path) -> None:
    for number, largest in enumerate((500, 900, 2000, 4095)):
        pixels = np.linspace(0, largest, 64).reshape(8, 8).astype(np.uint16)
        path = tmp_path / "ab"[number % 2] / f"{number}.tif"
        path.parent.mkdir(exist_ok=True)
        tifffile.imwrite(path, pixels)
    dataset = load_dataset(tmp_path, imgsz=(8, 8))
    brightest = dict(zip(dataset.images.ids, dataset.images.images.amax((1, 2, 3)), strict=True))
    # one black and white for the whole set: images keep their relative brightness
    assert brightest == {"a/0.tif": 31, "b/1.tif": 56, "a/2.tif": 125, "b/3.tif": 255}
    assert dataset.report.ranges == {"integers": (0, 4079)}


def test_8_and_16_bits_together(tmp_path: Path, draw: Draw) -> None:
    draw(tmp_path / "a" / "0.png", seed=0, size=(8, 8))
    deep = np.asarray(Image.open(tmp_path / "a" / "0.png")).astype(np.uint16) * 257
    (tmp_path / "b").mkdir()
    tifffile.imwrite(tmp_path / "b" / "0.tif", deep)
    images = load_dataset(tmp_path, imgsz=(8, 8), range="full").images.images
    assert torch.equal(images[0], images[1])


def test_broken_files_are_named_and_skipped(class_folders: Path) -> None:
    whole = (class_folders / "ant" / "1.png").read_bytes()
    (class_folders / "ant" / "1.png").write_bytes(whole[:-60])
    (class_folders / "cow" / "fake.jpg").write_text("no picture")
    dataset = load_dataset(class_folders)
    assert [id_ for id_, _ in dataset.report.skipped] == ["ant/1.png", "cow/fake.jpg"]
    assert all(reason for _, reason in dataset.report.skipped)
    assert len(dataset) == 14
    assert dataset.report.counts == {"ant": 4, "Bee": 5, "cow": 5}
    assert "2 file(s) cannot be read and are skipped: ant/1.png" in (dataset.report.warnings()[0])


def test_a_class_of_which_nothing_can_be_read(class_folders: Path) -> None:
    for path in (class_folders / "Bee").iterdir():
        path.write_bytes(b"")
    message = refusal(class_folders)
    assert "class Bee has no image that can be read; 5 file(s)" in message
    assert "Bee/0.png, Bee/1.png, Bee/2.png and 2 more (empty file)" in message
    assert cached() == []
    assert len(load_dataset(class_folders, classes=["ant", "cow"])) == 10


def test_many_images_pass_through_small_chunks(
    class_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (class_folders / "ant" / "2.png").write_bytes(b"broken")
    whole = load_dataset(class_folders)
    shutil.rmtree(cache_dir())
    monkeypatch.setattr("neuplug.data.building._CHUNK", 2)
    assert same(whole, load_dataset(class_folders))
