"""What a reader finds in an image file, and the rules by which it becomes the pixels of a set."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neuplug.data.pixels import Pixels

# Pictures of more pixels are refused: a small file that claims them would fill the memory
MOST_MEGAPIXELS = 500

_LARGE = 50 * 10**6  # pixels of a picture from which one at a time is decoded
_one_large = threading.RLock()
_ROWS = 256  # that are composited at a time: intermediate numbers take several times the memory


class Unreadable(Exception):
    """The file cannot be decoded; the message is the reason, without the path."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """One decoded image.

    Attributes:
        native: (H, W) grey or (H, W, 3) RGB: uint8; uint16 of whole numbers up to 65535; else
            float32 or float64.
        mode: How the file stores it, in words, for example ``RGB holding grey``.
        size: (height, width) in pixels, after orientation.
        digest: SHA-256 over the native pixels: equal for equal images, however stored.
        depth: The dtype of the file's numbers, for example ``uint8`` or ``int16``.
        pages: How many pages or frames the file has.
        remarks: What of it was left out or changed: the ends of sentences.
    """

    native: Pixels
    mode: str
    size: tuple[int, int]
    digest: str
    depth: str = "uint8"
    pages: int = 1
    remarks: tuple[str, ...] = ()


@dataclass(eq=False)
class Stored:
    """An image as its file stores it.

    Attributes:
        pixels: (H, W), or (H, W, C) with C 1 or 3 and, after these, alpha; of any dtype.
        mode: In words.
        alpha: What the last band is, if it is alpha.
        orientation: As EXIF numbers it, from 1.
        size: (height, width) where ``pixels`` have been reduced.
        depth: The file's dtype where ``pixels`` have another one.
        pages: Of the file.
        remarks: See :class:`Decoded`.
    """

    pixels: NDArray[Any]
    mode: str
    alpha: Literal["", "straight", "premultiplied"] = ""
    orientation: int = 1
    size: tuple[int, int] | None = None
    depth: str = ""
    pages: int = 1
    remarks: tuple[str, ...] = ()


def check_size(height: int, width: int, held: contextlib.ExitStack) -> bool:
    """Refuse pictures that would fill the memory, and have large ones wait for one another.

    Args:
        height: In pixels.
        width: In pixels.
        held: What is let go when the picture has been decoded.

    Returns:
        Whether it is a large one.

    Raises:
        Unreadable: With what to do.
    """
    if height * width > MOST_MEGAPIXELS * 10**6:
        raise Unreadable(
            f"its header claims {height}x{width} pixels; above {MOST_MEGAPIXELS} megapixels it is "
            "taken for a decompression bomb: if it is real, reduce it or cut it up"
        )
    if height * width > _LARGE:
        held.enter_context(_one_large)
    return height * width > _LARGE


def bands_remark(bands: int, colours: int, alpha: bool) -> tuple[str, ...]:
    """The remark on bands of which the first ones, and alpha, are used, if these are not all."""
    first = ("first" if colours == 1 else "first three") + (" and alpha" if alpha else "")
    are = "is" if first == "first" else "are"
    left = bands > colours + alpha
    return (f"have {bands} bands, of which the {first} {are} used",) if left else ()


def decoded(stored: Stored) -> Decoded:
    """Apply the rules.

    Raises:
        Unreadable: If the pixels are no numbers.
    """
    pixels, remarks, mode = stored.pixels, list(stored.remarks), stored.mode
    size = stored.size or pixels.shape[:2]
    if not pixels.size:
        raise Unreadable("it has no pixels")
    depth = stored.depth or pixels.dtype.name
    if pixels.dtype == np.bool_:
        pixels, depth = pixels.astype(np.uint8) * np.uint8(255), "uint8"
    pixels = _numbers(pixels, remarks)
    if stored.alpha:
        pixels = _composited(pixels, stored.alpha == "premultiplied", remarks)
    if pixels.ndim == 3 and (pixels.shape[2] == 1 or _is_grey(pixels)):
        mode += " holding grey" if pixels.shape[2] == 3 and not mode.startswith("grey") else ""
        pixels = pixels[..., 0]
    native = np.ascontiguousarray(_oriented(pixels, stored.orientation))
    digest = hashlib.sha256(repr((native.shape, native.dtype.str)).encode())
    digest.update(native.data)
    size = size[::-1] if stored.orientation in (5, 6, 7, 8) else size
    return Decoded(native, mode, size, digest.hexdigest(), depth, stored.pages, tuple(remarks))


def _numbers(pixels: NDArray[Any], remarks: list[str]) -> Pixels:
    """Numbers of any type as uint8, uint16 or finite floating point."""
    if pixels.dtype.kind not in "uif":
        raise Unreadable(f"its pixels are {pixels.dtype.name} numbers, which are no grey levels")
    if pixels.dtype in (np.uint8, np.uint16):
        return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    if pixels.dtype.kind != "f":
        whole = pixels.min() >= 0 and pixels.max() <= 65535
        return pixels.astype(np.uint16 if whole else np.promote_types(pixels.dtype, np.float32))
    pixels = pixels.astype(np.promote_types(pixels.dtype, np.float32).newbyteorder("="))
    finite = np.abs(pixels) <= np.finfo(np.float32).max  # also not where one is NaN
    if finite.all():
        return pixels
    if not finite.any():
        raise Unreadable("none of its pixels is a number below 3.4e38: all are larger or NaN")
    remarks.append("have pixels that are NaN or infinite, drawn as the darkest or brightest one")
    low, high = pixels[finite].min(), pixels[finite].max()
    return np.where(finite, pixels, np.where(pixels > 0, high, low))


def _composited(pixels: Pixels, premultiplied: bool, remarks: list[str]) -> Pixels:
    """The colours of (H, W, 2 or 4), whose last band is alpha, over white."""
    colours, alpha = pixels[..., :-1], pixels[..., -1:]
    if pixels.dtype not in (np.uint8, np.uint16):
        remarks.append("have alpha with numbers that are no parts of a whole, which is ignored")
        return colours
    if not alpha.any():
        remarks.append("have alpha that hides the whole image, which is ignored")
        return colours
    top = int(np.iinfo(pixels.dtype).max)
    if (alpha == top).all():
        return colours
    over = _over(colours, alpha, top, premultiplied)
    if over.min() == over.max() and alpha.min() < alpha.max():
        over = _over(colours, alpha, 0, premultiplied)
        remarks.append("would be blank with white where they are transparent: there they are black")
    return over


def _over(colours: Pixels, alpha: Pixels, ground: int, premultiplied: bool) -> Pixels:
    """Colours composited over a grey level; the numbers are rounded once."""
    top = np.iinfo(colours.dtype).max
    found = np.empty(colours.shape, colours.dtype)
    for start in range(0, len(colours), _ROWS):
        rows = slice(start, start + _ROWS)
        part, own = alpha[rows].astype(np.uint32), colours[rows].astype(np.uint32)
        own = np.minimum(own, part) * top if premultiplied else own * part
        found[rows] = (own + ground * (top - part) + top // 2) // top
    return found


def _is_grey(pixels: Pixels) -> bool:
    red = pixels[..., 0]
    return np.array_equal(red, pixels[..., 1]) and np.array_equal(red, pixels[..., 2])


def _oriented(pixels: Pixels, orientation: int) -> Pixels:
    """Undo an EXIF orientation, 2 to 8; anything else is upright."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
