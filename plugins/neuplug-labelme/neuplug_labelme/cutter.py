"""Look at annotated images, and cut them: all failures, and intact squares spread evenly."""

from __future__ import annotations

import functools
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from neuplug.data.building import each
from neuplug.data.decoding import read
from neuplug.data.listing import natural_key
from neuplug.data.pixels import to_uint8
from neuplug.data.stored import Decoded, Unreadable
from neuplug.errors import InputError
from neuplug.plugins.generator import Progress
from neuplug.seeds import derive_seed
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
from neuplug_labelme.cutting import Square, draw_squares, failure_squares, intact_places
from neuplug_labelme.folder import Crop, write_crop
from neuplug_labelme.pairing import NO_ANNOTATION, Pair


@dataclass(eq=False)
class Source:
    """An image that can be cut, and what is in it.

    Attributes:
        pair: The image and its annotation.
        shapes: (class, shape, pixels) of each shape that can be used.
        bad: (annotation and shape, reason) of each shape that cannot; without any every failure is
            known, so that the rest of the image is intact.
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


@dataclass(eq=False)
class Cutter:
    """Writes the crops.

    Attributes:
        folder: To which.
        options: How to cut.
        progress: Called after each image.
        intact: For each image how many intact crops it has given.
    """

    folder: Path
    options: CropOptions
    progress: Progress
    intact: Counter[str] = field(default_factory=Counter)

    def cut(self, sources: Sequence[Source], wanted: int) -> list[Crop]:
        """Cut all failures, and ``wanted`` intact crops spread evenly over the images.

        What does not fit into one image is shared among those that have room.
        """
        rng = random.Random(derive_seed(self.options.seed, "share"))
        roomy = [source for source in sources if not source.bad]
        goals = _shared(roomy, wanted, rng)
        work = [s for s in sources if s.failures or goals[s.pair.name]]
        crops: list[Crop] = []
        while work:
            cut = functools.partial(self._cut, goals=goals, failures=not crops)
            for source, found in each(cut, work, self.progress, "cutting"):
                crops += found
                name = source.pair.name
                self.intact[name] += sum(crop.shape is None for crop in found)
                if self.intact[name] < goals[name]:
                    roomy.remove(source)
            more = _shared(roomy, wanted - self.intact.total(), rng)
            goals = self.intact + more
            work = [source for source in roomy if more[source.pair.name]]
        return sorted(crops, key=lambda crop: natural_key(crop.path))

    def _cut(self, source: Source, goals: Counter[str], failures: bool) -> list[Crop]:
        """Write an image's failures, if they are wanted, and more intact crops, up to its goal."""
        try:
            image = read(source.pair.image)
        except Unreadable as error:  # it could be read a moment ago
            raise InputError(f"{source.pair.image} has changed: {error}.") from None
        crops = source.failures if failures else []
        crops = [*crops, *self._intact(source, image, goals[source.pair.name])]
        return [write_crop(self.folder, crop, image, self.options.size) for crop in crops]

    def _intact(self, source: Source, image: Decoded, goal: int) -> list[Crop]:
        done, options = self.intact[source.pair.name], self.options
        if goal <= done:
            return []
        grey = Image.fromarray(to_uint8(image.native)).convert("L")
        places = intact_places(
            np.asarray(grey),
            [region for *_, region in source.shapes],
            options.source_side,
            options.margin,
            options.min_contrast,
            options.inset,
        )
        rng = random.Random(derive_seed(options.seed, "intact", source.pair.name))
        squares = draw_squares(places, options.source_side, goal, rng)
        label = class_name(options.intact_name)
        return [
            Crop.of(source.pair, label, f"intact{number:02d}", square, options.source_side)
            for number, square in enumerate(squares[done:], start=done + 1)
        ]


def _shared(sources: Sequence[Source], total: int, rng: random.Random) -> Counter[str]:
    """``total`` by image as evenly as it goes; who gets one more is drawn."""
    if not sources or not total:
        return Counter()
    share, over = divmod(total, len(sources))
    drawn = sorted(sources, key=lambda _: rng.random())
    return Counter({s.pair.name: share + (place < over) for place, s in enumerate(drawn)})
