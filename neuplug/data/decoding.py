"""From an image file to pixels, by stated rules.

* Grey, palette, bilevel, RGB, CMYK, YCbCr: to grey or RGB. An image whose three channels are
  equal everywhere is grey, however it is stored.
* More bands than that: the first three, or the first. Which band is alpha, TIFF says.
* Alpha: composited over white, as viewers show it. Alpha that hides the whole image is ignored;
  an image that would be blank over white is composited over black.
* EXIF and TIFF orientation: applied. Colour profiles and all other metadata: ignored.
* Several pages or frames: the first. Thumbnails and reduced copies are no pages.
* More than 8 bits, of any type: kept as they are until the whole set is known, see
  :mod:`neuplug.data.pixels`.
* Truncated, fake, empty and oversized files: :class:`Unreadable`, with the reason.

Pillow reads all but HEIC and the TIFF kinds of :mod:`neuplug.data.tiff`. None of its process-wide
settings is changed or obeyed.
"""

from __future__ import annotations

import contextlib
import io
import math
import re
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, features

from neuplug.data import tiff
from neuplug.data.stored import Decoded, Stored, Unreadable, check_size, decoded
from neuplug.storage.files import SPECIAL, is_special

_FORMATS = ("PNG", "JPEG", "TIFF", "GIF", "WEBP", "PPM", "JPEG2000", "AVIF", "BMP", "DIB")
_KNOWN = "PNG, JPEG, BMP, TIFF, WebP, GIF, PNM, JPEG 2000, AVIF or HEIC"
_PNG = b"\x89PNG\r\n\x1a\n"
_HEIC = frozenset(b"heic heix heim heis hevc hevx hevm hevs mif1 msf1".split())
_AVIF = frozenset((b"avif", b"avis"))
_OPTIONAL = {"AVIF": "avif", "JPEG2000": "jpg_2000", "WEBP": "webp"}  # to features of Pillow
_ORIENTATION = 274
# Chunks of a PNG without which its pixels would be others, beside the critical ones
_NEEDED = frozenset((b"tRNS", b"eXIf", b"acTL", b"fcTL", b"fdAT"))
# Pillow's names of 16 bits a channel, of which it keeps one byte: which one, the letter says
_SIXTEEN = re.compile(r"(RGB|RGBX|RGBA);16([BLN])")
_OTHER_BYTE = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}

_MODE_NAMES = {
    "1": "bilevel",
    "L": "grey",
    "LA": "grey with alpha",
    "P": "palette",
    "PA": "palette with alpha",
    "RGBA": "RGB with alpha",
    "RGBX": "RGB",
}


def read(path: Path, least: int | None = None) -> Decoded:
    """Decode an image file by the rules above.

    Args:
        path: Of the file.
        least: Pixels of a side that suffice: a JPEG of more than 50 megapixels may be decoded at a
            half, a quarter or an eighth of its size, but not below that.

    Raises:
        Unreadable: With the reason.
    """
    try:
        if is_special(path):
            raise Unreadable(SPECIAL)
        with path.open("rb") as file, contextlib.ExitStack() as held:
            return decoded(_read_any(file, least, held))
    except Unreadable:
        raise
    except Exception as error:  # decoders meet broken files with errors of every kind
        raise Unreadable(_reason(error)) from error


def _read_any(file: IO[bytes], least: int | None, held: contextlib.ExitStack) -> Stored:
    start = file.read(256)
    if not start:
        raise Unreadable("empty file")
    if (brands := _brands(start)) & _HEIC and not brands & _AVIF:
        return _read_heic(file, held)

    def by_pillow(source: IO[bytes] = file) -> Stored:
        return _read_pillow(lambda: _opened(source, start), least, held)

    if start[:4] in tiff.STARTS:
        file.seek(0)
        return tiff.read_tiff(file, by_pillow, held)
    try:
        return by_pillow()
    except Unreadable:
        raise
    except Exception:
        if not start.startswith(_PNG):
            raise
        # its text, profile or another chunk that has no part in the pixels may be the reason
        return by_pillow(_without_metadata(file))


