"""Black and white of images of more than 8 bits: one rule for the whole set."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from neuplug.data.dataset import Dataset, load_dataset

from .loading import refusal

SIDE = 24
RANDOM = np.random.default_rng(0)
BAND = RANDOM.integers(51000, 52201, (6, SIDE, SIDE)).astype(np.float64)
"""Six images of a narrow band, as thermal cameras have it."""


def write(folder: Path, images: Any, dtype: Any = np.uint16) -> Path:
    """TIFF files of two classes, alternating."""
    for number, pixels in enumerate(images):
        path = folder / "ab"[number % 2] / f"{number}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = "rgb" if pixels.ndim == 3 else "minisblack"
        tifffile.imwrite(path, pixels.astype(dtype), photometric=kind)
    return folder


def load(folder: Path, **options: Any) -> Dataset:
    return load_dataset(folder, imgsz=SIDE, near="off", **options)


def levels(dataset: Dataset) -> dict[str, np.ndarray]:
    """Its images by id, (C, H, W)."""
    return dict(zip(dataset.images.ids, dataset.images.images.numpy(), strict=True))


def expected(pixels: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.rint((pixels - low).clip(0, high - low) / (high - low) * 255)


def is_kept(dataset: Dataset, pixels: np.ndarray = BAND, tolerance: float = 4) -> bool:
    """Whether all images are the band from black to white, but for a few pixels of each."""
    found = levels(dataset)
    for number, one in enumerate(pixels):
        wanted = expected(one, pixels.min(), pixels.max())
        off = np.abs(found[f"{'ab'[number % 2]}/{number}.tif"][0] - wanted) > tolerance
        if off.mean() > 0.4:  # fill values take up to a third
            return False
    return True


# Found from the set ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "shift"),
    [
        (np.uint16, 0),
        (np.int16, -51600),  # with negative values
        (np.int32, -51600),
        (np.uint32, 10**6),
        (np.int64, 10**6),
        (np.float32, 0),
        (np.float64, -51600),
    ],
    ids=str,
)
def test_a_narrow_band_keeps_its_contrast(tmp_path: Path, dtype: Any, shift: int) -> None:
    dataset = load(write(tmp_path, BAND + shift, dtype))
    assert dataset.report.skipped == ()
    assert is_kept(dataset)
    assert len(torch.unique(dataset.images.images)) > 200
    ((low, high),) = dataset.report.ranges.values()
    assert 51000 <= low - shift < 51010 and 52190 < high - shift <= 52200


@pytest.mark.parametrize("kind", ["png", "pgm", "ppm", "rgb"])
def test_the_same_in_other_files(tmp_path: Path, kind: str) -> None:
    for number, pixels in enumerate(BAND.astype(np.uint16)):
        path = tmp_path / "ab"[number % 2] / f"{number}.{'tif' if kind == 'rgb' else kind}"
        path.parent.mkdir(exist_ok=True)
        if kind == "png":
            Image.fromarray(pixels).save(path)
        elif kind == "rgb":
            colour = np.stack([pixels, pixels[::-1], pixels], -1)
            tifffile.imwrite(path, colour, photometric="rgb", planarconfig="contig")
        else:
            magic, pixels = ("P5", pixels) if kind == "pgm" else ("P6", np.stack([pixels] * 3, -1))
            head = f"{magic} {SIDE} {SIDE} 65535\n".encode()
            path.write_bytes(head + pixels.astype(">u2").tobytes())
    dataset = load(tmp_path)
    assert len(torch.unique(dataset.images.images)) > 200
    assert dataset.images.channels == (3 if kind == "rgb" else 1)


def with_pixels(values: dict[int, float]) -> np.ndarray:
    """The band with some pixels of some images at other values."""
    images = BAND.copy()
    for number, value in values.items():
        images[number % 6].flat[7 + 30 * number] = value
    return images


@pytest.mark.parametrize(
    ("images", "dtype"),
    [
        (with_pixels({0: 65535}), np.uint16),
        (with_pixels({0: 0, 1: 65535}), np.uint16),
        (with_pixels(dict.fromkeys(range(6), 65535)), np.uint16),  # a stuck pixel in each
        (with_pixels({0: 60000, 1: 64000, 2: 3}), np.uint16),
        (with_pixels({0: 3e38, 2: -3e38}), np.float32),
        (with_pixels({0: 2e9}), np.int32),
    ],
    ids=["hot", "dead and hot", "in each", "several", "huge", "int32"],
)
def test_a_few_outliers_do_not_set_the_range(
    tmp_path: Path, images: np.ndarray, dtype: Any
) -> None:
    assert is_kept(load(write(tmp_path, images, dtype)))


@pytest.mark.parametrize("fill", [(0,), (65535,), (0, 65535), (-9999,), (-3.4028235e38,), (1e20,)])
def test_a_value_that_fills_does_not_set_the_range(tmp_path: Path, fill: tuple[float, ...]) -> None:
    images = BAND.copy()
    for place, value in enumerate(fill):
        images[:, place * 20 : place * 20 + 4] = value
    images[0, 10, 10] = fill[0]
    plain = min(fill) >= 0 and max(fill) <= 65535
    dataset = load(write(tmp_path, images, np.uint16 if plain else np.float32))
    assert is_kept(dataset)
    found = levels(dataset)["b/1.tif"][0]
    for place, value in enumerate(fill):
        assert (found[place * 20 : place * 20 + 4] == (0 if value < 51000 else 255)).all()
    assert "of the values lie beyond" in dataset.report.notes[0]


def test_a_tenth_of_bright_values_is_no_outlier(tmp_path: Path) -> None:
    """Objects of their own brightness stay what they are."""
    images = np.full((6, SIDE, SIDE), 100.0) + RANDOM.integers(0, 20, (6, SIDE, SIDE))
    images[:, 5:13, 5:13] = RANDOM.integers(3000, 4000, (6, 8, 8))
    found = levels(load(write(tmp_path, images)))["a/0.tif"][0]
    assert len(np.unique(found[5:13, 5:13])) > 30
    assert found[5:13, 5:13].min() > 150 and found[:5].max() < 5


def test_small_bright_objects_keep_their_levels(tmp_path: Path) -> None:
    """Spots of half a percent, as in fluorescence microscopy, are no hot pixels."""
    images = 100.0 + RANDOM.integers(-9, 9, (6, 64, 64))
    for number in range(6):
        images[number, 9:13, 20:25] = 2000 + 500 * number + RANDOM.integers(0, 400, (4, 5))
    spots = load_dataset(write(tmp_path, images), imgsz=64, near="off").images
    shown = zip(spots.ids, spots.images, strict=True)
    means = {i: float(image[0, 9:13, 20:25].float().mean()) for i, image in shown}
    assert 90 < means["a/0.tif"] < means["a/2.tif"] - 40 < means["a/4.tif"] - 80 < 180
    assert int(spots.images[:, :, 30:].max()) < 10


def test_a_bright_image_among_many_keeps_its_levels(tmp_path: Path) -> None:
    images = RANDOM.integers(100, 4000, (150, 8, 8)).astype(np.float64)
    images[7] = RANDOM.integers(40000, 50000, (8, 8))
    found = load_dataset(write(tmp_path, images), imgsz=8, near="off").images
    bright = found.images[found.ids.index("b/7.tif")]
    assert len(torch.unique(bright)) > 20 and bright.min() > 190


def test_few_levels_stay_apart(tmp_path: Path) -> None:
    """Numbered regions and masks: no level is taken for a fill value."""
    for count in (2, 3, 5, 9):
        images = RANDOM.integers(0, count, (4, SIDE, SIDE)) * (65535 // (count - 1))
        dataset = load(write(tmp_path / str(count), images))
        assert torch.unique(dataset.images.images).tolist() == pytest.approx(
            np.linspace(0, 255, count), abs=1
        )


def test_sparse_light_is_seen(tmp_path: Path) -> None:
    """Stars on black: nearly all values are equal."""
    images = np.zeros((4, 40, 40))
    images[0, 3, 3] = images[1, 30, 7] = 700
    found = load_dataset(write(tmp_path, images), imgsz=40, near="off").images.images
    assert found[:, 0].amax((1, 2)).tolist() == [255, 0, 255, 0]


def test_what_is_constant(tmp_path: Path) -> None:
    one = np.full((1, SIDE, SIDE), 51600.0)
    found = levels(load(write(tmp_path / "one", np.concatenate([one, BAND]))))
    assert np.unique(found["a/0.tif"]).tolist() == pytest.approx([127], abs=2)
    for value, dtype in ((0, np.uint16), (513, np.uint16), (-0.25, np.float32)):
        images = np.full((2, SIDE, SIDE), value, np.float64)
        dataset = load(write(tmp_path / f"{value}", images, dtype))
        assert torch.unique(dataset.images.images).tolist() == [0]


def test_not_a_number(tmp_path: Path) -> None:
    images = BAND.copy()
    images[0, :4], images[1, 5, 5], images[2, 6, 6] = np.nan, np.inf, -np.inf
    dataset = load(write(tmp_path, images, np.float32))
    assert is_kept(dataset)
    found = levels(dataset)
    assert found["a/0.tif"][0, :4].max() < 5
    assert found["b/1.tif"][0, 5, 5] > 250 and found["a/2.tif"][0, 6, 6] < 5
    (said,) = dataset.report.warnings()
    assert said.startswith("3 image(s) have pixels that are NaN or infinite")
    assert "a/0.tif, a/2.tif and b/1.tif" in said


def test_floating_point_from_0_to_1_is_black_to_white(tmp_path: Path) -> None:
    images = RANDOM.random((4, SIDE, SIDE)) * 0.5 + 0.25
    images[0, 3, 3] = 37  # hot
    dataset = load(write(tmp_path, images, np.float32))
    found = levels(dataset)
    assert np.array_equal(found["b/1.tif"][0], np.rint(images[1].astype(np.float32) * 255))
    assert dataset.report.ranges == {"floating-point numbers": (0, 1)}
    assert "by convention" in dataset.report.notes[0]


def test_8_bit_images_stay_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, BAND)
    shallow = RANDOM.integers(90, 110, (SIDE, SIDE), dtype=np.uint8)
    Image.fromarray(shallow).save(tmp_path / "a" / "shallow.png")
    dataset = load(tmp_path)
    assert np.array_equal(levels(dataset)["a/shallow.png"][0], shallow)
    assert is_kept(dataset)
    Image.fromarray(shallow).save(tmp_path / "a" / "alone.png")
    alone = load(tmp_path, classes=["a", "b"])
    assert alone.report.ranges == dataset.report.ranges
    assert alone.report.notes[0].startswith("6 image(s) have more than 8 bits (integers): 5100")


def test_whole_numbers_and_floating_point_have_their_own(tmp_path: Path) -> None:
    write(tmp_path, BAND)
    for number in range(2):
        tifffile.imwrite(tmp_path / "a" / f"f{number}.tif", RANDOM.random((SIDE, SIDE)))
    dataset = load(tmp_path)
    assert is_kept(dataset)
    assert set(dataset.report.ranges) == {"integers", "floating-point numbers"}
    assert levels(dataset)["a/f0.tif"].max() > 250


def test_the_range_does_not_depend_on_the_size(tmp_path: Path) -> None:
    write(tmp_path, BAND)
    ranges = [load_dataset(tmp_path, imgsz=size, near="off").report.ranges for size in (8, 24, 40)]
    assert ranges[0] == ranges[1] == ranges[2]


# As asked for ---------------------------------------------------------------------------------


def test_a_given_range(tmp_path: Path) -> None:
    write(tmp_path, BAND)
    dataset = load(tmp_path, range=(50000, 53000))
    found = levels(dataset)
    assert np.array_equal(found["a/0.tif"][0], expected(BAND[0], 50000, 53000))
    assert dataset.report.ranges == {"integers": (50000, 53000)}
    assert "as --range says" in dataset.report.notes[0]
    assert dataset.report.unused == ()
    assert len({load(tmp_path, range=how).key for how in ("auto", "full", (0, 9), (0, 8))}) == 4


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        (np.uint16, 0, 65535),
        (np.int16, -32768, 32767),
        (np.uint32, 0, 2**32 - 1),
        (np.int8, -128, 127),
        (np.float32, 0, 1),
    ],
)
def test_the_whole_range_of_a_type(tmp_path: Path, dtype: Any, low: float, high: float) -> None:
    images = low + RANDOM.random((2, SIDE, SIDE)) * (high - low)
    dataset = load(write(tmp_path, images, dtype), range="full")
    wanted = expected(images[0].astype(dtype).astype(np.float64), low, high)
    assert np.abs(levels(dataset)["a/0.tif"][0] - wanted).max() <= 1
    assert list(dataset.report.ranges.values()) == [(low, high)]


@pytest.mark.parametrize("how", ["full", (0, 65535), (60000, 61000)])
def test_a_range_that_ruins_the_contrast_is_said(tmp_path: Path, how: Any) -> None:
    (said,) = load(write(tmp_path, BAND), range=how).report.warnings()
    assert said.startswith("Nearly all values of 6 image(s) lie between 5100")
    assert re.search(r"of 256 grey levels: give --range 510\d\d,52\d\d\d\.$", said)


def test_a_range_that_serves_nothing_is_said(class_folders: Path) -> None:
    for source in (class_folders, "demo"):
        report = load_dataset(source, range=(0, 4095), imgsz=28).report
        assert "--range is not used: no image has more than 8 bits." in report.warnings()
        assert load_dataset(source, imgsz=28).report.warnings() == ()


@pytest.mark.parametrize("how", ["0", "0,1,2", "a,b", "5,5", "9,1", "nan,3", "0,inf", 5, None])
def test_what_is_no_range_is_refused(class_folders: Path, how: Any) -> None:
    assert "give LOW,HIGH" in refusal(class_folders, range=how)


# Classes that the files' numbers alone tell apart ---------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "own", "said"),
    [
        (np.float32, 1 / 255, "the images of 1 class(es) have a tenth of the range of grey levels"),
        (np.uint16, 1 / 16, "the images of 1 class(es) have a tenth of the range of grey levels"),
        (np.uint8, 1 / 16, "2 of 2 classes are stored unlike all others"),
    ],
    ids=["0-1 beside 0-255", "12 bits beside 16", "8 bits beside 16"],
)
def test_a_class_of_another_unit_is_said(tmp_path: Path, dtype: Any, own: float, said: str) -> None:
    most = 255 if dtype == np.float32 else 4095 if dtype == np.uint8 else 65535
    images = RANDOM.random((6, SIDE, SIDE)) * most
    write(tmp_path, images, np.float32 if dtype == np.float32 else np.uint16)
    for number in (1, 3, 5):  # of class b
        tifffile.imwrite(tmp_path / "b" / f"{number}.tif", (images[number] * own).astype(dtype))
    (shortcut,) = load(tmp_path).report.shortcuts
    assert shortcut.startswith(said)
    assert shortcut in load(tmp_path).report.warnings()
    assert "b" in shortcut.partition(": ")[2]


def test_some_images_of_another_unit_are_said(tmp_path: Path) -> None:
    images = RANDOM.random((8, SIDE, SIDE)) * 255
    images[[2, 3]] /= 255
    (shortcut,) = load(write(tmp_path, images, np.float32)).report.shortcuts
    assert shortcut.startswith("2 image(s) have five grey levels or fewer, as if in another unit: ")
    assert "a/2.tif" in shortcut and "b/3.tif" in shortcut
    assert load(write(tmp_path, images, np.float32), range=(0, 1)).report.shortcuts == ()


def test_a_class_of_colour_beside_grey_ones_is_said(tmp_path: Path) -> None:
    for name, shape in {"rust": (SIDE, SIDE), "dent": (SIDE, SIDE, 3)}.items():
        for number in range(3):
            path = tmp_path / name / f"{number}.png"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(RANDOM.integers(0, 256, shape, dtype=np.uint8)).save(path)
    (shortcut,) = load(tmp_path).report.shortcuts
    assert "dent (uint8 colour) and rust (uint8 grey)" in shortcut
    assert load(tmp_path, channels="grey").report.shortcuts == ()
    grey = np.stack([RANDOM.integers(0, 256, (SIDE, SIDE), dtype=np.uint8)] * 3, -1)
    Image.fromarray(grey).save(tmp_path / "dent" / "grey.png")
    assert load(tmp_path).report.shortcuts == ()
