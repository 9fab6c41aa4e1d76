"""The affine operations: each draws one matrix for each image.

A matrix is float64 (3, 3) and maps a point of the input to its place in the output. Points are
(x, y, 1) in pixels from the centre of the image, x to the right and y down, so that flips and
rotations are purely linear and a chain of operations is a product of matrices.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from neuplug_classical.draws import chance, uniform
from neuplug_classical.options import (
    CropOptions,
    FlipOptions,
    RotateOptions,
    ShearOptions,
    TranslateOptions,
    ZoomOptions,
)

Matrices = NDArray[np.float64]
Size = tuple[int, int]


def matrices(
    count: int,
    xx: ArrayLike = 1.0,
    xy: ArrayLike = 0.0,
    yx: ArrayLike = 0.0,
    yy: ArrayLike = 1.0,
    x: ArrayLike = 0.0,
    y: ArrayLike = 0.0,
) -> Matrices:
    """``[[xx, xy, x], [yx, yy, y], [0, 0, 1]]`` for each image, float64 (count, 3, 3)."""
    found = np.zeros((count, 3, 3))
    found[:, 0, 0], found[:, 0, 1], found[:, 0, 2] = xx, xy, x
    found[:, 1, 0], found[:, 1, 1], found[:, 1, 2] = yx, yy, y
    found[:, 2, 2] = 1.0
    return found


def flip(options: FlipOptions, count: int, size: Size, rng: torch.Generator) -> Matrices:
    """Mirror left-right and top-bottom, each with its own probability."""
    horizontal = chance(options.horizontal, count, rng)
    vertical = chance(options.vertical, count, rng)
    return matrices(count, xx=np.where(horizontal, -1.0, 1.0), yy=np.where(vertical, -1.0, 1.0))


def zoom(options: ZoomOptions, count: int, size: Size, rng: torch.Generator) -> Matrices:
    """Scale x and y by one factor."""
    applied = chance(options.probability, count, rng)
    factor = np.where(applied, uniform(options.min_factor, options.max_factor, count, rng), 1.0)
    return matrices(count, xx=factor, yy=factor)


def rotate(options: RotateOptions, count: int, size: Size, rng: torch.Generator) -> Matrices:
    """Rotate counter-clockwise."""
    applied = chance(options.probability, count, rng)
    angle = uniform(options.min_degrees, options.max_degrees, count, rng)
    angle = np.deg2rad(np.where(applied, angle, 0.0))
    cos, sin = np.cos(angle), np.sin(angle)
    return matrices(count, xx=cos, xy=sin, yx=-sin, yy=cos)


def translate(options: TranslateOptions, count: int, size: Size, rng: torch.Generator) -> Matrices:
    """Shift by whole pixels, so that a shift alone leaves the pixels as they are."""
    height, width = size
    applied = chance(options.probability, count, rng)
    x = np.where(applied, uniform(options.min_x, options.max_x, count, rng), 0.0)
    y = np.where(applied, uniform(options.min_y, options.max_y, count, rng), 0.0)
    return matrices(count, x=np.rint(x * width), y=np.rint(y * height))


def shear(options: ShearOptions, count: int, size: Size, rng: torch.Generator) -> Matrices:
    """Slant along x and along y."""
    applied = chance(options.probability, count, rng)
    x = np.where(applied, uniform(options.min_x, options.max_x, count, rng), 0.0)
    y = np.where(applied, uniform(options.min_y, options.max_y, count, rng), 0.0)
    return matrices(count, xy=np.tan(np.deg2rad(x)), yx=np.tan(np.deg2rad(y)))


def crop(options: CropOptions, count: int, size: Size, rng: torch.Generator) -> Matrices:
    """Enlarge a random part to the size of the image.

    As in Szegedy et al., "Going Deeper with Convolutions", 2015 (arXiv:1409.4842): the part has a
    random share of the area and a random aspect ratio, here beside that of the image, and no side
    of it is longer than that of the image.
    """
    height, width = size
    applied = chance(options.probability, count, rng)
    area = uniform(options.min_area, options.max_area, count, rng)
    ratio = uniform(np.log(options.min_ratio), np.log(options.max_ratio), count, rng)
    across = np.where(applied, np.minimum(1.0, np.sqrt(area * np.exp(ratio))), 1.0)
    down = np.where(applied, np.minimum(1.0, np.sqrt(area * np.exp(-ratio))), 1.0)
    # the centre of the part, as far from that of the image as its sides allow
    x = (1 - across) * uniform(-0.5, 0.5, count, rng) * width
    y = (1 - down) * uniform(-0.5, 0.5, count, rng) * height
    return matrices(count, xx=1 / across, yy=1 / down, x=-x / across, y=-y / down)
