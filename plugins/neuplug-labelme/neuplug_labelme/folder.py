"""Crops, and the folder that they are written to with a record of where each comes from."""

from __future__ import annotations

import csv
import dataclasses
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import tifffile
from PIL import Image

from neuplug.data.pixels import fit
from neuplug.data.stored import Decoded
from neuplug.errors import InputError
from neuplug.storage.files import write_csv
from neuplug_labelme.cutting import Square
from neuplug_labelme.pairing import Pair

TABLE = "crops.csv"
RECORD = "crop.json"


@dataclass(frozen=True, kw_only=True)
class Crop:
    """One crop, as a line of the table; ``path``, ``label`` and ``group`` make it a manifest.

    Attributes:
        path: Of the crop, relative to the folder.
        image: The source image, relative to the folder of images.
        x: Column of the source image where the square begins.
        y: Row of the source image where the square begins.
        side: Of the square, in pixels of the source image.
        shape: Which shape of the annotation it shows, from 1; ``None`` for an intact crop.
        part: Which part of that shape, from 1.
        parts: How many parts it was cut into.
        mixed: Whether a failure of another class is in it too, 0 or 1.
    """

    path: str
    label: str
    group: str
    image: str
    x: int
    y: int
    side: int
    shape: int | None = None
    part: int | None = None
    parts: int | None = None
    mixed: int = 0

    @classmethod
    def of(cls, pair: Pair, label: str, mark: str, square: Square, side: int, **facts: int) -> Self:
        """A square of an image; ``mark`` tells its crops apart, ``facts`` are the other fields."""
        return cls(
            path=f"{label}/{pair.group}/{pair.stem}_{mark}.png",
            label=label,
            group=pair.group,
            image=pair.name,
            x=square[1],
            y=square[0],
            side=side,
            **facts,
        )


def check_out(out: Path, sources: Sequence[Path]) -> None:
    """Refuse a place for the crops.

    Args:
        out: Absent, empty, or with nothing in it but what an earlier call has made.
        sources: Folders of the user, in which nothing may be written.

    Raises:
        InputError: If ``out`` holds anything else, or lies in a source.
    """
    for source in sources:
        if out.resolve().is_relative_to(source.resolve()):
            raise InputError(f"{out} lies in {source}, where nothing is written: give another OUT.")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file: give a folder that does not exist yet.")
    own = _own_files(out)
    for path in out.rglob("*"):
        name = path.relative_to(out).as_posix()
        if name not in own and not path.is_dir():
            raise InputError(
                f"{out} holds something else, such as {name}: "
                "give a folder that is empty or does not exist yet."
            )


def _own_files(out: Path) -> set[str]:
    """What an earlier call has written, by its table."""
    if not (out / TABLE).is_file():
        return set()
    try:
        with (out / TABLE).open(encoding="utf-8", newline="") as file:
            paths = {row["path"] for row in csv.DictReader(file)}
    except (OSError, ValueError, KeyError, csv.Error):
        return set()
    return {*paths, TABLE, RECORD} if (out / RECORD).is_file() else set()


@contextmanager
def crop_folder(out: Path) -> Iterator[Path]:
    """Give a folder to fill, which takes the place of ``out`` when the block ends well.

    Raises:
        OSError: If it cannot be written.
    """
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as aside:
        new = Path(aside, "new")
        new.mkdir()
        yield new
        if out.exists():
            out.rename(Path(aside, "old"))
        new.rename(out)


def write_crop(folder: Path, crop: Crop, image: Decoded, size: int) -> Crop:
    """Cut out a square and write it at ``size`` pixels.

    Grey and RGB of 8 bits and grey of 16 bits become PNG, all other numbers TIFF.

    Returns:
        The crop, with the path under which it was written.
    """
    square = image.native[crop.y : crop.y + crop.side, crop.x : crop.x + crop.side]
    pixels = np.ascontiguousarray(fit(square, (size, size)))
    path = folder / crop.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if pixels.dtype == np.uint8 or (pixels.ndim == 2 and pixels.dtype == np.uint16):
        Image.fromarray(pixels).save(path)
        return crop
    path = path.with_suffix(".tif")  # Pillow writes no PNG of deep colour or of other numbers
    kind = "rgb" if pixels.ndim == 3 else "minisblack"
    tifffile.imwrite(path, pixels, photometric=kind, metadata=None)
    return dataclasses.replace(crop, path=path.relative_to(folder).as_posix())


def write_record(folder: Path, crops: Sequence[Crop], record: dict[str, Any]) -> None:
    """Write the table of crops, and ``record`` as JSON."""
    head = [field.name for field in dataclasses.fields(Crop)]
    write_csv(folder / TABLE, head, map(dataclasses.astuple, crops))
    (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
