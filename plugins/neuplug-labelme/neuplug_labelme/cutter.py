"""Cut many images: all failures, and a number of intact squares spread evenly over them."""

from __future__ import annotations

import os
import random
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from neuplug.data.cropfolder import Row, write_crop
from neuplug.data.decoding import Decoded, Unreadable, read, to_uint8
from neuplug.data.listing import natural_key
from neuplug.errors import InputError
from neuplug.plugins.generator import Progress
from neuplug.seeds import derive_seed
from neuplug_labelme.annotated import Source
from neuplug_labelme.cropoptions import CropOptions, class_name
from neuplug_labelme.cutting import Square, draw_squares, intact_places

_CHUNK = 64  # images that are begun before the next: bounds what Ctrl-C waits for

_T = TypeVar("_T")


@dataclass(eq=False)
class Cutter:
    """Writes the crops.

    Attributes:
        folder: To which.
        options: How to cut.
        groups: For each image its group.
        names: For each image how the names of its crops begin.
        progress: Called after each image.
        intact: For each image how many intact crops it has given.
    """

    folder: Path
    options: CropOptions
    groups: dict[str, str]
    names: dict[str, str]
    progress: Progress
    intact: Counter[str] = field(default_factory=Counter)

    def cut(self, sources: Sequence[Source], wanted: int) -> list[Row]:
        """Cut all failures, and ``wanted`` intact crops spread evenly over the images.

        What does not fit into one image is shared among those that have room.
        """
        rng = random.Random(derive_seed(self.options.seed, "share"))
        open_sources = [source for source in sources if source.complete]
        goals = _shared(open_sources, wanted, rng)
        work = [s for s in sources if s.failures or goals.get(s.pair.name)]
        rows: list[Row] = []
        for source, cut in self._cut_each(work, goals, with_failures=True):
            rows += cut
            missing = goals.get(source.pair.name, 0) - self.intact[source.pair.name]
            if missing:
                open_sources.remove(source)
        while open_sources and (missing := wanted - self.intact.total()) > 0:
            more = _shared(open_sources, missing, rng)
            goals = {name: self.intact[name] + number for name, number in more.items()}
            work = [source for source in open_sources if more[source.pair.name]]
            for source, cut in self._cut_each(work, goals, with_failures=False):
                rows += cut
                if self.intact[source.pair.name] < goals[source.pair.name]:
                    open_sources.remove(source)
        return sorted(rows, key=lambda row: natural_key(row.path))

    def _cut_each(
        self, work: Sequence[Source], goals: dict[str, int], with_failures: bool
    ) -> Iterator[tuple[Source, list[Row]]]:
        def cut(source: Source) -> list[Row]:
            try:
                image = read(source.pair.image)
            except Unreadable as error:  # it could be read a moment ago
                raise InputError(f"{source.pair.image} has changed: {error}.") from None
            rows = self._failures(source, image) if with_failures else []
            return rows + self._intact(source, image, goals.get(source.pair.name, 0))

        for source, rows in each(cut, work, self.progress, "cutting"):
            self.intact[source.pair.name] += sum(row.shape is None for row in rows)
            yield source, rows

    def _failures(self, source: Source, image: Decoded) -> list[Row]:
        rows = []
        for failure in source.failures:
            part = f"-{failure.part}" if failure.parts > 1 else ""
            row = self._row(
                source,
                failure.label,
                f"{failure.shape:02d}{part}",
                (failure.top, failure.left),
                shape=failure.shape,
                part=failure.part,
                parts=failure.parts,
                mixed=failure.mixed,
            )
            rows.append(write_crop(self.folder, row, image, self.options.size))
        return rows

    def _intact(self, source: Source, image: Decoded, goal: int) -> list[Row]:
        done = self.intact[source.pair.name]
        if goal <= done:
            return []
        options = self.options
        grey = Image.fromarray(to_uint8(image.native, image.bits)).convert("L")
        places = intact_places(
            np.asarray(grey),
            source.regions,
            options.source_side,
            options.margin,
            options.min_contrast,
            options.inset,
        )
        rng = random.Random(derive_seed(options.seed, "intact", source.pair.name))
        squares = draw_squares(places, options.source_side, goal, rng)
        label = class_name(options.intact_name)
        rows = [
            self._row(source, label, f"intact{number:02d}", square)
            for number, square in enumerate(squares, start=1)
        ]
        return [write_crop(self.folder, row, image, options.size) for row in rows[done:]]

    def _row(self, source: Source, label: str, mark: str, square: Square, **facts: Any) -> Row:
        image = source.pair.name
        group = f"group={self.groups[image]}"
        return Row(
            path=f"{label}/{group}/{self.names[image]}_{mark}.png",
            label=label,
            group=group,
            image=image,
            x=square[1],
            y=square[0],
            side=self.options.source_side,
            **facts,
        )


def _shared(sources: Sequence[Source], total: int, rng: random.Random) -> dict[str, int]:
    """``total`` by image as evenly as it goes; who gets one more is drawn."""
    if not sources:
        return {}
    each, over = divmod(total, len(sources))
    drawn = sorted(sources, key=lambda _: rng.random())
    return {s.pair.name: each + (position < over) for position, s in enumerate(drawn)}


def each(
    work: Callable[[Any], _T], items: Sequence[Any], progress: Progress, note: str
) -> Iterator[tuple[Any, _T]]:
    """Each item with what ``work`` makes of it, in order, several at a time."""
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on odd files; what matters is raised
        for start in range(0, len(items), _CHUNK):
            chunk = items[start : start + _CHUNK]
            for number, pair in enumerate(zip(chunk, pool.map(work, chunk), strict=True)):
                progress(start + number, len(items), note)
                yield pair
    progress(len(items), len(items), note)
