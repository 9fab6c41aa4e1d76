"""The pictures of a run: made beside real images, and the same noise along a training."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import ValidationError
from torch import Tensor

from neuplug.errors import InputError
from neuplug.experiment.plan import Cell, Plan
from neuplug.experiment.reporters import FinishedRun
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.summary.wording import listing
from neuplug.experiment.tasks import MadeImages
from neuplug.records import Record
from neuplug.storage.files import write_text
from neuplug.text import printable
from neuplug_report.animation import save_animation
from neuplug_report.images import legible, one_above_the_other, save_grid, side_by_side
from neuplug_report.trainings import Training, trainings, written

FILE = "samples/pictures.json"

# Images of a class on each side of a sheet
ACROSS = 6

# So many arms are pictured; those that show the same images count once
ARMS = 12

# Points in time on one sheet; an animation shows more
MOMENTS = 10

# Fewer grids are no animation
FILM = 3


@dataclass(frozen=True)
class _Plate:
    """Made images beside real ones, for all arms that show the same.

    Attributes:
        classes: Those of which there is something, and ``missing`` the others.
        real: uint8 (K, :data:`ACROSS`, C, H, W); ``made`` likewise.
        origin: What has made them.
    """

    classes: tuple[str, ...]
    missing: tuple[str, ...]
    real: Tensor
    made: Tensor
    origin: str
    arms: list[str] = field(default_factory=list)

    def digest(self) -> str:
        """Equal for equal plates."""
        digest = hashlib.sha256(repr((self.classes, self.origin)).encode())
        for side in (self.real, self.made):
            digest.update(side.numpy().data)
        return digest.hexdigest()


@dataclass(frozen=True)
class _Course:
    """The recorded grids of one class in one fit.

    Attributes:
        moments: Epochs or steps, ascending.
        grids: uint8 (n, C, H, W) for each moment.
    """

    name: str
    moments: list[float]
    grids: list[Tensor]


class Picture(Record):
    """An image file of the report."""

    # What it shows
    title: str
    # Made beside real images; or the same noise along a training
    kind: Literal["side-by-side", "grid-over-steps", "animation"]
    # Below the run's folder
    file: str
    # The same for a narrow screen, where there is one
    narrow: str | None = None
    # The last frame of an animation
    still: str | None = None
    # How to read it
    caption: str


class Pictures(Record):
    """``samples/pictures.json``."""

    # The number of this form of the file
    format: Literal[1] = 1
    # In the order of the page
    pictures: tuple[Picture, ...] = ()
    # Arms with made images that are one too many to picture
    unpictured: tuple[str, ...] = ()


def read_pictures(folder: Path) -> Pictures:
    """Those that a run's folder has; none where there is no such file."""
    file = folder / FILE
    try:
        return Pictures.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return Pictures()
    except (OSError, ValidationError):
        raise InputError(f"{file} is damaged: compose the run again with --fresh.") from None


def make_pictures(run: FinishedRun, plan: Plan, context: TaskContext) -> None:
    """Draw the first repeat into ``samples/``."""
    target = run.folder / "samples"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    plates: dict[str, _Plate] = {}
    for cell in plan.first_cells:
        if cell.mixture.tasks:
            plate = _plate(plan, context, cell)
            plates.setdefault(plate.digest(), plate).arms.append(cell.arm.name)
    shown = list(plates.values())
    classes = plan.dataset.images.classes
    found = [_beside_real(run.folder, p, classes, number) for number, p in enumerate(shown[:ARMS])]
    found += _along_training(run, context, trainings(run.results))
    left = tuple(arm for plate in shown[ARMS:] for arm in plate.arms)
    content = Pictures(pictures=tuple(found), unpictured=left)
    write_text(run.folder / FILE, content.model_dump_json(indent=1) + "\n")


def _plate(plan: Plan, context: TaskContext, cell: Cell) -> _Plate:
    """Of each class the real training images, and the last set that was made of it."""
    parts = cell.mixture.parts.items()
    keys = {name: p.task for name, found in parts for p in found if isinstance(p, MadeImages)}
    real = plan.dataset.images.subset(cell.split.train)
    origins = ["+".join(part.name for part in plan.tasks[key].components) for key in keys.values()]
    return _Plate(
        tuple(keys),
        tuple(name for name in real.classes if name not in keys),
        torch.stack([_tiles(real.of_class(real.classes.index(name)).images) for name in keys]),
        torch.stack([_tiles(context.tree(key, "images")["images"]) for key in keys.values()]),
        listing(list(dict.fromkeys(origins))),
    )


