"""Kinds of files beside PNG, JPEG and TIFF, and several pages or frames in one file."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, features

from neuplug.data.dataset import load_dataset
from neuplug.data.decoding import read
from neuplug.data.stored import Unreadable

from .loading import refusal
from .pictures import GREY, GREY16, RGB, SIZE, save

# 16x24 pixels: the left half (200, 40, 40), the right half (40, 40, 200)
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAXxtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAA"
    "AAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAABoAABAAAAAAAAAEoAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAAB"
    "AABodmMxAAAAAA5waXRtAAAAAAABAAAA/GlwcnAAAADcaXBjbwAAAHVodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADw"
    "NgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQApQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbqrprm4CGgwIAA"
    "AAyAAAADAIRiAAEABkQBwXPBiQAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABAAAAAQAAAAChjbGFwAA"
    "AAGAAAAAEAAAAQAAAAAf///9gAAAAC////0AAAAAIAAAAQcGl4aQAAAAADCAgIAAAAGGlwbWEAAAAAAAAAAQABBYEC"
    "AwWEAAAAUm1kYXQAAABGKAGvCchqRhojm1H/F/f6F6GvAtGA9Uc9ekrhFCZujSotF0kSKktA+7abgADcKTz9L0Dzld"
    "4vcWsy6cv5srFOgOMjVa17LA=="
)
SMOOTH = np.add.outer(np.arange(32), np.arange(0, 96, 2)).astype(np.uint8)


def needs(feature: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not features.check(feature), reason=f"this Pillow has no {feature}")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("x.avif", {"quality": 95}, marks=needs("avif")),
        pytest.param("x.jp2", {}, marks=needs("jpg_2000")),
        pytest.param("x.j2k", {}, marks=needs("jpg_2000")),
        pytest.param("x.webp", {"lossless": True}, marks=needs("webp")),
    ],
    ids=str,
)
@pytest.mark.parametrize("renamed", ["", "IMG_1.HEIC", "x.jpg"])
def test_read_by_what_is_in_it(
    tmp_path: Path, name: str, options: dict[str, Any], renamed: str
) -> None:
    path = save(tmp_path / name, np.stack([SMOOTH, SMOOTH.max() - SMOOTH, SMOOTH], -1), **options)
    if renamed:
        path = path.rename(tmp_path / renamed)
    found = read(path).native.astype(int)
    assert np.abs(found[..., 0] - SMOOTH).max() <= 6
    assert np.abs(found[..., 1] - (int(SMOOTH.max()) - SMOOTH)).max() <= 6


@needs("avif")
def test_avif_that_calls_itself_heic(tmp_path: Path) -> None:
    data = save(tmp_path / "x.avif", SMOOTH).read_bytes()
    (tmp_path / "x.heic").write_bytes(data[:8] + b"heic" + data[12:])
    assert read(tmp_path / "x.heic").digest == read(tmp_path / "x.avif").digest


@pytest.mark.parametrize("name", ["AVIF", "JPEG2000", "WEBP"])
def test_what_this_pillow_cannot_read(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    suffix, feature = {"AVIF": ("avif", "avif"), "WEBP": ("webp", "webp")}.get(
        name, ("jp2", "jpg_2000")
    )
    if not features.check(feature):
        pytest.skip("there is nothing to take away")
    path = save(tmp_path / f"x.{suffix}", SMOOTH)
    monkeypatch.setattr(features, "check", lambda asked: asked != feature)
    with pytest.raises(Unreadable, match=f"^{name}: to read it, pip install --upgrade pillow$"):
        read(path)


@needs("jpg_2000")
def test_jpeg_2000_of_16_bits(tmp_path: Path) -> None:
    decoded = read(save(tmp_path / "x.jp2", GREY16))
    assert np.array_equal(decoded.native, GREY16)
    assert decoded.depth == "uint16"


def photographs(folder: Path) -> Path:
    """Six HEIC photographs and two PNG, of two classes."""
    for number in range(8):
        path = folder / "ab"[number % 2] / f"{number}.{'png' if number < 2 else 'heic'}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(HEIC) if number >= 2 else save(path, np.roll(RGB, number))
    return folder


def test_heic(tmp_path: Path) -> None:
    pytest.importorskip("pi_heif")
    registered = dict(Image.OPEN)
    (tmp_path / "x.jpg").write_bytes(HEIC)
    decoded = read(tmp_path / "x.jpg")
    assert decoded.native.shape == (16, 24, 3)
    assert np.abs(decoded.native[:, 2].astype(int) - (200, 40, 40)).max() <= 8
    assert np.abs(decoded.native[:, -2].astype(int) - (40, 40, 200)).max() <= 8
    assert "HEIF" not in registered.keys() ^ Image.OPEN.keys()


def test_heic_without_its_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)  # as where it is not installed
    photographs(tmp_path)
    (said,) = load_dataset(tmp_path, imgsz=8, near="off").report.warnings()[:1]
    assert said.startswith("6 file(s) cannot be read and are skipped: ")
    assert "and 3 more (HEIC: to read it, pip install 'neuplug[heif]')" in said
    assert "not a" not in said
    strict = refusal(tmp_path, imgsz=8, strict=True)
    assert strict.startswith("6 file(s) cannot be read: ") and "pip install" in strict


# Several pages or frames ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x.gif", "x.webp", "x.png", "x.tif", "x.mpo", "x.avif"])
def test_the_first_of_several_is_used(tmp_path: Path, name: str) -> None:
    if name in ("x.avif", "x.webp") and not features.check(name[2:]):
        pytest.skip("this Pillow does not write it")
    more = [Image.fromarray(pixels) for pixels in (SMOOTH.T[:32].repeat(2, 1)[:, :48], 99 - SMOOTH)]
    save(tmp_path / name, SMOOTH, save_all=True, append_images=more)
    decoded = read(tmp_path / name)
    assert decoded.pages == 3
    assert np.abs(decoded.native.reshape(*SMOOTH.shape, -1)[..., 0].astype(int) - SMOOTH).max() <= 9


@pytest.mark.parametrize(
    "options",
    [
        {"photometric": "minisblack"},
        {"imagej": True},
        {"ome": True},
        {"volumetric": True, "tile": (16, 16, 16), "photometric": "minisblack"},
        {"compression": "zlib", "photometric": "minisblack"},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_stacks(tmp_path: Path, options: dict[str, Any], dtype: Any) -> None:
    stack = np.random.default_rng(0).integers(0, 255, (6, 32, 32)).astype(dtype)
    tifffile.imwrite(tmp_path / "x.tif", stack, **options)
    decoded = read(tmp_path / "x.tif")
    assert decoded.pages == 6
    assert np.array_equal(decoded.native, stack[0])


def test_reduced_copies_and_thumbnails_are_no_pages(tmp_path: Path) -> None:
    big = np.random.default_rng(0).integers(0, 255, (128, 128), dtype=np.uint8)
    with tifffile.TiffWriter(tmp_path / "pyramid.tif") as tiff:
        tiff.write(big, subifds=2, tile=(16, 16))
        tiff.write(big[::2, ::2], subfiletype=1, tile=(16, 16))
        tiff.write(big[::4, ::4], subfiletype=1, tile=(16, 16))
    with tifffile.TiffWriter(tmp_path / "chain.tif") as tiff:  # as slide scanners write it
        tiff.write(big)
        tiff.write(big[::4, ::4])
        tiff.write(big[::8, ::8], subfiletype=1)
        tiff.write(big > 99, subfiletype=4, photometric="mask")
    save(tmp_path / "exif.jpg", big, exif=_exif_with_thumbnail())
    for name in ("pyramid.tif", "chain.tif", "exif.jpg"):
        assert read(tmp_path / name).pages == 1
    with tifffile.TiffWriter(tmp_path / "two.tif") as tiff:
        tiff.write(big)
        tiff.write(big[:100])
    assert read(tmp_path / "two.tif").pages == 2


def _exif_with_thumbnail() -> Image.Exif:
    exif = Image.Exif()
    exif[274] = 1
    exif.get_ifd(0x8769)[0x927C] = b"maker note" * 5000
    return exif


def test_pages_are_said_of_a_set(tmp_path: Path) -> None:
    more = [Image.fromarray(255 - GREY)] * 5
    for number in range(8):
        path = tmp_path / "ab"[number % 2] / f"{number}.tif"
        path.parent.mkdir(exist_ok=True)
        pixels = np.roll(GREY, number, 1)
        save(path, pixels, save_all=True, append_images=more)
    save(tmp_path / "a" / "single.tif", GREY[::-1])
    (said,) = load_dataset(tmp_path, imgsz=8, near="off").report.warnings()
    assert said == (
        "8 file(s) have 48 pages or frames; the first of each is used: "
        "a/0.tif, a/2.tif, a/4.tif and 5 more."
    )
    assert GREY.shape == SIZE
