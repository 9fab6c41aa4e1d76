"""TIFF: what its tags say, and the pixels of all kinds that Pillow reads in part or not at all."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import IO, Any, Literal

import numpy as np
import tifffile
from numpy.typing import NDArray

from neuplug.data.stored import MOST_MEGAPIXELS, Stored, Unreadable, bands_remark, check_size

STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_ORIENTATION = 274
_KINDS = {"MINISBLACK": 1, "MINISWHITE": 1, "RGB": 3}  # to the number of their colours
# By what the tag ExtraSamples says
_ALPHA: dict[int, Literal["premultiplied", "straight"]] = {1: "premultiplied", 2: "straight"}
_MANY = 64  # pages, from which none of them is looked at

# its remarks on odd files would reach stderr; what matters is raised
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def read_tiff(
    file: IO[bytes], by_pillow: Callable[[], Stored], held: contextlib.ExitStack
) -> Stored:
    """Read the first page.

    Args:
        file: Opened; it stays open.
        by_pillow: Has Pillow read it, which knows more ways of compression and fewer of numbers.
        held: What is let go when the image has been decoded.

    Raises:
        Unreadable: If neither can.
    """
    try:
        tiff = tifffile.TiffFile(file)
        page: Any = tiff.pages.first
        kind, extra = page.photometric.name, tuple(map(int, page.extrasamples))
        bands, shape = page.samplesperpixel, page.shaped
    except Exception:  # broken, or beyond what it knows
        return by_pillow()
    check_size(page.imagelength, page.imagewidth, held)
    if page.size > 4 * MOST_MEGAPIXELS * 10**6:
        raise Unreadable(f"its {bands} bands have more than {4 * MOST_MEGAPIXELS} million values")
    alpha = next((place for place, what in enumerate(extra) if what in _ALPHA), None)
    colours = 3 if bands - (alpha is not None) >= 3 else 1
    chosen = list(range(colours))
    if alpha is not None:
        chosen.append(bands - len(extra) + alpha)
    problem, stored = None, None
    if kind in _KINDS and (page.dtype not in ("uint8", "bool") or bands != _KINDS[kind]):
        try:
            stored = _stored(page, shape, chosen)
            stored.alpha = "" if alpha is None else _ALPHA[extra[alpha]]
        except Exception as error:  # without imagecodecs it inflates few kinds
            problem = error
    try:
        stored = stored or _corrected(by_pillow(), page, alpha is not None)
    except Exception:
        if "imagecodecs" in str(problem):
            how = page.compression.name
            raise Unreadable(f"to read its {how} compression: pip install imagecodecs") from problem
        raise problem or Unreadable(f"a TIFF of kind {kind}, which is not supported") from None
    if page.photometric.name == "MINISWHITE" and stored.pixels.dtype == np.uint16:
        stored.remarks += ("store white as 0; 65535 - value is used, also by --range",)
    if kind in _KINDS:
        stored.remarks += bands_remark(bands, colours, alpha is not None)
    stored.pages = _pages(tiff, page)
    return stored


def _stored(page: Any, shape: tuple[int, ...], chosen: list[int]) -> Stored:
    """The pixels by tifffile, with the bands that are wanted."""
    # planes of separate bands, depth, height, width, bands within a plane
    planes: NDArray[Any] = page.asarray().reshape(shape)[:, 0]
    pixels = np.moveaxis(planes[..., 0], 0, -1) if len(planes) > 1 else planes[0]
    pixels = pixels[..., chosen]
    if page.photometric.name == "MINISWHITE":
        pixels = _negative(pixels)
    name = ("RGB" if len(chosen) > 2 else "grey") + " with alpha" * (len(chosen) % 2 == 0)
    orientation = int(page.tags.valueof(_ORIENTATION, 1))
    return Stored(pixels, name + depth_words(pixels.dtype.name), orientation=orientation)


def _corrected(stored: Stored, page: Any, with_alpha: bool) -> Stored:
    """What Pillow has read, by what tags say that it passes over."""
    kind = _KINDS.get(page.photometric.name)
    if stored.alpha and not with_alpha and kind:
        stored.pixels, stored.alpha = stored.pixels[..., :-1], ""  # a band of another kind
        stored.mode = stored.mode.replace(" with alpha", "")
    own = page.dtype
    if own is not None and own != stored.pixels.dtype and own.kind != "b" and kind == 1:
        # it takes the bytes for numbers of another sign or size
        stored.pixels, stored.depth = stored.pixels.astype(own), own.name
        stored.mode = "grey" + depth_words(own.name)
    if page.photometric.name == "MINISWHITE" and own not in ("uint8", "bool"):
        stored.pixels = _negative(stored.pixels)
    return stored


def depth_words(depth: str) -> str:
    """What is added to the name of a mode for numbers of other than 8 bits."""
    return {"uint8": "", "bool": "", "uint16": " 16 bit"}.get(depth, f" {depth}")


def _negative(pixels: NDArray[Any]) -> NDArray[Any]:
    if pixels.dtype.kind == "u":
        return np.iinfo(pixels.dtype).max - pixels
    return ~pixels if pixels.dtype == np.bool_ else -pixels


def _pages(tiff: tifffile.TiffFile, first: Any) -> int:
    """How many pages there are, without reduced copies and masks of others."""
    try:
        number = len(tiff.pages)
        if 1 < number <= _MANY:
            number = sum(not _is_copy(page, first) for page in tiff.pages)
        # ImageJ describes a stack in its first page alone
        described = (tiff.imagej_metadata or {}).get("images", 1)
        return max(number, int(described), int(first.imagedepth))
    except Exception:  # the first page is there
        return 1


def _is_copy(page: Any, first: Any) -> bool:
    down, across = page.imagelength / first.imagelength, page.imagewidth / first.imagewidth
    smaller = max(down, across) < 1 and abs(down - across) < 0.02
    return bool(page.is_reduced or page.is_mask or smaller)