def _beside_real(folder: Path, plate: _Plate, classes: Sequence[str], number: int) -> Picture:
    file = f"samples/{number:02d}-real-beside-generated.png"
    narrow = f"samples/{number:02d}-real-above-generated.png"
    titles = ("real", plate.origin)
    names, said = legible(plate.classes, classes)
    side_by_side(plate.real, plate.made, names, folder / file, titles)
    one_above_the_other(plate.real, plate.made, names, folder / narrow, titles)
    caption = f"Real training images and those of {plate.origin}; first repeat.{said}"
    if plate.missing:
        caption += f" Nothing is generated of {', '.join(plate.missing)}."
    return Picture(
        title=f"{listing(plate.arms)}: beside real images",
        kind="side-by-side",
        file=file,
        narrow=narrow,
        caption=caption,
    )


def _tiles(images: Tensor) -> Tensor:
    """Exactly so many images as a row has; blank ones where there are too few."""
    tiles = torch.full((ACROSS, *images.shape[1:]), 255, dtype=torch.uint8)
    taken = images[:ACROSS]
    tiles[: len(taken)] = taken
    return tiles


def _along_training(
    run: FinishedRun, context: TaskContext, found: Sequence[Training]
) -> Iterator[Picture]:
    """For each training of the first repeat a sheet of all classes, and a film of each."""
    films = 0
    for number, training in enumerate(found):
        if training.first[0].repeat != 0:
            continue
        courses = list(_courses(run, context, training))
        if not courses:
            continue
        known = run.results.data.classes
        written_names, said = legible([printable(course.name) for course in courses], known)
        names = dict(zip((c.name for c in courses), written_names, strict=True))
        file = f"samples/{number:02d}-along-training.png"
        rows = [(names[c.name], torch.stack([grid[0] for grid in _few(c.grids)])) for c in courses]
        save_grid(rows, run.folder / file, max(len(tiles) for _, tiles in rows))
        yield Picture(
            title=f"{training.title}: the same noise along the training",
            kind="grid-over-steps",
            file=file,
            caption=f"{_times(training.unit, courses)}; first repeat.{said}",
        )
        for course in courses:
            if len(course.grids) >= FILM:
                yield _film(run.folder, training, course, names[course.name], films)
                films += 1


def _courses(run: FinishedRun, context: TaskContext, training: Training) -> Iterator[_Course]:
    for fit in training.first:
        grids = context.record(fit.key).grids
        if not grids:
            continue
        moments = [training.moment(step, fit) for step, _ in grids]
        # a conditional generator's fixed noise has the classes in turn
        names = [fit.class_name] if fit.class_name else list(run.results.data.classes)
        for turn, name in enumerate(names[: len(grids[0][1])]):
            yield _Course(name, moments, [drawn[turn :: len(names)] for _, drawn in grids])


def _few(items: Sequence[Any]) -> list[Any]:
    """At most as many as a sheet has room for, evenly chosen, the last one among them."""
    places = torch.linspace(0, len(items) - 1, min(MOMENTS, len(items)))
    return [items[i] for i in places.round().long().tolist()]


def _times(unit: str, courses: Sequence[_Course]) -> str:
    """``Epochs 20, 40 and so on``; the ends alone where classes differ."""
    name = f"{unit.capitalize()}s"
    if len({tuple(course.moments) for course in courses}) == 1:
        return f"{name} {', '.join(map(written, _few(courses[0].moments)))}"
    ends = [end for course in courses for end in (course.moments[0], course.moments[-1])]
    return f"{name} from {written(min(ends))} to {written(max(ends))}, of each class its own"


def _film(folder: Path, training: Training, course: _Course, name: str, number: int) -> Picture:
    file = f"samples/{number:02d}-animation.gif"
    frames = [
        (f"{training.unit} {written(moment)}", grid)
        for moment, grid in zip(course.moments, course.grids, strict=True)
    ]
    still = save_animation(name, frames, folder / file)
    first, last = written(course.moments[0]), written(course.moments[-1])
    return Picture(
        title=f"{training.title}: {course.name}",
        kind="animation",
        file=file,
        still=f"samples/{still.name}",
        caption=f"The same noise from {training.unit} {first} to {last}; first repeat.",
    )
