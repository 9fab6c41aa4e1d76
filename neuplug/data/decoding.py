"""From an image file to pixels, by stated rules, and from any size to the wanted one.

* Grey, palette, bilevel, RGB, CMYK, YCbCr: to grey or RGB. An image whose three channels are
  equal everywhere is grey, however it is stored.
* Alpha: composited over white, as viewers show it.
* EXIF and TIFF orientation: applied. Colour profiles: not applied.
* Several pages or frames: the first.
* 16 bits: kept until the whole set is known, then divided by the same power of two for every
  image, so that the largest value of the set fits in 8 bits (:func:`to_uint8`). Cameras that write
  10 or 12 bits in 16 are thus not dark, and images keep their relative brightness. Of colour PNG
  with 16 bits a channel the high byte is read, as Pillow does.
* Floating point: 0-1 is black to white; other values are refused. 32-bit integers: up to 65535.
* Truncated, fake, empty and oversized files: :class:`Unreadable`, with the reason.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

Pixels: TypeAlias = NDArray[Any]  # uint8 or uint16
Resize: TypeAlias = Literal["resize", "crop"]

_FORMATS = ("PNG", "JPEG", "BMP", "DIB", "TIFF", "WEBP", "GIF", "PPM")
_KNOWN = "PNG, JPEG, BMP, TIFF, WebP, GIF or PNM"
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_ORIENTATION = 274
_PHOTOMETRIC = 262
_BITS_PER_SAMPLE = 258
_DEPTHS = (8, 10, 12, 14, 16)

# Height and width of a thumbnail, in pixels
SIDE = 64

_LEAST = 8  # pixels of a side, below which copies cannot be told from others
_LUMA = (0.299, 0.587, 0.114)

# its remarks on odd files would reach stderr; what matters is raised
logging.getLogger("tifffile").addHandler(logging.NullHandler())


class Unreadable(Exception):
    """The file cannot be decoded; the message is the reason, without the path."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """One decoded image.

    Attributes:
        native: uint8 or, of 16-bit files, uint16; (H, W) grey or (H, W, 3) RGB.
        mode: How the file stores it, in words, for example ``RGB holding grey``.
        size: (height, width) in pixels, after orientation.
        bits: 8, or for 16-bit files the smallest of 8, 10, 12, 14 and 16 that hold its values.
        digest: SHA-256 over the native pixels: equal for equal images, however stored.
    """

    native: Pixels
    mode: str
    size: tuple[int, int]
    bits: int
    digest: str


def read(path: Path) -> Decoded:
    """Decode an image file by the rules above.

    Raises:
        Unreadable: With the reason.
    """
    try:
        native, mode, bits = _read_any(path)
    except Unreadable:
        raise
    except Exception as error:  # decoders meet broken files with errors of every kind
        raise Unreadable(_reason(error)) from error
    if native.ndim == 3 and _is_grey(native):
        native = native[..., 0]
        mode += "" if mode.startswith("grey") else " holding grey"
    native = np.ascontiguousarray(native)
    digest = hashlib.sha256(repr((native.shape, native.dtype.str)).encode())
    digest.update(native.data)
    return Decoded(native, mode, native.shape[:2], bits, digest.hexdigest())


def to_uint8(pixels: Pixels, bits: int) -> NDArray[np.uint8]:
    """Keep the high 8 of ``bits`` significant bits; uint8 pixels stay as they are."""
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    return (pixels >> (bits - 8)).astype(np.uint8)


def fit(pixels: Pixels, size: tuple[int, int], how: Resize = "resize") -> Pixels:
    """Bring an image to ``size`` by bilinear interpolation, antialiased where it shrinks.

    Args:
        pixels: (H, W) or (H, W, 3), uint8 or uint16.
        size: (height, width) wanted.
        how: ``resize`` stretches the whole image; ``crop`` keeps the aspect: the shorter side
            is made to fit, and what is over on the longer side is cut off at both ends.

    Returns:
        (height, width) or (height, width, 3), of the same dtype.
    """
    height, width = pixels.shape[:2]
    box = (0.0, 0.0, float(width), float(height))
    if how == "crop":
        scale = min(height / size[0], width / size[1])
        over_y, over_x = height - scale * size[0], width - scale * size[1]
        box = (over_x / 2, over_y / 2, width - over_x / 2, height - over_y / 2)
    if (height, width) == size:
        return pixels

    def resized(channel: NDArray[Any]) -> NDArray[Any]:
        image = Image.fromarray(channel)
        return np.asarray(image.resize(size[::-1], Image.Resampling.BILINEAR, box))

    if pixels.dtype == np.uint8:
        return resized(pixels)
    # Pillow resizes more than 8 bits as single floating-point channels only
    planes = np.atleast_3d(pixels).astype(np.float32)
    fitted = [resized(np.ascontiguousarray(planes[..., c])) for c in range(planes.shape[2])]
    deep: Pixels = np.rint(np.stack(fitted, axis=-1)).clip(0, 65535).astype(np.uint16)
    return deep[..., 0] if pixels.ndim == 2 else deep


def thumbnail(pixels: Pixels, bits: int = 8) -> NDArray[np.uint8]:
    """A grey thumbnail of an image of any size, its proportions not kept.

    Args:
        pixels: (H, W) or (H, W, 3), uint8 or uint16.
        bits: Significant bits of uint16 pixels.

    Returns:
        uint8 (``SIDE``, ``SIDE``); black where a side has fewer than 8 pixels, which are too few
        to tell a copy.
    """
    if min(pixels.shape[:2]) < _LEAST:
        return np.zeros((SIDE, SIDE), dtype=np.uint8)
    small = to_uint8(fit(pixels, (SIDE, SIDE)), bits)
    grey: NDArray[np.uint8] = small
    if small.ndim == 3:
        grey = np.rint(small @ np.array(_LUMA)).astype(np.uint8)
    return grey


def _read_any(path: Path) -> tuple[Pixels, str, int]:
    """Native pixels with orientation applied, mode in words, significant bits."""
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise Unreadable("empty file")
    is_tiff = start in _TIFF_STARTS
    try:
        with Image.open(path, formats=_FORMATS) as image:
            if is_tiff and _is_deep_colour(image):
                try:
                    return _read_tifffile(path)
                except Exception:  # without imagecodecs it inflates few kinds
                    if not _halves(image):
                        raise
            return _read_pillow(image)
    except UnidentifiedImageError:
        if not is_tiff:
            raise Unreadable(f"not a {_KNOWN} image, whatever its name says") from None
    except Image.DecompressionBombError:
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        raise Unreadable(f"more than {limit:,} pixels, treated as a decompression bomb") from None
    return _read_tifffile(path)


def _is_deep_colour(image: Image.Image) -> bool:
    """Whether a TIFF has several channels of more than 8 bits, which Pillow reads in part."""
    bits = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (8,))
    return len(bits) > 1 and max(bits) > 8


def _halves(image: Image.Image) -> bool:
    """Whether Pillow reads the high byte of 16 bits a channel, as it does of all but grey."""
    return ";16" in str(getattr(image, "tile", "")) and not image.mode.startswith("I")


def _read_pillow(image: Image.Image) -> tuple[Pixels, str, int]:
    mode, halved = image.mode, _halves(image)
    inverted = getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0
    image.load()
    if mode.startswith("I") or mode == "F":
        native = _scalar(np.asarray(image))
        if inverted and native.dtype == np.uint16:  # white is zero
            native = np.iinfo(np.uint16).max - native
    elif image.has_transparency_data:
        native = _over_white(np.asarray(image.convert("RGBA")))
    elif mode in {"1", "L"}:
        native = np.asarray(image.convert("L"))
    else:
        native = np.asarray(image.convert("RGB"))
    native = _oriented(native, _orientation(image))
    if native.dtype == np.uint16:
        return native, "grey 16 bit", _significant_bits(native)
    name = _MODE_NAMES.get(mode, mode)
    return (native, f"{name} 16 bit", 16) if halved else (native, name, 8)


_MODE_NAMES = {
    "1": "bilevel",
    "L": "grey",
    "LA": "grey with alpha",
    "P": "palette",
    "PA": "palette with alpha",
    "RGBA": "RGB with alpha",
    "F": "floating point",
}


def _read_tifffile(path: Path) -> tuple[Pixels, str, int]:
    with tifffile.TiffFile(path) as tiff:
        page: Any = tiff.pages.first
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        if limit and page.imagelength * page.imagewidth > limit:
            raise Unreadable(f"more than {limit:,} pixels, treated as a decompression bomb")
        array = page.asarray()
        photometric = page.photometric.name
        alpha = bool(page.extrasamples)
        tag = page.tags.get(_ORIENTATION)
        orientation = int(tag.value) if tag is not None else 1
        planar = page.planarconfig == tifffile.PLANARCONFIG.SEPARATE
    if planar and array.ndim == 3:
        array = np.moveaxis(array, 0, -1)
    native = _scalar(array)
    if photometric not in {"MINISBLACK", "MINISWHITE", "RGB"}:
        raise Unreadable(f"a TIFF of kind {photometric}, which is not supported")
    if photometric == "MINISWHITE":
        native = np.iinfo(native.dtype).max - native
    colour = photometric == "RGB"
    channels = native.shape[2] if native.ndim == 3 else 1
    if native.ndim not in (2, 3) or channels != (3 if colour else 1) + alpha:
        raise Unreadable(f"a TIFF with {channels} channels, which are not grey or RGB")
    if alpha:
        native = _over_white(native)
    bits = _significant_bits(native) if native.dtype == np.uint16 else 8
    if not colour and native.ndim == 3:
        native = native[..., 0]
    name = ("RGB" if colour else "grey") + (" with alpha" if alpha else "")
    depth = " 16 bit" if native.dtype == np.uint16 else ""
    return _oriented(native, orientation), name + depth, bits


def _scalar(array: NDArray[Any]) -> Pixels:
    """Numbers of any type as uint8 or uint16."""
    if array.dtype in (np.uint8, np.uint16):
        return array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    low, high = array.min(), array.max()
    if np.issubdtype(array.dtype, np.floating):
        if not (low >= 0 and high <= 1):  # also where one is NaN
            raise Unreadable(f"floating-point pixels from {low:g} to {high:g}, not 0 to 1")
        grey: Pixels = np.rint(array * 255).astype(np.uint8)
        return grey
    if not (np.issubdtype(array.dtype, np.integer) and low >= 0 and high <= 65535):
        raise Unreadable(f"{array.dtype} pixels from {low} to {high}, not 0 to 65535")
    deep: Pixels = array.astype(np.uint16)
    return deep


def _over_white(pixels: Pixels) -> Pixels:
    """Composite (H, W, 2 or 4), whose last channel is alpha, over white."""
    top = np.iinfo(pixels.dtype).max
    alpha = pixels[..., -1:].astype(np.float64) / top
    blended: Pixels = np.rint(pixels[..., :-1] * alpha + top * (1 - alpha)).astype(pixels.dtype)
    return blended


def _is_grey(pixels: Pixels) -> bool:
    red = pixels[..., 0]
    return np.array_equal(red, pixels[..., 1]) and np.array_equal(red, pixels[..., 2])


def _significant_bits(pixels: Pixels) -> int:
    needed = int(pixels.max(initial=0)).bit_length()
    return next(depth for depth in _DEPTHS if depth >= needed)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation; 1, upright, where there is none or it makes no sense."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # a broken EXIF block says nothing about the pixels
        return 1


def _oriented(pixels: Pixels, orientation: int) -> Pixels:
    """Undo an EXIF orientation, 2 to 8; anything else is upright."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _reason(error: Exception) -> str:
    """The error in one short line, without a path."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    text = " ".join(text.split())
    if not isinstance(error, OSError):
        text = f"broken ({type(error).__name__}: {text})"
    return text if len(text) <= 160 else text[:159] + "…"
