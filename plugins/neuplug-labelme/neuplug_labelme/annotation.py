"""Read labelme annotations: the JSON file that says where the failures of one image lie.

A polygon may cross itself: what counts are the pixels that Pillow fills, as in labelme's own masks.
Rectangles and circles become polygons, and X-AnyLabeling's rotated rectangles are such. A mask has
its pixels in the file. Lines, points and other shapes enclose nothing.
"""

from __future__ import annotations

import base64
import io
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from neuplug.storage.files import SPECIAL, is_special
from neuplug_labelme.layout import BROKEN_JSON, is_labelme

Points: TypeAlias = NDArray[np.float64]  # (n, 2), x and y in pixels

_CIRCLE_POINTS = 64


class BadAnnotation(Exception):
    """The file is not a labelme annotation; the message goes on where ``the file`` begins."""


class BadShape(Exception):
    """A shape marks no area of the image; the message is the reason."""


@dataclass(frozen=True, eq=False)
class Shape:
    """One area of a label.

    Attributes:
        index: Its place among the file's shapes, from 0.
        label: As it is written, without space around it; never empty.
        points: The corners, float64 (n, 2): x to the right and y down, in pixels of the upright
            image, at least three and not all on one line; of a mask the corners of its extent.
        mask: Of a shape that is one: bool (h, w), from the first of ``points`` on.
    """

    index: int
    label: str
    points: Points
    mask: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class Annotation:
    """What one labelme file says.

    Attributes:
        size: (height, width) of the annotated image in pixels, if the file tells it.
        shapes: The areas; none for an image that was looked at and found intact.
        bad: (index, reason) of each shape that marks no area.
    """

    size: tuple[int, int] | None
    shapes: tuple[Shape, ...]
    bad: tuple[tuple[int, str], ...]


@dataclass(frozen=True, eq=False)
class Region:
    """The pixels of a shape.

    Attributes:
        top: Row of the image at which ``mask`` begins.
        left: Column of the image at which ``mask`` begins.
        mask: bool (h, w), cut to the shape's extent, at least one pixel.
    """

    top: int
    left: int
    mask: NDArray[np.bool_]

    def inside(self, top: int, left: int, side: int) -> int:
        """How many of its pixels lie in a square of the image."""
        first = max(0, top - self.top), max(0, left - self.left)
        last = max(0, top + side - self.top), max(0, left + side - self.left)
        return int(np.count_nonzero(self.mask[first[0] : last[0], first[1] : last[1]]))


def read_labelme(path: Path) -> Annotation:
    """Read one annotation file.

    Raises:
        BadAnnotation: If it cannot be read or is something else.
    """
    if is_special(path):
        raise BadAnnotation(f"is {SPECIAL}")
    try:
        text = path.read_bytes().decode("utf-8-sig")
        if not text.strip():
            raise BadAnnotation("is an empty file")
        content = json.loads(text)
    except OSError as error:
        raise BadAnnotation(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadAnnotation("is not UTF-8 text") from None
    except BROKEN_JSON as error:
        raise BadAnnotation(f"is broken JSON: {str(error)[:100]}") from None
    if not is_labelme(content):
        raise BadAnnotation("is not a labelme annotation: it has no list 'shapes'")
    shapes: list[Shape] = []
    bad: list[tuple[int, str]] = []
    for index, item in enumerate(content["shapes"]):
        try:
            shapes.append(_shape(index, item))
        except BadShape as error:
            bad.append((index, str(error)))
    return Annotation(_size(content), tuple(shapes), tuple(bad))


def rasterise(shape: Shape, size: tuple[int, int]) -> Region:
    """The pixels of a shape in an image of ``size`` (height, width); what is outside is cut off.

    Raises:
        BadShape: If no pixel of it is in the image, or a corner is too far outside for a slip.
    """
    height, width = size
    limit = max(size)
    if ((shape.points < -limit) | (shape.points > np.array([width, height]) + limit)).any():
        raise BadShape("a corner lies far outside the image")
    canvas = Image.new("L", (width, height))
    if shape.mask is None:
        ImageDraw.Draw(canvas).polygon([(x, y) for x, y in shape.points], fill=1, outline=1)
    else:
        x, y = shape.points[0]
        canvas.paste(Image.fromarray(shape.mask.astype(np.uint8)), (round(x), round(y)))
    extent = canvas.getbbox()
    if extent is None:
        raise BadShape("it lies outside the image")
    left, top, _, _ = extent
    return Region(top, left, np.asarray(canvas.crop(extent)).astype(np.bool_))


def _size(content: dict[str, Any]) -> tuple[int, int] | None:
    height, width = content.get("imageHeight"), content.get("imageWidth")
    return (height, width) if isinstance(height, int) and isinstance(width, int) else None


def _shape(index: int, item: Any) -> Shape:
    if not isinstance(item, dict):
        raise BadShape("it is not a mapping")
    label = item.get("label")
    if not isinstance(label, str) or not label.strip():
        raise BadShape("it has no label")
    points, mask = _points(item.get("points")), None
    match item.get("shape_type") or "polygon":
        case "polygon" | "rotation":
            pass
        case "mask" if len(points) == 2:
            mask = _mask(item.get("mask"))
            x, y = points.min(axis=0)
            points = _corners(x, y, x + mask.shape[1], y + mask.shape[0])
        case "rectangle" if len(points) == 2:
            points = _corners(*points[0], *points[1])
        case "rectangle":
            pass  # four corners
        case "circle" if len(points) == 2:
            radius = np.hypot(*(points[1] - points[0]))
            angles = np.linspace(0, 2 * np.pi, _CIRCLE_POINTS, endpoint=False)
            points = points[0] + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        case other:
            raise BadShape(f"a {other} encloses no area that could be cut out")
    if len(points) < 3:
        raise BadShape(f"it has {len(points)} point(s), an area needs 3")
    if np.linalg.matrix_rank(points - points[0]) < 2:
        raise BadShape("all its points lie on one line")
    return Shape(index, label.strip(), points, mask)


def _corners(left: float, top: float, right: float, bottom: float) -> Points:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def _mask(text: Any) -> NDArray[np.bool_]:
    """The pixels of a mask, which is a PNG in base64."""
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(base64.b64decode(text))) as image:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            pixels = np.asarray(image.convert("L")) > 0
    except Exception:  # Pillow raises many kinds for broken files
        raise BadShape("its mask is no image in base64") from None
    if not pixels.any():
        raise BadShape("its mask is empty")
    return pixels


def _points(values: Any) -> Points:
    try:
        points = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise BadShape("its points are not pairs of numbers") from None
    if not points.size:
        raise BadShape("it has no points")
    if points.ndim != 2 or points.shape[1] != 2:
        raise BadShape("its points are not pairs of numbers")
    if not np.isfinite(points).all():
        raise BadShape("a coordinate is not a number (NaN or infinite)")
    return points
