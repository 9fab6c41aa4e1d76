"""Each pixel format by its stated rule."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from neuplug.data.decoding import read
from neuplug.data.pixels import fit
from neuplug.data.stored import Unreadable

from .pictures import ALPHA, GREY, GREY16, RGB, RGB16, SIZE, eight_bits, save, write_png

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # on broken files


def over_white(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    part = alpha.reshape(alpha.shape + (1,) * (pixels.ndim - 2)) / 255
    return np.rint(pixels * part + 255 * (1 - part)).astype(np.uint8)


# Ways to store the same -------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "tiff", "gif", "pgm"])
def test_grey(tmp_path: Path, suffix: str) -> None:
    decoded = read(save(tmp_path / f"x.{suffix}", GREY))
    assert np.array_equal(eight_bits(decoded), GREY)
    assert eight_bits(decoded).dtype == np.uint8
    assert decoded.size == SIZE


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "ppm"])
def test_rgb(tmp_path: Path, suffix: str) -> None:
    decoded = read(save(tmp_path / f"x.{suffix}", RGB))
    assert np.array_equal(eight_bits(decoded), RGB)
    assert (decoded.mode, decoded.depth) == ("RGB", "uint8")


def test_jpeg_close_to_the_original(tmp_path: Path) -> None:
    ramp = np.tile(np.arange(0, 240, 8, dtype=np.uint8), (20, 1))
    decoded = read(save(tmp_path / "x.jpg", ramp, quality=95))
    assert np.abs(eight_bits(decoded).astype(int) - ramp).max() <= 4
    assert decoded.mode == "grey"


def test_grey_stored_as_rgb_is_grey(tmp_path: Path) -> None:
    decoded = read(save(tmp_path / "x.png", np.stack([GREY] * 3, -1)))
    assert np.array_equal(eight_bits(decoded), GREY)
    assert decoded.mode == "RGB holding grey"
    nearly = np.stack([GREY] * 3, -1)
    nearly[0, 0, 0] ^= 1
    assert eight_bits(read(save(tmp_path / "y.png", nearly))).shape == (*SIZE, 3)


def test_palette(tmp_path: Path) -> None:
    image = Image.fromarray(RGB).quantize(16)
    image.save(tmp_path / "x.png")
    decoded = read(tmp_path / "x.png")
    assert np.array_equal(eight_bits(decoded), np.asarray(image.convert("RGB")))
    assert decoded.mode == "palette"


def test_palette_whose_used_entries_are_grey(tmp_path: Path) -> None:
    image = Image.fromarray(GREY % 4)
    image.putpalette([0, 0, 0, 90, 90, 90, 180, 180, 180, 255, 255, 255, 255, 0, 0])
    image.save(tmp_path / "x.png")
    decoded = read(tmp_path / "x.png")
    assert np.array_equal(eight_bits(decoded), np.array([0, 90, 180, 255], np.uint8)[GREY % 4])
    assert decoded.mode == "palette holding grey"


def test_bilevel(tmp_path: Path) -> None:
    Image.fromarray(GREY > 127).save(tmp_path / "x.png")
    decoded = read(tmp_path / "x.png")
    assert np.array_equal(eight_bits(decoded), np.where(GREY > 127, 255, 0))
    assert decoded.mode == "bilevel"


def test_cmyk(tmp_path: Path) -> None:
    flat = np.full((16, 16, 3), (200, 40, 40), np.uint8)
    Image.fromarray(flat).convert("CMYK").save(tmp_path / "x.jpg", quality=100)
    decoded = read(tmp_path / "x.jpg")
    assert np.abs(eight_bits(decoded).astype(int) - flat).max() <= 3
    assert decoded.mode == "CMYK"


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_alpha_is_composited_over_white(tmp_path: Path, suffix: str) -> None:
    options = {"lossless": True, "exact": True} if suffix == "webp" else {}
    decoded = read(save(tmp_path / f"x.{suffix}", np.dstack([RGB, ALPHA]), **options))
    assert np.array_equal(eight_bits(decoded), over_white(RGB, ALPHA))
    assert decoded.mode == "RGB with alpha"


def test_grey_with_alpha(tmp_path: Path) -> None:
    decoded = read(save(tmp_path / "x.png", np.dstack([GREY, ALPHA])))
    assert np.array_equal(eight_bits(decoded), over_white(GREY, ALPHA))
    assert decoded.mode == "grey with alpha"


def test_transparent_colour_of_a_palette(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8))
    image.putpalette([10, 20, 30, 200, 100, 0])
    image.save(tmp_path / "x.png", transparency=0)
    expected = [[[255] * 3, [200, 100, 0]], [[200, 100, 0], [255] * 3]]
    assert eight_bits(read(tmp_path / "x.png")).tolist() == expected


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "tif", "deep.tif"])
def test_orientation_is_applied(tmp_path: Path, orientation: int, suffix: str) -> None:
    upright = RGB
    # how a camera that was held so would have stored it: the inverse of what a viewer does
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright.transpose(1, 0, 2)[::-1, ::-1],
        8: np.rot90(upright, -1),
    }[orientation]
    path = tmp_path / f"x.{suffix}"
    if suffix == "deep.tif":
        tag = (274, 3, 1, orientation, True)
        tifffile.imwrite(path, stored.astype(np.uint16) * 257, photometric="rgb", extratags=[tag])
    else:
        exif = Image.Exif()
        exif[274] = orientation
        save(path, np.ascontiguousarray(stored), exif=exif)
    decoded = read(path)
    assert np.array_equal(eight_bits(decoded), upright)
    assert decoded.size == SIZE


@pytest.mark.parametrize("suffix", ["gif", "tif"])
def test_first_of_several_frames(tmp_path: Path, suffix: str) -> None:
    more = [Image.fromarray(255 - GREY)]
    save(tmp_path / f"x.{suffix}", GREY, save_all=True, append_images=more)
    assert np.array_equal(eight_bits(read(tmp_path / f"x.{suffix}")), GREY)


# More than 8 bits -------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"compression": "zlib"}])
def test_grey_16_bit(tmp_path: Path, options: dict[str, Any]) -> None:
    names = {"zlib": "tiff_adobe_deflate"}
    options = {k: names.get(v, v) for k, v in options.items()}
    for path in (save(tmp_path / "x.tif", GREY16, **options), save(tmp_path / "x.png", GREY16)):
        decoded = read(path)
        assert np.array_equal(decoded.native, GREY16)
        assert np.array_equal(eight_bits(decoded), np.rint(GREY16 / 257))
        assert (decoded.mode, decoded.depth) == ("grey 16 bit", "uint16")


@pytest.mark.parametrize(
    "options",
    [
        {"byteorder": ">"},
        {"compression": "zlib"},
        {"bigtiff": True},
        {"tile": (16, 16)},
        {"planarconfig": "separate"},
    ],
    ids=str,
)
def test_rgb_16_bit_tiff_in_full_depth(tmp_path: Path, options: dict[str, Any]) -> None:
    pixels = np.moveaxis(RGB16, -1, 0) if "planarconfig" in options else RGB16
    tifffile.imwrite(tmp_path / "x.tif", pixels, photometric="rgb", **options)
    decoded = read(tmp_path / "x.tif")
    assert np.array_equal(decoded.native, RGB16)
    assert decoded.mode == "RGB 16 bit"


def test_rgb_16_bit_tiff_with_alpha(tmp_path: Path) -> None:
    opaque = np.full((*SIZE, 1), 65535, np.uint16)
    clear = np.zeros((*SIZE, 1), np.uint16)
    for name, alpha in (("a", opaque), ("b", clear)):
        path = tmp_path / f"{name}.tif"
        pixels = np.concatenate([RGB16, alpha], -1)
        tifffile.imwrite(path, pixels, photometric="rgb", extrasamples=["unassalpha"])
        decoded = read(path)
        assert np.array_equal(decoded.native, RGB16)  # what is hidden as a whole is shown
        assert (decoded.remarks == ()) == (name == "a")


def filtered(pixels: np.ndarray) -> bytes:
    """Rows of 16-bit values as a PNG has them, each value less the one to its left."""
    rows = pixels.reshape(len(pixels), -1, pixels.shape[2] if pixels.ndim == 3 else 1)
    found = b""
    for row in rows.astype(">u2"):
        data = np.frombuffer(row.tobytes(), np.uint8).reshape(len(row), -1)
        less = np.diff(data, axis=0, prepend=np.zeros_like(data[:1]))
        found += b"\1" + less.tobytes()
    return zlib.compress(found)


@pytest.mark.parametrize(("colour", "bands"), [(0, 1), (4, 2), (2, 3), (6, 4)], ids=str)
def test_png_of_16_bits_in_full_depth(tmp_path: Path, colour: int, bands: int) -> None:
    pixels = RGB16[..., [0, 1, 2, 0]][..., :bands]
    if bands in (2, 4):  # opaque, all but one pixel
        pixels[..., -1] = 65535
        pixels[0, 0, -1] = 0
    write_png(tmp_path / "x.png", SIZE, 16, colour, filtered(pixels))
    expected = pixels[..., 0] if bands < 3 else pixels[..., :3]
    expected[0, 0] = expected[0, 0] if bands in (1, 3) else 65535
    decoded = read(tmp_path / "x.png")
    assert np.array_equal(decoded.native, expected)
    assert decoded.depth == "uint16"
    assert decoded.mode.endswith("16 bit") and decoded.remarks == ()


@pytest.mark.parametrize("pixels", [GREY16, RGB16], ids=["grey", "RGB"])
def test_transparent_value_of_16_bits(tmp_path: Path, pixels: np.ndarray) -> None:
    clear = pixels[2:3, 3].astype(">u2").tobytes()
    write_png(tmp_path / "x.png", SIZE, 16, 2 * (pixels.ndim - 2), filtered(pixels), tRNS=clear)
    expected = pixels.copy()
    expected[(pixels == pixels[2, 3]).reshape(*SIZE, -1).all(axis=-1)] = 65535
    assert np.array_equal(read(tmp_path / "x.png").native, expected)


@pytest.mark.parametrize("largest", [1023, 4095, 65535])
@pytest.mark.parametrize("pixels", [GREY16, RGB16], ids=["pgm", "ppm"])
def test_pnm_of_more_than_8_bits(tmp_path: Path, pixels: np.ndarray, largest: int) -> None:
    pixels = pixels & largest
    kind = "P5" if pixels.ndim == 2 else "P6"
    head = f"{kind}\n# by hand\n{SIZE[1]} {SIZE[0]}\n{largest}\n".encode()
    (tmp_path / "x.pnm").write_bytes(head + pixels.astype(">u2").tobytes())
    assert np.array_equal(read(tmp_path / "x.pnm").native, pixels)


def test_pfm_is_floating_point(tmp_path: Path) -> None:
    pixels = np.linspace(-3, 900, 6, dtype="<f4").reshape(2, 3)
    (tmp_path / "x.pfm").write_bytes(b"Pf\n3 2\n-1.0\n" + pixels[::-1].tobytes())
    decoded = read(tmp_path / "x.pfm")
    assert np.array_equal(decoded.native, pixels)
    assert decoded.depth == "float32"


def test_white_is_zero(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "x.tif", GREY16, photometric="miniswhite")
    tifffile.imwrite(tmp_path / "y.tif", GREY, photometric="miniswhite")
    assert np.array_equal(read(tmp_path / "x.tif").native, 65535 - GREY16)
    assert np.array_equal(read(tmp_path / "y.tif").native, 255 - GREY)


def test_that_white_is_zero_is_said_where_a_range_would_be_of_other_values(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "x.tif", GREY16, photometric="miniswhite")
    assert read(tmp_path / "x.tif").remarks == (
        "store white as 0; 65535 - value is used, also by --range",
    )


def test_numbers_beyond_single_precision_are_said_to_be_that(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "x.tif", np.full((4, 4), 1e300))
    with pytest.raises(Unreadable, match=r"a number below 3.4e38: all are larger or NaN"):
        read(tmp_path / "x.tif")


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint32])
def test_other_integers_within_16_bits(tmp_path: Path, dtype: type) -> None:
    tifffile.imwrite(tmp_path / "x.tif", (GREY16 // 2).astype(dtype))
    assert np.array_equal(read(tmp_path / "x.tif").native, GREY16 // 2)


# Digest -----------------------------------------------------------------------------------------


def test_equal_pixels_have_equal_digests_however_stored(tmp_path: Path) -> None:
    paths = [
        save(tmp_path / "a.png", GREY),
        save(tmp_path / "b.bmp", GREY),
        save(tmp_path / "c.tif", GREY, compression="tiff_lzw"),
        save(tmp_path / "d.png", np.stack([GREY] * 3, -1)),
        save(tmp_path / "e.png", np.dstack([GREY, np.full_like(GREY, 255)])),
    ]
    assert len({read(path).digest for path in paths}) == 1


def test_other_pixels_have_other_digests(tmp_path: Path) -> None:
    changed = GREY.copy()
    changed[-1, -1] ^= 1
    variants = [GREY, changed, GREY.T, GREY.reshape(30, 20), GREY[:, ::-1], RGB]
    digests = {
        read(save(tmp_path / f"{number}.png", np.ascontiguousarray(pixels))).digest
        for number, pixels in enumerate(variants)
    }
    assert len(digests) == len(variants)


# Size -------------------------------------------------------------------------------------------


def test_the_right_size_is_left_alone() -> None:
    assert np.array_equal(fit(RGB, SIZE), RGB)
    assert np.array_equal(fit(GREY16, SIZE, "crop"), GREY16)


@pytest.mark.parametrize("pixels", [GREY, RGB, GREY16, RGB16], ids=["L", "RGB", "L16", "RGB16"])
@pytest.mark.parametrize("size", [(7, 9), (9, 7), (64, 48), (20, 20), (1, 1)])
@pytest.mark.parametrize("how", ["resize", "crop"])
def test_fitted_shape_and_type(pixels: np.ndarray, size: tuple[int, int], how: Any) -> None:
    fitted = fit(pixels, size, how)
    assert fitted.shape == size + pixels.shape[2:]
    assert fitted.dtype == pixels.dtype
    assert pixels.min() <= fitted.min() <= fitted.max() <= pixels.max()


def test_resize_stretches_and_crop_keeps_the_aspect() -> None:
    wide = np.zeros((40, 80), np.uint8)
    wide[:, 20:60] = 200  # a square in the middle, black to its left and right
    stretched = fit(wide, (20, 20))
    assert stretched[:, :4].max() == 0
    assert stretched[:, 6:14].min() == 200
    assert (fit(wide, (20, 20), "crop")[:, 1:-1] == 200).all()
    tall = fit(np.ascontiguousarray(wide.T), (20, 20), "crop")
    assert (tall[1:-1] == 200).all()


def test_crop_is_centred() -> None:
    ramp = np.tile(np.arange(100, dtype=np.uint8), (50, 1))
    assert abs(fit(ramp, (10, 10), "crop").mean() - 49.5) < 0.6


def test_shrinking_is_antialiased() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    small = fit(stripes, (16, 16))[2:-2, 2:-2]
    assert small.min() > 110
    assert small.max() < 145


def test_deep_and_shallow_resize_alike() -> None:
    deep = fit(RGB.astype(np.uint16) * 257, (9, 11))
    assert np.abs((deep >> 8).astype(int) - fit(RGB, (9, 11))).max() <= 1
