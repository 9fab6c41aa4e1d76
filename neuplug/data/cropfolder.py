"""The folder that crops are written to, and the record of where each comes from."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from neuplug.data.decoding import Decoded, fit
from neuplug.errors import InputError
from neuplug.storage.folders import whole_folder

TABLE = "crops.csv"
RECORD = "crop.json"


@dataclass(frozen=True, kw_only=True)
class Row:
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
        mixed: Whether a failure of another class is in it too.
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
    mixed: bool = False


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
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out} is a file: give a folder that does not exist yet.")
    own = _own_files(out)
    for place, _, names in os.walk(out):
        for name in names:
            path = Path(place, name).relative_to(out).as_posix()
            if path not in own:
                raise InputError(
                    f"{out} holds something else, such as {path}: "
                    "give a folder that is empty or does not exist yet."
                )


@contextmanager
def crop_folder(out: Path) -> Iterator[Path]:
    """Give a folder to fill, which takes the place of ``out`` when the block ends well.

    Raises:
        OSError: If it cannot be written.
    """
    out = out.resolve()
    old: Path | None = None
    with whole_folder(out) as folder:
        yield folder
        if out.exists():
            old = out.rename(out.with_name(f".aside-{out.name}-{os.getpid()}-old"))
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)


def write_crop(folder: Path, row: Row, image: Decoded, size: int) -> Row:
    """Cut out the square of a row and write it at ``size`` pixels.

    Grey and RGB of 8 bits and grey of 16 bits become PNG, RGB of 16 bits TIFF.

    Returns:
        The row, with the path under which it was written.
    """
    square = image.native[row.y : row.y + row.side, row.x : row.x + row.side]
    pixels = np.ascontiguousarray(fit(square, (size, size)))
    deep = pixels.ndim == 3 and pixels.dtype == np.uint16  # Pillow writes no such PNG
    path = folder / row.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if deep:
        row = dataclasses.replace(row, path=str(Path(row.path).with_suffix(".tif").as_posix()))
        tifffile.imwrite(folder / row.path, pixels, photometric="rgb", metadata=None)
    else:
        Image.fromarray(pixels).save(path)
    return row


def write_record(folder: Path, rows: Sequence[Row], record: dict[str, Any]) -> None:
    """Write the table of crops, and ``record`` as JSON."""
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(field.name for field in dataclasses.fields(Row))
    for row in rows:
        values = dataclasses.astuple(row)
        table.writerow(int(v) if isinstance(v, bool) else v for v in values)
    (folder / TABLE).write_text(text.getvalue(), encoding="utf-8")
    (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _own_files(out: Path) -> set[str]:
    """What an earlier call has written, by its table."""
    try:
        with (out / TABLE).open(encoding="utf-8", newline="") as file:
            paths = {row["path"] for row in csv.DictReader(file)}
    except (OSError, ValueError, KeyError, csv.Error):
        return set()
    return {*paths, TABLE, RECORD} if (out / RECORD).is_file() else set()
