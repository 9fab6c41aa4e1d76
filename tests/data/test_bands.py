"""TIFF with more bands than colours have, and in all ways of lying in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from neuplug.data.dataset import load_dataset
from neuplug.data.decoding import read
from neuplug.data.stored import Unreadable

from .pictures import GREY16, RGB, RGB16, SIZE

RANDOM = np.random.default_rng(3)
CUBE = RANDOM.integers(0, 256, (*SIZE, 13), dtype=np.uint8)
WAYS: list[dict[str, Any]] = [
    {},
    {"planarconfig": "separate"},
    {"tile": (16, 16)},
    {"tile": (16, 16), "planarconfig": "separate", "compression": "zlib"},
    {"byteorder": ">"},
]


def write(path: Path, pixels: np.ndarray, **options: Any) -> Path:
    options = {"photometric": "minisblack", "planarconfig": "contig", **options}
    if options["planarconfig"] == "separate":
        pixels = np.moveaxis(pixels, -1, 0)
    tifffile.imwrite(path, pixels, **options)
    return path


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("bands", [2, 3, 4, 5, 13])
def test_the_first_bands_are_used(
    tmp_path: Path, way: dict[str, Any], dtype: Any, bands: int
) -> None:
    pixels = CUBE[..., :bands].astype(dtype) * 3
    decoded = read(write(tmp_path / "x.tif", pixels, **way))
    assert np.array_equal(decoded.native, pixels[..., :3] if bands > 2 else pixels[..., 0])
    left = {2: "have 2 bands, of which the first is used", 3: None}
    remark = left.get(bands, f"have {bands} bands, of which the first three are used")
    assert decoded.remarks == ((remark,) if remark else ())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("extra", ["unspecified", "unassalpha", "assocalpha"])
def test_a_fourth_band_is_alpha_where_the_file_says_so(
    tmp_path: Path, dtype: Any, extra: str
) -> None:
    top = np.iinfo(dtype).max
    pixels = CUBE[..., :4].astype(dtype) * (top // 255)
    pixels[..., 3] = top // 5
    pixels[..., :3] //= 8  # less than alpha, as where it is premultiplied
    path = write(tmp_path / "x.tif", pixels, photometric="rgb", extrasamples=[extra])
    decoded = read(path)
    rgb = pixels[..., :3].astype(np.float64)
    white = top * 0.8
    over = {"unspecified": rgb, "unassalpha": rgb / 5 + white, "assocalpha": rgb + white}[extra]
    near = 2 if dtype == np.uint8 else 4
    assert np.abs(decoded.native - over).max() <= near
    assert bool(decoded.remarks) == (extra == "unspecified")


def test_alpha_behind_another_band(tmp_path: Path) -> None:
    """Red, green, blue, near infrared, alpha, as remote sensing has it."""
    pixels = CUBE[..., :5].copy()
    pixels[..., 4] = 255
    pixels[0, 0, 4] = 0
    extra = ["unspecified", "unassalpha"]
    decoded = read(write(tmp_path / "x.tif", pixels, photometric="rgb", extrasamples=extra))
    pixels[0, 0] = 255
    assert np.array_equal(decoded.native, pixels[..., :3])
    assert decoded.remarks == ("have 5 bands, of which the first three and alpha are used",)


def test_bands_are_said_of_a_set(tmp_path: Path) -> None:
    for number in range(8):
        path = tmp_path / "ab"[number % 2] / f"{number}.tif"
        path.parent.mkdir(exist_ok=True)
        write(path, RANDOM.integers(0, 256, (8, 8, 4 + number % 2), dtype=np.uint8))
    warnings = load_dataset(tmp_path, imgsz=8).report.warnings()
    said = "4 image(s) have {} bands, of which the first three are used: {}/{}.tif, "
    assert any(w.startswith(said.format(4, "a", 0)) and w.endswith("and 1 more.") for w in warnings)
    assert any(w.startswith(said.format(5, "b", 1)) for w in warnings)


def test_premultiplied_alpha_however_compressed(tmp_path: Path) -> None:
    pixels = CUBE[..., :4].copy()
    pixels[..., :3] = np.minimum(pixels[..., :3], pixels[..., 3:])
    options: dict[str, Any] = {"photometric": "rgb", "extrasamples": ["assocalpha"]}
    plain = read(write(tmp_path / "x.tif", pixels, **options)).native.astype(int)
    packed = read(write_lzw(tmp_path / "y.tif", pixels, "<", **options)).native
    assert np.abs(plain - packed).max() <= 2
    assert np.abs(plain - (pixels[..., :3] + 255.0 - pixels[..., 3:])).max() <= 1


def test_two_bands_however_compressed(tmp_path: Path) -> None:
    options: dict[str, Any] = {"extrasamples": ["unspecified"]}
    for number, writer in enumerate((write, write_lzw)):
        order = ["<"] if writer is write_lzw else []
        decoded = read(writer(tmp_path / f"{number}.tif", CUBE[..., :2], *order, **options))
        assert np.array_equal(decoded.native, CUBE[..., 0])
        assert decoded.remarks == ("have 2 bands, of which the first is used",)


# Compressed as tifffile alone cannot read -----------------------------------------------------


def lzw(data: bytes) -> bytes:
    """As TIFF's LZW, with a new table before codes would need ten bits."""
    codes = [code for i in range(0, len(data), 200) for code in (256, *data[i : i + 200])]
    bits = "".join(f"{code:09b}" for code in [*codes, 257])
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def write_lzw(path: Path, pixels: np.ndarray, order: str, **options: Any) -> Path:
    options = {"photometric": "minisblack", "planarconfig": "contig", **options}
    tifffile.imwrite(path, pixels, byteorder=order, rowsperstrip=len(pixels), **options)
    packed, end = (
        lzw(pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()),
        path.stat().st_size,
    )
    with path.open("ab") as file:
        file.write(packed)
    with tifffile.TiffFile(path, mode="r+") as tiff:
        for tag, value in ((273, end), (279, len(packed)), (259, 5)):
            tiff.pages.first.tags[tag].overwrite(value)  # type: ignore[union-attr]
    return path


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("pixels", "options"),
    [
        (GREY16, {}),
        (RGB16, {"photometric": "rgb"}),
        (np.dstack([RGB16, GREY16]), {"photometric": "rgb", "extrasamples": ["unspecified"]}),
        (np.dstack([RGB, GREY16 >> 8]).astype(np.uint8), {"photometric": "rgb"}),
        ((GREY16 >> 8).astype(np.int8), {}),
        ((GREY16 - 32768.0).astype(np.int16), {}),
        (GREY16 * 3.0 - 9, {}),
        (GREY16.astype(np.int32) * 7 - 90000, {}),
        (GREY16.astype(np.uint32) * 60000, {}),
        (np.dstack([RGB16] * 2), {}),
    ],
    ids=["16", "RGB16", "RGBX16", "RGBX", "int8", "int16", "float64", "int32", "uint32", "6 bands"],
)
def test_right_or_refused_with_what_to_install(
    tmp_path: Path, pixels: np.ndarray, options: dict[str, Any], order: str
) -> None:
    if pixels.shape[2:] == (4,) and pixels.dtype == np.uint8:
        options = {**options, "extrasamples": ["unspecified"]}
    path = write_lzw(tmp_path / "x.tif", pixels, order, **options)
    try:
        decoded = read(path)
    except Unreadable as error:
        assert str(error) == "to read its LZW compression: pip install imagecodecs"
        assert pixels.dtype.itemsize > 2 or pixels.shape[2:] == (6,)
        return
    assert np.array_equal(decoded.native, pixels[..., :3] if pixels.ndim == 3 else pixels)
    assert decoded.depth == pixels.dtype.name
