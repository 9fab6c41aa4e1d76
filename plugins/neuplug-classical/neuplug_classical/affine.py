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
    FlipOptions,
    RotateOptions,
    ShearOptions,
    TranslateOptions,
    ZoomOptions,
)

Matrices = NDArray[np.float64]
Size = tuple[int, int]


def _matrices(
    count: int,
    xx: ArrayLike = 1.0,
    xy: ArrayLike = 0.0,
    yx: ArrayLike = 0.0,
    yy: ArrayLike = 1.0,
    x: ArrayLike = 0.0,
    y: ArrayLike = 0.0,
) -> Matrices:
    """``[[xx, xy, x], [yx, yy, y], [0, 0, 1]]`` for each image, float64 (count, 3, 3)."""
    matrices = np.zeros((count, 3, 3))
    matrices[:, 0, 0], matrices[:, 0, 1], matrices[:, 0, 2] = xx, xy, x
    matrices[:, 1, 0], matrices[:, 1, 1], matrices[:, 1, 2] = yx, yy, y
    matrices[:, 2, 2] = 1.0
    return matrices


def flip(options: FlipOptions, count: int, size: Size, rng: torch.Generator) -> Matrices:
    """Mirror left-right and top-bottom, each with its own probability."""
    horizontal = chance(options.horizontal, count, rng)
    vertical = chance(options.vertical, count, rng)
    return _matrices(count, xx=np.where(horizontal, -1.0, 1.0), yy=np.where(vertical, -1.0, 1.0))


def zoom(options: ZoomOptions, count: int, size: Size, rng: torch.Generator) -> Matrices:
    """Scale x and y by one factor."""
    applied = chance(options.probability, count, rng)
    factor = np.where(applied, uniform(options.min_factor, options.max_factor, count, rng), 1.0)
    return _matrices(count, xx=factor, yy=factor)


def rotate(options: RotateOptions, count: int, size: Size, rng: torch.Generator) -> Matrices:
    """Rotate counter-clockwise."""
    applied = chance(options.probability, count, rng)
    angle = uniform(options.min_degrees, options.max_degrees, count, rng)
    angle = np.deg2rad(np.where(applied, angle, 0.0))
    cos, sin = np.cos(angle), np.sin(angle)
    return _matrices(count, xx=cos, xy=sin, yx=-sin, yy=cos)


def translate(options: TranslateOptions, count: int, size: Size, rng: torch.Generator) -> Matrices:
    """Shift by whole pixels, so that a shift alone leaves the pixels as they are."""
    height, width = size
    applied = chance(options.probability, count, rng)
    x = np.where(applied, uniform(options.min_x, options.max_x, count, rng), 0.0)
    y = np.where(applied, uniform(options.min_y, options.max_y, count, rng), 0.0)
    return _matrices(count, x=np.rint(x * width), y=np.rint(y * height))


def shear(options: ShearOptions, count: int, size: Size, rng: torch.Generator) -> Matrices:
    """Slant along x and along y."""
    applied = chance(options.probability, count, rng)
    x = np.where(applied, uniform(options.min_x, options.max_x, count, rng), 0.0)
    y = np.where(applied, uniform(options.min_y, options.max_y, count, rng), 0.0)
    return _matrices(count, xy=np.tan(np.deg2rad(x)), yx=np.tan(np.deg2rad(y)))
