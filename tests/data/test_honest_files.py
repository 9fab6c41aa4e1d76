"""Large metadata, large pictures, alpha of all kinds: honest files are read, bombs are refused."""

from __future__ import annotations

import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile, PngImagePlugin

from neuplug.data.dataset import load_dataset
from neuplug.data.decoding import read
from neuplug.data.stored import Unreadable

from .loading import refusal
from .pictures import ALPHA, GREY, RGB, SIZE, eight_bits, save, write_png

PIXELS = zlib.compress(b"".join(b"\0" + row.tobytes() for row in GREY))
LONG = b"long\0" + bytes(70 * 2**20)


def settings() -> tuple[Any, ...]:
    """What all code in the process shares."""
    return (
        Image.MAX_IMAGE_PIXELS,
        ImageFile.LOAD_TRUNCATED_IMAGES,
        PngImagePlugin.MAX_TEXT_CHUNK,
        PngImagePlugin.MAX_TEXT_MEMORY,
        list(warnings.filters),
    )


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("zTXt", b"key\0\0" + zlib.compress(LONG)),
        ("iTXt", b"key\0\1\0\0\0" + zlib.compress(LONG)),
        ("iCCP", b"profile\0\0" + zlib.compress(LONG)),
        ("tEXt", LONG[: 2**22]),
        ("zTXt", b"key\0\0no deflate stream"),
        ("iCCP", b""),
        ("gAMA", b"\0"),
        ("pHYs", b"\0"),
        ("prVt", bytes(100)),
    ],
    ids=lambda value: value if isinstance(value, str) else str(len(value)),
)
def test_metadata_plays_no_part(tmp_path: Path, kind: str, content: bytes) -> None:
    before = settings()
    write_png(tmp_path / "x.png", SIZE, 8, 0, PIXELS, **{kind: content})
    assert np.array_equal(read(tmp_path / "x.png").native, GREY)
    assert settings() == before


def test_metadata_after_the_pixels_and_with_a_wrong_checksum(tmp_path: Path) -> None:
    write_png(tmp_path / "x.png", SIZE, 8, 0, PIXELS, tEXt=b"key\0value")
    data = (tmp_path / "x.png").read_bytes()
    damaged = data.replace(b"value", b"valve")
    (tmp_path / "x.png").write_bytes(damaged)
    assert np.array_equal(read(tmp_path / "x.png").native, GREY)
    text = b"key\0\0" + zlib.compress(LONG)
    chunk = struct.pack(">I", len(text)) + b"zTXt" + text
    chunk += struct.pack(">I", zlib.crc32(b"zTXt" + text))
    end = data.index(b"IEND") - 4
    (tmp_path / "y.png").write_bytes(data[:end] + chunk + data[end:])
    assert np.array_equal(read(tmp_path / "y.png").native, GREY)


def test_what_belongs_to_the_pixels_is_kept_beside_bad_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 3
    image = Image.fromarray(GREY % 4)
    image.putpalette([0, 0, 0, 90, 90, 90, 180, 180, 180, 255, 255, 255])
    image.save(tmp_path / "x.png", transparency=0, exif=exif)
    whole = (tmp_path / "x.png").read_bytes()
    place = whole.index(b"PLTE") - 4
    bad = struct.pack(">I", 3) + b"gAMAabc" + bytes(4)
    (tmp_path / "x.png").write_bytes(whole[:place] + bad + whole[place:])
    expected = np.array([255, 90, 180, 255], np.uint8)[GREY % 4][::-1, ::-1]
    assert np.array_equal(eight_bits(read(tmp_path / "x.png")), expected)


@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.gif", "x.bmp", "x.webp", "x.tif"])
def test_bytes_after_the_end(tmp_path: Path, name: str) -> None:
    plain = read(save(tmp_path / name, RGB))
    with (tmp_path / name).open("ab") as file:
        file.write(bytes(3000) + b"trailer")
    assert read(tmp_path / name).digest == plain.digest


def test_a_jpeg_full_of_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    exif[37500] = bytes(60_000)
    options: dict[str, Any] = {"quality": 95, "icc_profile": bytes(200_000), "comment": b"c" * 9999}
    save(tmp_path / "x.jpg", RGB, exif=exif, **options)
    assert read(tmp_path / "x.jpg").size == SIZE[::-1]


# Size -------------------------------------------------------------------------------------------


