"""Labelled image files as they lie on disk, none of them opened, and what lists them."""

from __future__ import annotations

import csv
import functools
import hashlib
import io
import os
import re
import unicodedata
from abc import abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from neuplug.errors import InputError, did_you_mean
from neuplug.plugins.component import ComponentBase
from neuplug.text import unguarded

# Part of every data set's key: raised when decoding, binding or the files of the cache change
FORMAT = 6

SplitName: TypeAlias = Literal["train", "val", "test"]

# What people call the parts of a split, in lower case
SPLIT_NAMES: dict[str, SplitName] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One image file and what its place says about it.

    Attributes:
        id: The path relative to the listing's root, with forward slashes.
        label: Its class.
        split: Which part of a given split it belongs to, if one is given.
        group: What it must not be separated from, for example the object it shows.
    """

    path: Path
    id: str
    label: str
    split: SplitName | None = None
    group: str | None = None

    def __post_init__(self) -> None:
        # macOS spells accented names in another way than others do: one class would become two
        for name in ("label", "group"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, unicodedata.normalize("NFC", value))
        try:
            f"{self.id}{self.label}{self.group}".encode()
        except UnicodeEncodeError:
            shown = self.id.encode("utf-8", "replace").decode()
            raise InputError(
                f"the file name {shown} is not in UTF-8, which tables and reports need: rename it."
            ) from None


@dataclass(frozen=True, slots=True)
class Listing:
    """All labelled images of a set.

    Attributes:
        root: The folder that ids are relative to.
        layout: How they lie there, in words.
        entries: In natural order of their ids.
        ignored: How many files were passed over.
        empty: Names of class folders without a single file.
    """

    root: Path
    layout: str
    entries: tuple[Entry, ...]
    ignored: int = 0
    empty: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in natural order."""
        return tuple(sorted({entry.label for entry in self.entries}, key=natural_key))

    def outside(self, classes: Collection[str]) -> tuple[str, ...]:
        """Ids of images of some classes that a link or a manifest's path has outside the root."""
        root = os.path.realpath(self.root)
        real = functools.cache(os.path.realpath)  # few folders have many files
        places = [(e, e.path if e.path.is_symlink() else e.path.parent) for e in self.entries]
        return tuple(
            entry.id
            for entry, place in places
            if entry.label in classes and not Path(real(place)).is_relative_to(root)
        )


class Layout(ComponentBase):
    """Recognises one way in which a set of labelled images lies on disk, and lists it."""

    @abstractmethod
    def scan(self, path: Path) -> Listing | str | None:
        """List the images at ``path``, without opening one of them.

        Args:
            path: A folder or a file that is there.

        Returns:
            ``None`` if this is not its layout; a sentence if it is, but something has to be done
            before it can be read, saying what.
        """


def natural_key(text: str) -> tuple[object, ...]:
    """Sort key in which ``cow2`` comes before ``cow10``, and letter case counts last."""
    parts = [
        [int(piece) if piece.isdecimal() else piece for piece in re.split(r"(\d+)", part)]
        for part in text.casefold().split("/")
    ]
    return (parts, text)


def fingerprint(listing: Listing) -> str:
    """SHA-256 over what identifies the listed files without opening them.

    That is for each image its id, label, split, group, size and time of last change (ns).
    """
    digest = hashlib.sha256()
    for entry in listing.entries:
        try:
            status = entry.path.stat()
            state = (status.st_size, status.st_mtime_ns)
        except OSError:  # gone or out of reach: decoding will name it
            state = (-1, -1)
        facts = (entry.id, entry.label, entry.split, entry.group, *state)
        digest.update(repr(facts).encode())
    return digest.hexdigest()


def listed(names: Sequence[str], most: int = 5) -> str:
    """``a, b and c`` for a sentence, cut short after ``most``."""
    shown = list(names[:most])
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


# CSV manifests ----------------------------------------------------------------------------------

_NEEDED = ("path", "label")
_OPTIONAL = ("split", "group")


def read_manifest(path: Path) -> Listing:
    """List the images of a CSV manifest: a header, then one line for each image.

    The columns ``path`` and ``label`` are needed, ``split`` and ``group`` may be there, others are
    passed over. Paths are relative to the manifest's folder. Commas, semicolons and tabs separate.

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
        if missing := [column for column in _NEEDED if column not in columns]:
            has = f"has {listed([c for c in columns if c])}" if any(columns) else "is empty"
            raise InputError(
                f"{path}, line 1: there is no column {missing[0]!r}, the header {has}; "
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
        unguarded(row["label"]),
        SPLIT_NAMES[split] if split else None,
        row.get("group") or None,
    )
