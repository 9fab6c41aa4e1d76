"""Find the files that the cells of a table mean."""

from __future__ import annotations

import functools
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from neuplug.data.layouts import is_image
from neuplug_folders.masks import words
from neuplug_folders.parts import part_in_name

_DEPTH_BESIDE = 2
_MOST_FILES = 2_000_000
_DRIVE = re.compile(r"[A-Za-z]:")
_ENDING = re.compile(r"\.(png|jpe?g|jpe|jfif|bmp|dib|tiff?|webp|gif|p[bgnp]m)", re.IGNORECASE)


class Files:
    """The images of a table, found by what its cells say of them.

    Folders are walked only if a cell is not the path of a file: first the table's own, and if that
    has no images those beside it, not far down.
    """

    def __init__(self, table: Path, follow: bool = False) -> None:
        self.root, self._follow = table.parent, follow
        parts = {part_in_name(word) for word in words(table.stem)} - {""}
        self._part = parts.pop() if len(parts) == 1 else ""  # as of train.csv

    @functools.cached_property
    def _index(self) -> dict[str, list[Path]]:
        """Names with and without ending, in lower case, to files."""
        found: dict[str, list[Path]] = defaultdict(list)
        for path in images_below(self.root, self._follow):
            found[path.name.casefold()].append(path)
            found[path.stem.casefold()].append(path)
        if not found:
            above = Path(os.path.normpath(self.root.absolute() / ".."))
            for path in images_below(above, self._follow, depth=_DEPTH_BESIDE):
                place = self.root / ".." / path.relative_to(above)
                found[path.name.casefold()].append(place)
                found[path.stem.casefold()].append(place)
        return found

    def find(self, cell: str) -> list[Path]:
        """The files that a cell may mean: one if it is clear, none if there is no such file."""
        if not cell or len(cell) > 4096:
            return []
        for text in dict.fromkeys((cell, cell.replace("\\", "/"))):
            if is_file(self.root / text):
                return [self.root / text]
        return self._by_name(cell)

    def _by_name(self, cell: str) -> list[Path]:
        text = _DRIVE.sub("", cell.replace("\\", "/").removeprefix("~")).casefold()
        parts = [part for part in PurePosixPath(text).parts if part not in ("/", "..", ".")]
        if not parts:
            return []
        named = self._index.get(parts[-1], [])
        if not named:
            ending = PurePosixPath(parts[-1]).suffix
            stem = PurePosixPath(parts[-1]).stem if _ENDING.fullmatch(ending) else parts[-1]
            named = self._index.get(stem, [])
        named = [path for path in named if is_file(path)]  # and no pipe of an image's name
        if len(named) < 2:
            return named
        scores = [_agreement(path, parts) for path in named]
        found = [p for p, score in zip(named, scores, strict=True) if score == max(scores)]
        same = [p for p in found if any(part_in_name(n) == self._part for n in p.parts[-3:-1])]
        return same if self._part and same else found


def _agreement(path: Path, parts: list[str]) -> int:
    """How many folders at the end of a path are the same."""
    folders = [part.casefold() for part in path.parts[:-1]][::-1]
    count = 0
    for one, other in zip(folders, parts[:-1][::-1], strict=False):
        if one != other:
            break
        count += 1
    return count


def is_file(path: Path) -> bool:
    """Whether a file is there; also false of what can be no path."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def images_below(folder: Path, follow: bool = False, depth: int = 99) -> Iterator[Path]:
    """The images of a folder, without hidden ones, and of folders in it down to a depth."""
    seen = 0
    for place, folders, names in os.walk(folder, followlinks=follow):
        below = len(Path(place).relative_to(folder).parts)
        shown = sorted(n for n in folders if not n.startswith((".", "__MACOSX")))
        folders[:] = shown if below < depth else []
        yield from (path for name in sorted(names) if is_image(path := Path(place, name)))
        seen += len(names)
        if seen > _MOST_FILES:
            return