def _brands(start: bytes) -> set[bytes]:
    """What an ISO media file says that it can be read as; empty of other files."""
    end = int.from_bytes(start[:4], "big") if start[4:8] == b"ftyp" else 0
    return {start[place : place + 4] for place in range(8, min(end, len(start)), 4)}


def _opened(file: IO[bytes], start: bytes) -> ImageFile.ImageFile:
    """What ``Image.open`` does, without its limit to pixels, which is set for a whole process."""
    Image.init()
    for name in _FORMATS:
        factory, accept = Image.OPEN.get(name, (None, None))
        if not (_brands(start) & _AVIF if name == "AVIF" else accept and accept(start)):
            continue
        if factory is None or not features.check(_OPTIONAL.get(name, "zlib")):
            raise Unreadable(f"{name}: to read it, pip install --upgrade pillow")
        file.seek(0)
        return factory(file, "")
    raise Unreadable(f"not a {_KNOWN} image, whatever its name says")


def _without_metadata(file: IO[bytes]) -> IO[bytes]:
    """A PNG without the chunks that have no part in its pixels."""
    file.seek(len(_PNG))
    parts = [_PNG]
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind[:1].isupper() or kind in _NEEDED:
            parts += [head, file.read(length + 4)]
        else:
            file.seek(length + 4, io.SEEK_CUR)
    return io.BytesIO(b"".join(parts))


# Readers ----------------------------------------------------------------------------------------


def _read_heic(file: IO[bytes], held: contextlib.ExitStack) -> Stored:
    try:
        import pi_heif
    except ImportError:
        raise Unreadable("HEIC: to read it, pip install 'neuplug[heif]'") from None
    file.seek(0)
    found = pi_heif.open_heif(file)
    width, height = found.size
    check_size(height, width, held)
    pixels = np.asarray(found.to_pillow())  # upright
    stored = Stored(pixels, "grey" if pixels.ndim == 2 else "RGB", pages=len(found))
    if found.has_alpha:
        stored.mode += " with alpha"
        stored.alpha = "premultiplied" if found.premultiplied_alpha else "straight"
    return stored


def _read_pillow(
    opened: Callable[[], ImageFile.ImageFile], least: int | None, held: contextlib.ExitStack
) -> Stored:
    image = opened()
    stored = Stored(np.empty(0), "", size=(image.height, image.width), pages=_frames(image))
    if check_size(image.height, image.width, held) and least is not None:
        image.draft(None, (least, least))  # of a JPEG; others ignore it
    with_alpha = False
    if (deep := _deep_pnm(image)) is not None:
        stored.pixels, stored.mode = deep, ("RGB" if deep.ndim == 3 else "grey") + " 16 bit"
    elif image.mode.startswith("I") or image.mode == "F":
        if "libtiff" in str(image.tile):  # which gives numbers in the order of this machine
            _have_read(image, lambda raw: re.sub(r"([IF];\d+)B", r"\1N", raw))
        stored.pixels = np.asarray(image)
        whole = image.format == "PPM" and image.mode == "I"  # of 16 bits, for Pillow's want of it
        stored.depth = "uint16" if whole else stored.pixels.dtype.name
        stored.mode = "grey" + tiff.depth_words(stored.depth)
        if (clear := image.info.get("transparency")) is not None:
            stored.pixels, with_alpha = _with_alpha(stored.pixels, clear), True
    elif ";16" in str(image.tile):
        stored.pixels, stored.mode, with_alpha = _deep_colour(image, opened)
        if stored.pixels.dtype == np.uint8:
            stored.remarks = ("have 16 bits a channel, of which the higher 8 are used",)
    else:
        stored.pixels, with_alpha = _colours(image)
        stored.mode = _MODE_NAMES.get(image.mode, image.mode)
    stored.alpha = "straight" if with_alpha else ""
    stored.orientation = _orientation(image)
    return stored


