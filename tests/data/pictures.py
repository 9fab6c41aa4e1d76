"""Image files as a test needs them."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from neuplug.data.pixels import to_uint8
from neuplug.data.stored import Decoded

SIZE = (20, 30)
RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, SIZE, dtype=np.uint8)
RGB = RANDOM.integers(0, 256, (*SIZE, 3), dtype=np.uint8)
ALPHA = RANDOM.integers(0, 256, SIZE, dtype=np.uint8)
GREY16 = RANDOM.integers(0, 65536, SIZE, dtype=np.uint16)
RGB16 = RANDOM.integers(0, 65536, (*SIZE, 3), dtype=np.uint16)


def eight_bits(decoded: Decoded) -> np.ndarray:
    """Its pixels as uint8, 16 bits scaled by their full range."""
    return to_uint8(decoded.native, 0, 65535)


def save(path: Path, pixels: np.ndarray, **options: Any) -> Path:
    Image.fromarray(pixels).save(path, **options)
    return path


def write_png(
    path: Path, size: tuple[int, int], bits: int, colour: int, data: bytes, **more: bytes
) -> None:
    """Write a PNG by hand, with ``more`` chunks before its pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", size[1], size[0], bits, colour, 0, 0, 0)
    own = [chunk(kind.encode(), content) for kind, content in more.items()]
    parts = [chunk(b"IHDR", header), *own, chunk(b"IDAT", data), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
