"""What an annotated image can give: squares of its failures, and whether the rest is intact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from neuplug_labelme.cropoptions import CropOptions, class_name, is_text
from neuplug_labelme.cutting import failure_squares
from neuplug_labelme.pairing import NO_ANNOTATION, Pair

_NOTHING = Annotation(None, (), ())


@dataclass(frozen=True, eq=False)
class Failure:
    """One square of a failure.

    Attributes:
        label: Its class.
        shape: Which shape of the annotation it shows, from 1.
        part: Which of that shape's ``parts`` squares it is, from 1.
        top: Row of the image at which it begins.
        left: Column of the image at which it begins.
        mixed: Whether a failure of another class is in it too.
    """

    label: str
    shape: int
    part: int
    parts: int
    top: int
    left: int
    mixed: bool


@dataclass(frozen=True, eq=False)
class Source:
    """An image that can be cut, and what is in it.

    Attributes:
        pair: The image and its annotation.
        labels: Of all shapes, as written.
        regions: Of all shapes.
        failures: Squares of the shapes that are wanted.
        slivers: Squares left out because too little of them is failure.
        repeated: Squares left out because an earlier shape of the class has given the same.
        bad: (annotation and shape, reason) of each shape that cannot be used.
    """

    pair: Pair
    labels: frozenset[str] = frozenset()
    regions: tuple[Region, ...] = ()
    failures: tuple[Failure, ...] = ()
    slivers: int = 0
    repeated: int = 0
    bad: tuple[tuple[str, str], ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every failure is known, so that the rest of the image is intact."""
        return not self.bad


def look(pair: Pair, annotations: Path, options: CropOptions) -> Source | str:
    """Read an image and its annotation; a reason if it cannot be used."""
    if not is_text(pair.name):
        return "its name is not in UTF-8, which tables need: rename it"
    if pair.annotation is None and not options.unlabelled_intact:
        return NO_ANNOTATION
    try:
        annotation = read_labelme(pair.annotation) if pair.annotation else _NOTHING
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
    name = pair.annotation.relative_to(annotations).as_posix() if pair.annotation else ""
    bad = list(annotation.bad)
    found: list[tuple[Shape, Region]] = []
    for shape in annotation.shapes:
        if not class_name(shape.label):
            bad.append((shape.index, f"no folder can be called {shape.label!r}, its label"))
            continue
        try:
            found.append((shape, rasterise(shape, size)))
        except BadShape as error:
            bad.append((shape.index, str(error)))
    return replace(
        _failures(pair, found, size, options),
        bad=tuple((f"{name}, shape {index + 1}", reason) for index, reason in sorted(bad)),
    )


def _failures(
    pair: Pair, found: Sequence[tuple[Shape, Region]], size: tuple[int, int], options: CropOptions
) -> Source:
    """The squares of an image's failures."""
    side = options.source_side
    wanted = None if options.labels is None else {class_name(name) for name in options.labels}
    failures: list[Failure] = []
    seen: set[tuple[str, int, int]] = set()
    slivers = repeated = 0
    for shape, region in found:
        label = class_name(shape.label)
        if wanted is not None and label not in wanted:
            continue
        squares, left_out = failure_squares(region, side, size, options.min_part)
        slivers += left_out
        new = [square for square in squares if (label, *square) not in seen]
        repeated += len(squares) - len(new)
        seen |= {(label, *square) for square in new}
        others = [r for s, r in found if class_name(s.label) != label]
        failures += [
            Failure(
                label,
                shape.index + 1,
                number,
                len(new),
                *square,
                mixed=any(other.inside(*square, side) for other in others),
            )
            for number, square in enumerate(new, start=1)
        ]
    return Source(
        pair,
        frozenset(shape.label for shape, _ in found),
        tuple(region for _, region in found),
        tuple(failures),
        slivers,
        repeated,
    )