def _frames(image: Any) -> int:
    """How many pages or frames there are, without the thumbnails of an MPO."""
    try:
        if image.format == "MPO":
            kinds = [str(entry["Attribute"]["MPType"]) for entry in image.mpinfo[0xB002]]
            return sum("Thumbnail" not in kind for kind in kinds)
        return int(getattr(image, "n_frames", 1))
    except Exception:  # a later one is broken
        return 1


def _colours(image: ImageFile.ImageFile) -> tuple[NDArray[Any], bool]:
    """Of 8 bits or less: grey, RGB, or RGB and alpha; whether there is alpha."""
    image.load()
    if image.has_transparency_data:
        return np.asarray(image.convert("RGBA")), True
    return np.asarray(image.convert("L" if image.mode in {"1", "L"} else "RGB")), False


def _deep_colour(
    image: ImageFile.ImageFile, opened: Callable[[], ImageFile.ImageFile]
) -> tuple[NDArray[Any], str, bool]:
    """RGB of 16 bits a channel, of which Pillow reads one byte at a time, or else one byte of it.

    Returns:
        Pixels, mode, whether there is alpha.
    """
    second = opened()
    name = f"{_MODE_NAMES.get(image.mode, image.mode)} 16 bit"
    if "LA;16B" in str(image.tile):
        _have_read(second, lambda _: "RGBA")  # the four bytes of a value and its alpha
        pixels = np.ascontiguousarray(np.asarray(second)).view(">u2")
        return pixels, "grey with alpha 16 bit", True
    if not _have_read(second, _other_byte):
        pixels, alpha = _colours(image)
        return pixels, name, alpha
    image.load()
    second.load()
    pixels = np.asarray(image).astype(np.uint16) << 8 | np.asarray(second)
    if (clear := image.info.get("transparency")) is not None:
        return _with_alpha(pixels, clear), name, True
    return pixels, name, pixels.shape[2] == 4


def _other_byte(raw: str) -> str | None:
    found = _SIXTEEN.fullmatch(raw)
    return f"{found[1]};16{_OTHER_BYTE[found[2]]}" if found else None


def _have_read(image: ImageFile.ImageFile, renamed: Callable[[str], str | None]) -> bool:
    """Have Pillow take bytes for another kind of pixels of the same size; whether it can."""
    tiles = []
    for tile in image.tile:
        args = tile.args if isinstance(tile.args, tuple) else (tile.args,)
        if not isinstance(args[0], str) or (raw := renamed(args[0])) is None:
            return False
        args = (raw, *args[1:])
        tiles.append(tile._replace(args=args if isinstance(tile.args, tuple) else raw))
    image.tile = tiles
    return bool(tiles)


def _deep_pnm(image: Any) -> NDArray[Any] | None:
    """The values of a binary PNM of more than 8 bits, which Pillow would scale."""
    if image.format != "PPM" or (tile := image.tile[0]).codec_name != "ppm" or tile.args[1] < 256:
        return None
    image.fp.seek(tile.offset)
    shape = (image.height, image.width, *((3,) if image.mode == "RGB" else ()))
    return np.frombuffer(image.fp.read(2 * math.prod(shape)), ">u2").reshape(shape)


def _with_alpha(pixels: NDArray[Any], clear: Any) -> NDArray[Any]:
    """Add alpha that hides one value or colour."""
    planes = np.atleast_3d(pixels)
    shown = (planes != np.asarray(clear, planes.dtype)).any(axis=-1, keepdims=True)
    alpha = np.where(shown, np.iinfo(planes.dtype).max, 0).astype(planes.dtype)
    return np.concatenate([planes, alpha], axis=-1)


def _orientation(image: ImageFile.ImageFile) -> int:
    """The EXIF orientation; 1, upright, where there is none or it makes no sense."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # a broken EXIF block says nothing about the pixels
        return 1


def _reason(error: Exception) -> str:
    """The error in one short line, without a path."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    text = " ".join(text.split())
    if not isinstance(error, OSError):
        text = f"broken ({type(error).__name__}: {text})"
    return text if len(text) <= 160 else text[:159] + "…"
