"""A plain CSV manifest: the columns path and label, and a line for each image."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Any

from neuplug.data.listing import SPLIT_NAMES, Entry, Listing, listed, natural_key
from neuplug.errors import InputError
from neuplug.text import unguarded

_COLUMNS = ("path", "label", "split", "group")


def read_manifest(path: Path) -> Listing:
    """List the images of a CSV manifest: a header, then one line for each image.

    The columns ``path`` and ``label`` are needed, ``split`` and ``group`` may be there, others are
    passed over. Paths are relative to the manifest's folder. The text is UTF-8, with commas.

    Raises:
        InputError: With the line numbers, if a column, label, split or file is missing or wrong.
        OSError: If it cannot be read.
    """
    found: dict[str, tuple[int, Entry]] = {}
    wrong: list[str] = []
    try:
        text = io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")
        reader = csv.DictReader(text, skipinitialspace=True, strict=True)
        columns = list(reader.fieldnames or ())
        if again := [name for name in _COLUMNS if columns.count(name) > 1]:
            raise InputError(f"{path} has several columns called {listed(again)}: keep one.")
        if not {"path", "label"} <= set(columns):
            raise InputError(f"{path} has no header with the columns path and label.")
        for row in reader:
            line = reader.line_num
            try:
                entry = _entry(row, path.parent)
            except InputError as error:
                wrong.append(f"line {line}: {error}")
                continue
            if entry.id in found:
                wrong.append(
                    f"line {line}: {entry.id} is already listed in line {found[entry.id][0]}"
                )
            found[entry.id] = (line, entry)
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text: save it as CSV in UTF-8.") from None
    except csv.Error as error:
        raise InputError(
            f"{path}, line {reader.line_num}: {error}: is a quote not closed?"
        ) from None
    if wrong:
        raise InputError(f"{path}: {len(wrong)} line(s) are wrong: {'; '.join(wrong[:3])}.")
    if not found:
        raise InputError(f"{path} lists no images: there is nothing below its header.")
    entries = sorted((entry for _, entry in found.values()), key=lambda e: natural_key(e.id))
    known = [name for name in _COLUMNS if name in columns]
    return Listing(path.parent, f"a CSV manifest ({listed(known)})", tuple(entries))


def _entry(row: dict[str | None, Any], root: Path) -> Entry:
    if any(row.pop(None, ())):
        raise InputError("it has more cells than the header: quote labels that contain a comma")
    place, label, split, group = ((row.get(name) or "").strip() for name in _COLUMNS)
    if not (place and label):
        raise InputError("the path or the label is empty")
    if row["label"] != label:
        raise InputError(f"there are blanks around the label {row['label']!r}: take them out")
    if None in row.values():
        raise InputError("it has fewer cells than the header")
    if "," in label.partition("\n")[2]:
        raise InputError("the label goes on in the next line: is a quote not closed?")
    if split and split.lower() not in SPLIT_NAMES:
        raise InputError(f"{split!r} is not a split: write train, val, test, or nothing")
    file = root / place
    try:
        there = file.is_file()
    except (OSError, ValueError):  # a name too long, or with a NUL byte
        there = False
    if not there:
        raise InputError(f"there is no file {file}")
    id_ = Path(os.path.relpath(file, root) if file.is_relative_to(root) else file).as_posix()
    return Entry(
        file, id_, unguarded(label), SPLIT_NAMES[split.lower()] if split else None, group or None
    )
