"""Broken files are named with the reason."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from neuplug.data.decoding import read
from neuplug.data.stored import Unreadable

from .pictures import GREY, RGB16, SIZE, eight_bits, save, write_png

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # on broken files


def reason(path: Path) -> str:
    with pytest.raises(Unreadable) as caught:
        read(path)
    message = str(caught.value)
    assert message
    assert "\n" not in message
    assert str(path.parent) not in message
    return message


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("x.png", {}),
        ("x.jpg", {"quality": 95}),
        ("x.jpg", {"quality": 95, "progressive": True}),
        ("x.bmp", {}),
        ("x.gif", {}),
        ("x.webp", {"lossless": True}),
        ("x.tif", {}),
        ("x.tif", {"compression": "tiff_lzw"}),
        ("x.tif", {"compression": "tiff_adobe_deflate"}),
    ],
    ids=str,
)
@pytest.mark.parametrize("kept", [0, 3, 12, 60, 0.5, 0.9])
def test_truncated(tmp_path: Path, name: str, options: dict[str, Any], kept: float) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (150, 150, 3), dtype=np.uint8)
    whole = save(tmp_path / name, pixels, **options).read_bytes()
    assert read(tmp_path / name).size == (150, 150)
    (tmp_path / name).write_bytes(whole[: int(kept if kept >= 1 else kept * len(whole))])
    reason(tmp_path / name)


@pytest.mark.parametrize("kept", [0.3, 0.7, 0.95])
def test_truncated_16_bit_colour(tmp_path: Path, kept: float) -> None:
    tifffile.imwrite(tmp_path / "x.tif", RGB16, photometric="rgb")
    whole = (tmp_path / "x.tif").read_bytes()
    (tmp_path / "x.tif").write_bytes(whole[: int(kept * len(whole))])
    reason(tmp_path / "x.tif")


def test_fakes(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_text("<!DOCTYPE html><html>404</html>")
    assert "not a PNG, JPEG, BMP, TIFF" in reason(tmp_path / "x.jpg")
    (tmp_path / "empty.png").touch()
    assert reason(tmp_path / "empty.png") == "empty file"
    assert reason(tmp_path / "gone.png") == "No such file or directory"
    (tmp_path / "dir.png").mkdir()
    assert reason(tmp_path / "dir.png") == "Is a directory"


def test_a_picture_by_another_name_is_read(tmp_path: Path) -> None:
    save(tmp_path / "x.png", GREY).rename(tmp_path / "x.jpg")
    assert np.array_equal(eight_bits(read(tmp_path / "x.jpg")), GREY)


def test_decompression_bomb(tmp_path: Path) -> None:
    write_png(tmp_path / "x.png", (60_000, 60_000), 8, 0, zlib.compress(bytes(10_000)))
    assert "decompression bomb" in reason(tmp_path / "x.png")


def test_damaged_exif_does_not_cost_the_image(tmp_path: Path) -> None:
    save(tmp_path / "x.jpg", GREY, exif=b"Exif\0\0MM\0*\xff\xff\xff\xffgarbage")
    assert read(tmp_path / "x.jpg").size == SIZE


def test_numbers_that_are_no_grey_levels(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "x.tif", np.full(SIZE, np.nan, np.float32))
    assert "none of its pixels is a number" in reason(tmp_path / "x.tif")
    tifffile.imwrite(tmp_path / "y.tif", np.ones(SIZE, np.complex64))
    assert "complex64" in reason(tmp_path / "y.tif")
