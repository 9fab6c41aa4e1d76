"""What an annotated image can give: squares of its failures, and whether the rest is intact."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from neuplug.data.decoding import Unreadable, read
from neuplug_labelme.annotation import (
    Annotation,
    BadAnnotation,
    BadShape,
    Region,
    Shape,
    rasterise,
    read_labelme,
)
from neuplug_labelme.cropoptions import CropOptions, class_name
from neuplug_labelme.cutting import Square, failure_squares
from neuplug_labelme.folder import Crop
from neuplug_labelme.pairing import NO_ANNOTATION, Pair


@dataclass(eq=False)
class Source:
    """An image that can be cut, and what is in it.

    Attributes:
        pair: The image and its annotation.
        shapes: (class, shape, pixels) of each shape that can be used.
        bad: (annotation and shape, reason) of each shape that cannot.
        failures: Squares of the shapes that are wanted.
        slivers: Squares left out because too little of them is failure.
        repeated: Squares left out because an earlier shape of the class has given the same.
    """

    pair: Pair
    shapes: list[tuple[str, Shape, Region]]
    bad: list[tuple[str, str]]
    failures: list[Crop]
    slivers: int = 0
    repeated: int = 0

    @property
    def complete(self) -> bool:
        """Whether every failure is known, so that the rest of the image is intact."""
        return not self.bad


def look(pair: Pair, annotations: Path, options: CropOptions) -> Source | str:
    """Read an image and its annotation; a reason if it cannot be used."""
    if pair.annotation is None and not options.unlabelled_intact:
        return NO_ANNOTATION
    try:
        annotation = read_labelme(pair.annotation) if pair.annotation else Annotation(None, (), ())
        size = read(pair.image).size
    except BadAnnotation as error:
        return f"its annotation {error}"
    except Unreadable as error:
        return str(error)
    if annotation.size is not None and annotation.size != size:
        (height, width), (h, w) = size, annotation.size
        return f"it has {height}x{width} pixels (HxW), its annotation is about {h}x{w}"
    side = options.source_side
    if min(size) < side:
        return f"its {size[0]}x{size[1]} pixels (HxW) are too few for a square of {side}"
    bad = dict(annotation.bad)
    source = Source(pair, [], [], [])
    for shape in annotation.shapes:
        try:
            if not (label := class_name(shape.label)):
                raise BadShape(f"no folder can be called {shape.label!r}, its label")
            source.shapes.append((label, shape, rasterise(shape, size)))
        except BadShape as error:
            bad[shape.index] = str(error)
    name = pair.annotation.relative_to(annotations).as_posix() if pair.annotation else ""
    source.bad = [(f"{name}, shape {index + 1}", reason) for index, reason in sorted(bad.items())]
    _find_failures(source, size, options)
    return source


def _find_failures(source: Source, size: tuple[int, int], options: CropOptions) -> None:
    """Add the squares of an image's failures."""
    side = options.source_side
    wanted = None if options.labels is None else {class_name(name) for name in options.labels}
    seen: set[tuple[str, Square]] = set()
    for label, shape, region in source.shapes:
        if wanted is not None and label not in wanted:
            continue
        squares, slivers = failure_squares(region, side, size, options.min_part)
        new = [square for square in squares if (label, square) not in seen]
        seen |= {(label, square) for square in new}
        source.slivers += slivers
        source.repeated += len(squares) - len(new)
        others = [other for name, _, other in source.shapes if name != label]
        for part, square in enumerate(new, start=1):
            number = f"{shape.index + 1:02d}" + (f"-{part}" if len(new) > 1 else "")
            facts = {"shape": shape.index + 1, "part": part, "parts": len(new)}
            mixed = int(any(other.inside(*square, side) for other in others))
            crop = Crop.of(source.pair, label, number, square, side, **facts, mixed=mixed)
            source.failures.append(crop)
