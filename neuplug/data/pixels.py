"""Pixels of any depth: from the numbers of a file to 8 bits, and from any size to the wanted one.

Images of more than 8 bits keep their numbers until the whole set is known. Then one value of the
set becomes black and one white (:func:`black_and_white`), so that images keep their relative
brightness, cameras that write 10 or 12 bits in 16 are not dark, and a narrow band keeps its
contrast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neuplug.data.pixeloptions import Range, Resize

# (H, W) or (H, W, 3): uint8; uint16; or, of all numbers that do not fit, float32 or float64
Pixels: TypeAlias = NDArray[Any]

# Height and width of a thumbnail, in pixels
SIDE = 64

_LEAST = 8  # pixels of a side, below which copies cannot be told from others
_LUMA = (0.299, 0.587, 0.114)

_TAILS = (0.001, 0.999)  # quantiles of the values of a set that become black and white
_NARROW = 0.1  # part of black to white below which values fill it badly
_FLAT = 5 / 256  # part of it that an image must fill, to be more than a flat one
_TOLD = 0.005  # part of the values beyond black and white that is worth a word
_SAMPLED = 4096  # values of an image that its set's range is found from, at most …
_SAMPLED_IN_ALL = 2**23  # … and of a set


def fit(pixels: Pixels, size: tuple[int, int], how: Resize = "resize") -> Pixels:
    """Bring an image to ``size`` by bilinear interpolation, antialiased where it shrinks.

    Args:
        pixels: (H, W) or (H, W, 3).
        size: (height, width) wanted.
        how: ``resize`` stretches the whole image; ``crop`` keeps the aspect: the shorter side
            is made to fit, and what is over on the longer side is cut off at both ends.

    Returns:
        (height, width) or (height, width, 3), uint8 and uint16 of the same dtype, others float32.
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
    deep: Pixels = np.stack(fitted, axis=-1)
    if pixels.dtype == np.uint16:
        deep = np.rint(deep).clip(0, 65535).astype(np.uint16)
    return deep[..., 0] if pixels.ndim == 2 else deep


def grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W) or (H, W, 3) as (H, W): colours by their luma."""
    if pixels.ndim == 2:
        return pixels
    levels: NDArray[np.uint8] = np.rint(pixels @ np.array(_LUMA)).astype(np.uint8)
    return levels


def thumbnail(pixels: Pixels) -> NDArray[np.uint8]:
    """A grey thumbnail of an image of any size, its proportions not kept.

    Args:
        pixels: (H, W) or (H, W, 3).

    Returns:
        uint8 (``SIDE``, ``SIDE``); black where a side has fewer than 8 pixels, which are too few
        to tell a copy.
    """
    if min(pixels.shape[:2]) < _LEAST:
        return np.zeros((SIDE, SIDE), dtype=np.uint8)
    return grey(to_uint8(fit(pixels, (SIDE, SIDE))))


# Black and white ------------------------------------------------------------------------------


def to_uint8(
    pixels: Pixels, low: float | None = None, high: float | None = None
) -> NDArray[np.uint8]:
    """8 bits of each value: ``low`` and less is 0, ``high`` and more 255; uint8 stays as it is.

    Args:
        pixels: Of any shape.
        low: Black; by default as :func:`black_and_white` finds it in this image.
        high: White.
    """
    if pixels.dtype == np.uint8:
        return pixels
    if low is None or high is None:
        low, high = black_and_white(sample(pixels))
    scaled = (pixels.astype(np.float64) - low) / (high - low)
    levels: NDArray[np.uint8] = np.rint(scaled.clip(0, 1) * 255).astype(np.uint8)
    return levels


def sample(pixels: Pixels, images: int = 1) -> NDArray[np.float64]:
    """Some values of one of ``images`` images, spread evenly over it, in order; none of uint8.

    Up to two values at either end, or 0.1 %, are left out where they lie apart from all others by
    more than twice the spread of these, as hot and dead pixels do.
    """
    if pixels.dtype == np.uint8:
        return np.empty(0)
    most = int(np.clip(_SAMPLED_IN_ALL // images, 64, _SAMPLED))
    flat = pixels.ravel()
    places = np.linspace(0, flat.size - 1, min(flat.size, most)).astype(np.int64)
    values = np.sort(flat[places].astype(np.float64))
    return _together(values, lambda aside: aside.size <= max(2, _TAILS[0] * values.size))


def black_and_white(values: NDArray[np.float64]) -> tuple[float, float]:
    """The values that become black and white: the quantiles at 0.1 and 99.9 % of all.

    One value at either end that lies apart from all others, by more than twice the spread of
    these, is left out first: the 0 or -9999 that fills what no sensor has seen.

    Args:
        values: One-dimensional, finite, at least one.

    Returns:
        Low < high.
    """
    values = _together(np.sort(values), lambda aside: aside[0] == aside[-1])
    low, high = map(float, np.quantile(values, _TAILS))
    if low == high:  # nearly all are equal: the few others are what there is to see
        low, high = float(values[0]), float(values[-1])
    return (low, high) if low < high else (low, low + 1)


def _together(
    values: NDArray[np.float64], dispensable: Callable[[NDArray[np.float64]], bool]
) -> NDArray[np.float64]:
    """Sorted values without what lies apart at either end and is dispensable."""
    while values[0] < values[-1]:
        gaps = np.diff(values)
        edge = int(gaps.argmax())
        below, above = values[: edge + 1], values[edge + 1 :]
        for aside, rest in ((below, above), (above, below)):
            # without its own ends, of which one may be a fill value too
            inner = rest[(rest > rest[0]) & (rest < rest[-1])]
            spread = inner[-1] - inner[0] if inner.size else 0
            if dispensable(aside) and 0 < 2 * spread < gaps[edge]:
                values = rest
                break
        else:
            break
    return values


class PixelRange(NamedTuple):
    """What becomes black and white in all images of one kind that have more than 8 bits.

    Attributes:
        low: Black.
        high: White.
        note: A sentence about it.
        warning: Another, if values fill it badly; else empty.
    """

    low: float
    high: float
    note: str
    warning: str

    def narrow(self, values: NDArray[np.float64]) -> bool:
        """Whether values fill less than a tenth of black to white."""
        least, most = black_and_white(values)
        return min(most, self.high) - max(least, self.low) < _NARROW * (self.high - self.low)

    def nearly_flat(self, values: NDArray[np.float64]) -> bool:
        """Whether values that differ become five grey levels or fewer."""
        return bool(0 < np.ptp(values) < _FLAT * (self.high - self.low))


def kind_of(depth: str, how: Range) -> str:
    """The kind of numbers that share black and white, by the type that a file has.

    Args:
        depth: A dtype's name, such as ``uint16`` or ``float32``; ``uint8`` has no kind.
        how: As asked for.
    """
    if depth == "uint8":
        return ""
    if how == "full":  # each type has its own
        return depth
    return "floating-point numbers" if depth.startswith("float") else "integers"


def find_range(kind: str, samples: Sequence[NDArray[Any]], how: Range) -> PixelRange:
    """Black and white of all images of one kind.

    Args:
        kind: Of :func:`kind_of`.
        samples: Some values of each image.
        how: As asked for.
    """
    values, floating = np.concatenate(samples), kind.startswith("float")
    least, most = black_and_white(values)
    if not floating:
        least, most = np.floor(least), np.ceil(most)
    low, high = least, most
    why = "0.1 % and 99.9 % of all values, outliers and fill values apart"
    if how == "full":
        low, high = (0, 1) if floating else (np.iinfo(kind).min, np.iinfo(kind).max)
        why = "the whole range of this type"
    elif how != "auto":
        (low, high), why = how, "as --range says"
    elif floating and low >= 0 and high <= 1:
        low, high, why = 0, 1, "by convention where all values are in 0-1"
    beyond = np.mean((values < low) | (values > high))
    if beyond >= _TOLD:
        why += f"; {beyond:.1%} of the values lie beyond"
    note = (
        f"{len(samples)} image(s) have more than 8 bits ({kind}): {number(low)} is black and "
        f"{number(high)} is white in all of them ({why}). --range LOW,HIGH sets other values."
    )
    warning, used = "", (min(most, high) - max(least, low)) / (high - low)
    if used < _NARROW:
        warning = (
            f"Nearly all values of {len(samples)} image(s) lie between {number(least)} and "
            f"{number(most)}, which leaves {max(1, round(256 * used))} of 256 grey levels: give "
            f"--range {number(least)},{number(most)}."
        )
    return PixelRange(float(low), float(high), note, warning)


def number(value: float) -> str:
    """A value of a pixel, for a person."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.6g}"
