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
        parts = parts_of(cell)
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

    def contradicts(self, cell: str, file: Path) -> bool:
        """Whether the folders of a cell are others than those of the image found for it.

        They are not if one of the two paths only begins further up, as on another machine.
        """
        inside = os.path.relpath(file, self.root)
        return not _agree(parts_of(cell)[:-1], parts_of(inside)[:-1])

    def refutes(self, cell: str, file: Path) -> bool:
        """Whether such an image cannot be meant: the folder of the cell is there without it, or
        the two are in different parts of a split.
        """
        said, found = (
            {part_in_name(name) for name in parts_of(place)[:-1]} - {""}
            for place in (cell, os.path.relpath(file, self.root))
        )
        folder = self.root / cell.replace("\\", "/")
        return bool(said and found and said != found) or _is_folder(folder.parent)


def parts_of(cell: str) -> list[str]:
    """The names in a path of any system, in lower case."""
    text = _DRIVE.sub("", cell.replace("\\", "/").removeprefix("~")).casefold()
    return [part for part in PurePosixPath(text).parts if part not in ("/", "..", ".")]


def same_image(cell: str, image: Path, folder: Path) -> bool:
    """Whether a cell's path and that of an image in a folder are of the same folders."""
    inside = [folder.name, *image.relative_to(folder).parts[:-1]]
    return _agree(parts_of(cell)[:-1], [part.casefold() for part in inside])


def _agree(some: list[str], others: list[str]) -> bool:
    """Whether folders are the same as far as both lists go, from their ends."""
    return all(a == b for a, b in zip(some[::-1], others[::-1], strict=False))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


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
