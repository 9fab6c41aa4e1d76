"""Damaged and made-up files of every format: pixels, or one sentence that says why not."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from neuplug.data.decoding import read
from neuplug.data.stored import Unreadable

from .test_formats import HEIC

pytestmark = pytest.mark.filterwarnings("ignore")  # of the readers, on broken files

PIXELS = np.random.default_rng(0).integers(0, 256, (9, 11, 4), dtype=np.uint8)
SUITE = settings(
    max_examples=25,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
STARTS = [
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    b"\xff\xd8\xff\xe1",
    b"II*\0\x08\0\0\0",
    b"MM\0*\0\0\0\x08",
    b"II+\0\x08\0\0\0",
    b"GIF89a",
    b"BM",
    b"RIFF\x40\0\0\0WEBPVP8 ",
    b"RIFF\x40\0\0\0WEBPVP8L",
    b"RIFF\x40\0\0\0WEBPVP8X",
    b"P5 ",
    b"P6 9 9 65535\n",
    b"P1\n",
    b"Pf\n",
    b"\0\0\0\x0cjP  \r\n\x87\n",
    b"\xff\x4f\xff\x51",
    b"\0\0\0\x1cftypavif\0\0\0\0",
    b"\0\0\0\x18ftypheic\0\0\0\0",
    b"\x28\0\0\0",
]


def by_pillow(kind: str, mode: str = "RGB", **options: object) -> Callable[[], bytes]:
    def make() -> bytes:
        file = io.BytesIO()
        Image.fromarray(PIXELS).convert(mode).save(file, kind, **options)
        return file.getvalue()

    return make


def by_tifffile(pixels: np.ndarray, **options: object) -> Callable[[], bytes]:
    def make() -> bytes:
        file = io.BytesIO()
        tifffile.imwrite(file, pixels, **options)
        return file.getvalue()

    return make


WHOLE: dict[str, Callable[[], bytes]] = {
    "png": by_pillow("PNG", "RGBA"),
    "palette": by_pillow("PNG", "P", transparency=3),
    "png of 16 bits": by_pillow("PNG", "I;16"),
    "jpeg": by_pillow("JPEG", progressive=True),
    "cmyk": by_pillow("JPEG", "CMYK"),
    "mpo": by_pillow("MPO", save_all=True, append_images=[Image.new("RGB", (11, 9))]),
    "gif": by_pillow("GIF", save_all=True, append_images=[Image.new("RGB", (11, 9))]),
    "bmp": by_pillow("BMP"),
    "webp": by_pillow("WEBP"),
    "ppm": by_pillow("PPM"),
    "jp2": by_pillow("JPEG2000"),
    "avif": by_pillow("AVIF"),
    "heic": lambda: HEIC,
    "tiff": by_pillow("TIFF", compression="tiff_lzw"),
    "deep tiff": by_tifffile(PIXELS[..., :3].astype(np.uint16) * 99, photometric="rgb"),
    "float tiff": by_tifffile(PIXELS[..., 0] / 3, compression="zlib"),
    "bands": by_tifffile(PIXELS, photometric="minisblack", planarconfig="contig"),
    "stack": by_tifffile(PIXELS, photometric="minisblack"),
}


@cache
def whole(name: str) -> bytes:
    try:
        return WHOLE[name]()
    except (OSError, KeyError):
        pytest.skip("this Pillow does not write it")


def holds(path: Path, data: bytes) -> None:
    """The file is read as an image of the right kind, or refused in a sentence."""
    path.write_bytes(data)
    try:
        decoded = read(path)
    except Unreadable as error:
        said = str(error)
        assert said and said.isprintable() and len(said) <= 200
        assert str(path.parent) not in said
        return
    assert decoded.native.ndim in (2, 3) and decoded.native.size
    assert decoded.native.dtype.name in ("uint8", "uint16", "float32", "float64")
    assert np.isfinite(decoded.native).all()
    assert decoded.pages >= 1


@pytest.mark.parametrize("name", list(WHOLE))
@SUITE
@given(data=st.data())
def test_damaged(tmp_path: Path, name: str, data: st.DataObject) -> None:
    found = bytearray(whole(name))
    places = st.integers(0, min(len(found), 200) - 1)  # where the headers are
    for place, byte in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=4)):
        found[place] = byte
    end = data.draw(st.one_of(st.just(len(found)), st.integers(0, len(found))))
    holds(tmp_path / "x", bytes(found[:end]) + data.draw(st.binary(max_size=8)))


@SUITE
@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=120))
def test_made_up(tmp_path: Path, start: bytes, rest: bytes) -> None:
    holds(tmp_path / "x", start + rest)


@pytest.mark.parametrize("name", list(WHOLE))
def test_they_are_read_where_nothing_is_damaged(tmp_path: Path, name: str) -> None:
    if name == "heic":
        pytest.importorskip("pi_heif")
    (tmp_path / "x").write_bytes(whole(name))
    sizes = {"heic": (16, 24), "stack": (11, 4)}  # nine pages of these
    assert read(tmp_path / "x").size == sizes.get(name, (9, 11))
