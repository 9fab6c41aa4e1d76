"""Cut many images: all failures, and a number of intact squares spread evenly over them."""

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
from neuplug.data.decoding import Decoded, Unreadable, read, to_uint8
from neuplug.data.listing import natural_key
from neuplug.errors import InputError
from neuplug.plugins.generator import Progress
from neuplug.seeds import derive_seed
from neuplug_labelme.annotated import Source
from neuplug_labelme.cropoptions import CropOptions, class_name
from neuplug_labelme.cutting import draw_squares, intact_places
from neuplug_labelme.folder import Crop, write_crop


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
        roomy = [source for source in sources if source.complete]
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
        grey = Image.fromarray(to_uint8(image.native, image.bits)).convert("L")
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
