"""Where to cut squares out of an image: around its failures, and where it is intact.

Squares are (top, left) of one side length, always wholly inside the image.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from neuplug_labelme.annotation import Region

Square: TypeAlias = tuple[int, int]  # (top, left)


def failure_squares(
    region: Region, side: int, size: tuple[int, int], min_part: float
) -> tuple[list[Square], int]:
    """Squares that show one failure: one around its centre, or several where it is larger.

    A failure longer than ``side`` is cut along its longer extent into adjacent squares, each of
    which is centred on the failure in the other direction; so a slanting failure stays in its
    squares. Where it is wider than ``side``, squares lie side by side in that direction too; by up
    to an eighth it may reach beyond them, since nobody wants a square for a few pixels. But for
    that, and before slivers are left out, the squares cover every pixel of the failure.

    Args:
        region: The failure's pixels.
        side: Of the squares, in pixels; no side of the image is shorter.
        size: (height, width) of the image.
        min_part: Of several squares those are left out of which a smaller share is failure, but
            for the one that shows most of it.

    Returns:
        The squares in reading order of the longer extent, and how many were left out.
    """
    mask = region.mask
    flipped = mask.shape[0] > mask.shape[1]
    if flipped:  # cut along the columns in any case
        mask, size = mask.T, size[::-1]
    top, left = (region.left, region.top) if flipped else (region.top, region.left)
    found: list[Square] = []
    for x in _row(left, left + mask.shape[1], side, size[1]):
        section = mask[:, max(0, x - left) : max(0, x + side - left)]
        rows = np.flatnonzero(section.any(axis=1))
        if rows.size:  # a shape may consist of two pieces
            extent = top + int(rows[0]), top + int(rows[-1]) + 1
            found += [(y, x) for y in _row(*extent, side, size[0], slack=side // 8)]
    squares = [(x, y) for y, x in found] if flipped else found
    if len(squares) == 1:
        return squares, 0
    shown = [region.inside(*square, side) for square in squares]
    enough = min(min_part * side**2, max(shown))
    kept = [s for s, number in zip(squares, shown, strict=True) if number and number >= enough]
    return kept, len(squares) - len(kept)


def _row(first: int, last: int, side: int, limit: int, slack: int = 0) -> list[int]:
    """Starts of the adjacent lengths ``side`` that cover ``first`` to ``last``, centred on it.

    They are moved inside ``limit``, and overlap where they would not fit into it. Up to ``slack``
    of the extent may stay uncovered.
    """
    number = max(1, -(-(last - first - slack) // side))
    if number * side > limit:
        return [round(i * (limit - side) / (number - 1)) for i in range(number)]
    start = (first + last - number * side) // 2
    start = min(max(start, 0), limit - number * side)
    return [start + i * side for i in range(number)]


def intact_places(
    grey: NDArray[np.uint8],
    regions: Sequence[Region],
    side: int,
    margin: int,
    min_contrast: float,
    inset: float,
) -> NDArray[np.bool_]:
    """Where the top left corner of an intact square may lie.

    Args:
        grey: uint8 (H, W).
        regions: Every failure of the image, of whatever label. What they enclose counts as well.
        side: Of the square, in pixels, at most H and W.
        margin: Pixels that stay free between the square and a failure.
        min_contrast: Least standard deviation of the square's pixels, in grey levels.
        inset: Share of the places that is left out at each border, 0 to below 0.5; some remain
            in any image.

    Returns:
        bool (H - side + 1, W - side + 1).
    """
    failure = np.zeros(grey.shape, np.bool_)
    for region in regions:
        height, width = region.mask.shape
        part = failure[region.top : region.top + height, region.left : region.left + width]
        part |= ndimage.binary_fill_holes(region.mask)
    places: NDArray[np.bool_] = _window_sums(np.pad(failure, margin), side + 2 * margin) == 0
    if min_contrast > 0:
        mean = _window_sums(grey, side) / side**2
        mean_square = _window_sums(np.square(grey, dtype=np.uint16), side) / side**2
        places &= mean_square - mean**2 >= min_contrast**2 - 1e-6
    for axis, number in enumerate(places.shape):
        away = round(inset * (number - 1))
        inner = np.zeros(number, np.bool_)
        inner[away : number - away] = True
        places &= inner[:, None] if axis == 0 else inner
    return places


def draw_squares(
    places: NDArray[np.bool_], side: int, count: int, rng: random.Random
) -> list[Square]:
    """Draw places at random, so that no two squares share a pixel, until none is left.

    A larger count gives the same squares and more.

    Args:
        places: Where the top left corner may lie.
        side: Of the squares, in pixels.
        count: How many are wanted.
        rng: The source of randomness.
    """
    free = places.copy()
    squares: list[Square] = []
    while len(squares) < count:
        spots = np.flatnonzero(free)
        if not spots.size:
            break
        # of random's functions only random() gives the same in every Python
        spot = int(spots[int(rng.random() * spots.size)])
        y, x = divmod(spot, free.shape[1])
        squares.append((y, x))
        free[max(0, y - side + 1) : y + side, max(0, x - side + 1) : x + side] = False
    return squares


def _window_sums(values: NDArray[Any], side: int) -> NDArray[Any]:
    """Sums over every square of ``side``; unsigned (H, W) to (H - side + 1, W - side + 1)."""
    most = side**2 * int(values.max(initial=0))
    # the cumulative sums may wrap around: their differences, which fit, are right all the same
    dtype = np.uint32 if most <= np.iinfo(np.uint32).max else np.uint64
    total = np.cumsum(values, axis=1, dtype=dtype)
    rows = total[:, side - 1 :].copy()
    np.subtract(rows[:, 1:], total[:, :-side], out=rows[:, 1:])
    total = np.cumsum(rows, axis=0, dtype=dtype)
    sums = total[side - 1 :].copy()
    np.subtract(sums[1:], total[:-side], out=sums[1:])
    return sums
