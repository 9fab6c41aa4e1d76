"""Read a CSV manifest: a header, then one line for each image.

The columns ``path`` and ``label`` are needed, ``split`` and ``group`` may be there, others are
passed over. Paths are relative to the manifest's folder. Commas, semicolons and tabs separate.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path

from neuplug.data.listing import SPLIT_NAMES, Entry, Listing, listed, natural_key
from neuplug.errors import InputError, did_you_mean

_NEEDED = ("path", "label")
_OPTIONAL = ("split", "group")


def read_manifest(path: Path) -> Listing:
    """List the images of the manifest at ``path``.

    Raises:
        InputError: With the line number, if a column, label, split or file is missing or wrong.
        OSError: If it cannot be read.
    """
    root = path.parent
    found: dict[str, tuple[int, Entry]] = {}
    columns: list[str] = []
    for line, row in _rows(path):
        columns = columns or list(row)
        entry = _entry(row, root, f"{path}, line {line}")
        if entry.id in found:
            raise InputError(
                f"{path}, line {line}: {entry.id} is already listed in line {found[entry.id][0]}."
            )
        found[entry.id] = (line, entry)
    if not found:
        raise InputError(f"{path} lists no images: there is nothing below its header.")
    entries = sorted((entry for _, entry in found.values()), key=lambda e: natural_key(e.id))
    return Listing(root, f"a CSV manifest ({listed(columns)})", tuple(entries))


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines with their numbers, as column name to stripped text."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text: save it as CSV in UTF-8.") from None
    header = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count))
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        for column in _NEEDED:
            if column not in columns:
                has = f"has {listed([c for c in columns if c])}" if any(columns) else "is empty"
                raise InputError(
                    f"{path}, line 1: there is no column {column!r}, the header {has}; "
                    "a manifest needs path and label, and may have split and group."
                )
        known = [column for column in (*_NEEDED, *_OPTIONAL) if column in columns]
        for row in reader:
            if any(cell.strip() for cell in row):
                cells = dict(zip(columns, row, strict=False))
                yield reader.line_num, {c: cells.get(c, "").strip() for c in known}
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}.") from None


def _entry(row: dict[str, str], root: Path, where: str) -> Entry:
    for column in _NEEDED:
        if not row[column]:
            raise InputError(f"{where}: the {column} is empty.")
    split = row.get("split", "").lower()
    if split and split not in SPLIT_NAMES:
        raise InputError(
            f"{where}: {row['split']!r} is not a split.{did_you_mean(split, SPLIT_NAMES)} "
            "Write train, val, test, or nothing."
        )
    file = root / row["path"]
    if not file.is_file():
        file = root / row["path"].replace("\\", "/")  # written on Windows
    if not file.is_file():
        raise InputError(f"{where}: there is no file {file}.")
    place = os.path.relpath(file, root) if file.is_relative_to(root) else str(file)
    return Entry(
        file,
        Path(place).as_posix(),
        row["label"],
        SPLIT_NAMES[split] if split else None,
        row.get("group") or None,
    )