def test_pictures_of_200_megapixels_are_read(tmp_path: Path) -> None:
    """More than Pillow's own limit of 179."""
    before = settings()
    size = (10_000, 18_000)
    row = b"\0" + np.packbits(np.arange(size[1]) < size[1] // 2).tobytes()
    write_png(tmp_path / "x.png", size, 1, 0, zlib.compress(row * size[0], 1))
    decoded = read(tmp_path / "x.png")
    assert decoded.size == decoded.native.shape == size
    assert decoded.native[5, [0, -1]].tolist() == [255, 0]
    assert settings() == before


def test_a_large_jpeg_is_reduced_while_it_is_decoded(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 255, 9000).astype(np.uint8), (6000, 1))
    path = save(tmp_path / "x.jpg", ramp)
    small = read(path, least=100)
    assert small.size == (6000, 9000) and small.native.shape == (750, 1125)
    assert read(save(tmp_path / "y.jpg", ramp[:2000]), least=100).native.shape == (2000, 9000)


@pytest.mark.parametrize(("height", "width"), [(60_000, 60_000), (1, 2**31 - 1), (25_000, 20_001)])
def test_what_claims_more_is_refused_with_what_to_do(
    tmp_path: Path, height: int, width: int
) -> None:
    write_png(tmp_path / "x.png", (height, width), 8, 0, zlib.compress(bytes(10_000)))
    with pytest.raises(Unreadable, match=r"500 megapixels .* decompression bomb: .*reduce it or"):
        read(tmp_path / "x.png")


# Alpha ------------------------------------------------------------------------------------------


def test_alpha_that_hides_everything_is_ignored_and_said(tmp_path: Path) -> None:
    for number in range(4):
        for folder, alpha in (("a", np.zeros_like(ALPHA)), ("b", ALPHA)):
            path = tmp_path / folder / f"{number}.png"
            path.parent.mkdir(exist_ok=True)
            save(path, np.dstack([np.roll(RGB, number, 0), alpha]))
    dataset = load_dataset(tmp_path, imgsz=SIZE, near="off")
    shown = dataset.images.images[dataset.images.ids.index("a/0.png")].permute(1, 2, 0)
    assert np.array_equal(shown, RGB)
    assert dataset.report.warnings() == (
        "4 image(s) have alpha that hides the whole image, which is ignored: "
        "a/0.png, a/1.png, a/2.png and 1 more.",
    )


def test_a_palette_that_is_transparent_throughout(tmp_path: Path) -> None:
    image = Image.fromarray(GREY % 3)
    image.putpalette([10, 20, 30, 90, 90, 90, 200, 0, 0])
    image.save(tmp_path / "x.png", transparency=bytes(3))
    decoded = read(tmp_path / "x.png")
    assert np.array_equal(decoded.native, np.asarray(image.convert("RGB")))
    assert "hides the whole image" in decoded.remarks[0]


def test_white_on_transparency_is_shown_on_black_and_said(tmp_path: Path) -> None:
    white = np.full_like(RGB, 255)
    decoded = read(save(tmp_path / "x.png", np.dstack([white, ALPHA])))
    assert np.array_equal(decoded.native, ALPHA)
    assert decoded.remarks[0].startswith("would be blank with white where they are transparent")
    grey = read(save(tmp_path / "y.png", np.dstack([white // 2, ALPHA])))
    assert grey.remarks == ()


# All at once ------------------------------------------------------------------------------------


def broken(folder: Path) -> Path:
    for number in range(12):
        path = folder / "abc"[number % 3] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        save(path, np.roll(GREY, number, 1))
        if number % 3 == 1 or number == 0:
            path.write_bytes(b"" if number % 2 else b"no picture")
    return folder


def test_strict_names_all_files_at_once(tmp_path: Path) -> None:
    said = refusal(broken(tmp_path), imgsz=8, strict=True, classes=["a", "c"])
    assert said.startswith("1 file(s) cannot be read: a/0.png (not a PNG")
    said = refusal(tmp_path, imgsz=8, strict=True)
    assert said.startswith("5 file(s) cannot be read: a/0.png, b/4.png and b/10.png (not a PNG")
    assert "; b/1.png and b/7.png (empty file). Without --strict" in said


def test_all_classes_without_an_image_are_named_at_once(tmp_path: Path) -> None:
    for path in broken(tmp_path).glob("c/*"):
        path.write_bytes(b"")
    said = refusal(tmp_path, imgsz=8)
    assert said.startswith("classes b and c have no image that can be read; 8 file(s): ")
    assert "(empty file)" in said and "(not a PNG" in said
