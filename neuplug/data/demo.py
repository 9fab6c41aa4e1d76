"""The demo data: six kinds of steel surface, drawn by code.

The classes are named and modelled after those of the NEU surface defect database (Song and Yan,
Applied Surface Science 285, 2013), but no pixel of it is used. Each image is a rolled surface that
carries the marks of its class; number, place, size, direction and contrast of the marks vary, some
are faint, and now and then a weak mark of another class lies beside them, so that a classifier has
something to get wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, pi, sin
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from neuplug.data.imageset import ImageSet
from neuplug.errors import InputError
from neuplug.seeds import derive_seed

CLASSES = ("crazing", "inclusion", "patches", "pitted_surface", "rolled-in_scale", "scratches")
PER_CLASS = 140
SMALLEST = 28  # pixels a side; below that the finest marks vanish
CANVAS = 96  # images are drawn at least this large, then reduced by area

Field: TypeAlias = NDArray[np.float64]


def demo_set(
    size: tuple[int, int] = (48, 48),
    per_class: int = PER_CLASS,
    seed: int = 0,
    classes: Sequence[str] = CLASSES,
) -> ImageSet:
    """Draw the demo data. It is simulated; say so beside every number that comes from it.

    Args:
        size: Height and width in pixels, each at least 28.
        per_class: Images of each class. An image depends on the seed, its class and
            its index alone: a larger set begins with the images of a smaller one.
        seed: The source of all randomness.
        classes: Only these, in this order.

    Returns:
        Grey images, uint8 (N, 1, H, W), class by class, with ids ``crazing/0001`` ….

    Raises:
        InputError: If the size or the number is too small.
    """
    if min(size) < SMALLEST:
        raise InputError(
            f"the demo images cannot be {size[0]}x{size[1]} pixels: "
            f"choose a size of at least {SMALLEST}x{SMALLEST}."
        )
    if per_class < 1:
        raise InputError(f"per_class = {per_class}: the demo data needs at least 1 per class.")
    images = [
        _photograph(name, size, np.random.default_rng(derive_seed(seed, "demo", name, index)))
        for name in classes
        for index in range(per_class)
    ]
    return ImageSet(
        images=torch.from_numpy(np.stack(images)[:, None]),
        labels=torch.arange(len(classes)).repeat_interleave(per_class),
        classes=tuple(classes),
        ids=tuple(f"{name}/{index + 1:04d}" for name in classes for index in range(per_class)),
    )


def _photograph(name: str, size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.uint8]:
    """One image: surface, marks, light, camera."""
    height, width = size
    scale = -(-CANVAS // min(size))
    canvas = _Canvas(height * scale, width * scale, rng)
    kind = KINDS[name]

    image = kind.surface(canvas) + rng.uniform(*kind.strength) * kind.marks(canvas)
    if rng.random() < STRAY:  # a weak mark that belongs to another class
        others = [kind for other, kind in KINDS.items() if other != name]
        other = others[rng.integers(len(others))]
        image += rng.uniform(0.2, 0.6) * other.strength[0] * other.marks(canvas)

    # Light falls from one side; the exposure differs from image to image.
    direction, slope = rng.uniform(0, 2 * pi), abs(rng.normal(0, 0.05))
    ramp = cos(direction) * canvas.x + sin(direction) * canvas.y
    image *= rng.uniform(0.9, 1.1)  # contrast
    image = rng.uniform(*kind.brightness) * (1 + image) * (1 + slope * (ramp - ramp.mean()))

    image = image.reshape(height, scale, width, scale).mean((1, 3))
    image += rng.normal(0, rng.uniform(1, 4), size)  # the camera's noise, in grey levels
    grey: NDArray[np.uint8] = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    return grey


class _Canvas:
    """Where an image is drawn. Lengths are in units of its shorter side."""

    def __init__(self, height: int, width: int, rng: np.random.Generator) -> None:
        self.height, self.width, self.rng = height, width, rng
        self.unit = min(height, width)
        self.y = (np.arange(height)[:, None] + 0.5) / self.unit
        self.x = (np.arange(width)[None, :] + 0.5) / self.unit
        self.across = bool(rng.random() < 0.1)  # the rolling direction: mostly vertical

    def noise(self, along: float, across: float) -> Field:
        """A smooth random field of mean 0 and variance 1.

        Args:
            along: Correlation length in the rolling direction.
            across: Correlation length across it.
        """
        down, right = (across, along) if self.across else (along, across)
        row, by_row = self._spline(self.height, down)
        column, by_column = self._spline(self.width, right)
        knots = self.rng.standard_normal((row[-1] + 4, column[-1] + 4))
        stripes = sum(by_row[k][:, None] * knots[row + k] for k in range(4))
        field: Field = sum(by_column[k] * stripes[:, column + k] for k in range(4))
        return field

    def _spline(self, pixels: int, length: float) -> tuple[NDArray[np.intp], Field]:
        """Cubic B-splines on knots ``length`` apart.

        Returns:
            For each pixel the first of its four knots, (pixels,), and the four weights,
            (4, pixels), scaled so that knots of variance 1 give a field of variance 1.
        """
        place = np.arange(pixels) / max(1.0, length * self.unit) + self.rng.random()
        first = place.astype(np.intp)
        t = place - first
        weights = np.stack(
            [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, 1 + 3 * t * (1 + t - t**2), t**3]
        )
        return first, weights / np.linalg.norm(weights, axis=0)

    def stroke(self, length: float, width: float, tilt: float, bow: float) -> Field:
        """A soft stroke anywhere on the canvas, 1 on its axis.

        Args:
            length: From end to end.
            width: Where it has faded to about a third.
            tilt: Angle to the rolling direction in radians.
            bow: How far its ends bend away from a straight line, per squared length.
        """
        y = self.y - self.rng.uniform(0, self.height / self.unit)
        x = self.x - self.rng.uniform(0, self.width / self.unit)
        if self.across:
            x, y = y, x
        along = cos(tilt) * y + sin(tilt) * x
        aside = cos(tilt) * x - sin(tilt) * y - bow * along**2
        return _bump((aside / width) ** 2 + np.square(2 * along / length) ** 2)


def _bump(square: Field) -> Field:
    """A Gaussian bell over the squared distance."""
    bell: Field = np.exp(-np.minimum(square, 50))  # smaller values cost time and show nothing
    return bell


def _sigmoid(field: Field) -> Field:
    step: Field = 1 / (1 + np.exp(-field))
    return step


# Surfaces: relative brightness around 0 -------------------------------------------------------


def _smooth(canvas: _Canvas) -> Field:
    """A clean rolled sheet: faint streaks in the rolling direction."""
    rng = canvas.rng
    streaks = rng.uniform(0.01, 0.06) * canvas.noise(rng.uniform(0.5, 2), rng.uniform(0.02, 0.1))
    return streaks + rng.uniform(0.01, 0.05) * canvas.noise(0.02, 0.012)


def _rough(canvas: _Canvas) -> Field:
    """A grainy, blotchy sheet."""
    rng = canvas.rng
    bands = rng.uniform(0.03, 0.12) * canvas.noise(rng.uniform(0.5, 2), rng.uniform(0.1, 0.3))
    blotches = rng.uniform(0.02, 0.08) * canvas.noise(0.12, 0.1)
    return bands + blotches + rng.uniform(0.05, 0.12) * canvas.noise(0.014, 0.012)


# Marks: negative is darker --------------------------------------------------------------------


def _crazing(canvas: _Canvas) -> Field:
    """A net of fine dark cracks: the zero lines of a random field, broken up."""
    rng = canvas.rng
    mesh = rng.uniform(0.07, 0.14)
    field = canvas.noise(mesh * rng.uniform(0.8, 2), mesh)
    field += 0.25 * canvas.noise(0.02, 0.02)  # cracks are jagged
    cracks = _bump((field / rng.uniform(0.2, 0.35)) ** 2)
    return -cracks * _sigmoid(3 * canvas.noise(0.12, 0.12) + rng.uniform(0, 2))


def _inclusion(canvas: _Canvas) -> Field:
    """Dark slivers drawn out in the rolling direction."""
    rng = canvas.rng
    marks = np.zeros((canvas.height, canvas.width))
    for _ in range(rng.integers(2, 6)):
        length = rng.uniform(0.25, 0.7)
        sliver = canvas.stroke(
            length, length * rng.uniform(0.06, 0.14), rng.normal(0, 0.1), rng.normal(0, 0.1)
        )
        marks -= rng.uniform(0.4, 1) * sliver
    return marks * (1 + 0.3 * canvas.noise(0.05, 0.02))


def _patches(canvas: _Canvas) -> Field:
    """Large dark blotches with a definite edge."""
    rng = canvas.rng
    size = rng.uniform(0.12, 0.3)
    field = canvas.noise(size * rng.uniform(1, 1.8), size) + 0.2 * canvas.noise(0.04, 0.04)
    edge = np.quantile(field, rng.uniform(0.55, 0.92))
    return -_sigmoid(rng.uniform(4, 14) * (field - edge))


def _pitted(canvas: _Canvas) -> Field:
    """Many small dark pits, denser in some region."""
    rng = canvas.rng
    size = rng.uniform(0.025, 0.045)
    pits = np.clip(canvas.noise(size, size) - rng.uniform(1.0, 1.5), 0, 1)
    return -pits * _sigmoid(rng.uniform(1, 4) * canvas.noise(0.6, 0.25) + rng.uniform(-0.5, 2))


def _scale(canvas: _Canvas) -> Field:
    """Flakes pressed into the surface: flecks lit from one side."""
    rng = canvas.rng
    size = rng.uniform(0.03, 0.05)
    flecks = np.clip(
        canvas.noise(size, size * rng.uniform(1.4, 2.8)) - rng.uniform(0.6, 1.2), 0, 1.2
    )
    lit = np.roll(flecks, max(1, round(size * canvas.unit)), axis=int(rng.integers(2)))
    return rng.uniform(0.3, 0.8) * lit - flecks


def _scratches(canvas: _Canvas) -> Field:
    """Long thin lines, mostly bright, mostly in one direction."""
    rng = canvas.rng
    marks = np.zeros((canvas.height, canvas.width))
    tilt, bow = rng.normal(0, 0.12), rng.normal(0, 0.05)
    for _ in range(rng.integers(1, 6)):
        line = canvas.stroke(
            rng.uniform(0.8, 2.5), rng.uniform(0.02, 0.05), tilt + rng.normal(0, 0.06), bow
        )
        marks += line * rng.uniform(0.5, 1) * (-0.6 if rng.random() < 0.1 else 1)
    return marks * (1 + 0.3 * canvas.noise(0.06, 0.03))


@dataclass(frozen=True)
class _Kind:
    """How a class looks.

    Attributes:
        strength: Contrast of its marks, relative to the background's brightness.
        brightness: Of the background, in grey levels.
    """

    surface: Callable[[_Canvas], Field]
    marks: Callable[[_Canvas], Field]
    strength: tuple[float, float]
    brightness: tuple[float, float]


STRAY = 0.05  # the share of images that also carry a weak mark of some other class

KINDS = {
    "crazing": _Kind(_rough, _crazing, (0.5, 1.05), (118, 142)),
    "inclusion": _Kind(_smooth, _inclusion, (0.55, 1.05), (122, 148)),
    "patches": _Kind(_rough, _patches, (0.5, 1.05), (142, 168)),
    "pitted_surface": _Kind(_smooth, _pitted, (0.7, 1.4), (135, 165)),
    "rolled-in_scale": _Kind(_rough, _scale, (0.35, 0.7), (105, 125)),
    "scratches": _Kind(_smooth, _scratches, (0.7, 1.55), (85, 105)),
}
