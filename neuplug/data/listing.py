"""Labelled image files as they lie on disk, none of them opened."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from neuplug.errors import InputError

# Part of every data set's key: raised when decoding, binding or the files of the cache change
FORMAT = 3

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
        folder = functools.cache(os.path.realpath)  # few folders have many files
        return tuple(
            entry.id
            for entry in self.entries
            if entry.label in classes
            and not Path(
                os.path.realpath(entry.path)
                if entry.path.is_symlink()
                else folder(entry.path.parent)
            ).is_relative_to(root)
        )


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
