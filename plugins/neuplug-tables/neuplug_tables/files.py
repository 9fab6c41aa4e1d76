"""Find the files that the cells of a table mean."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from neuplug.data.layouts import is_image

_DRIVE = re.compile(r"[A-Za-z]:")
_ENDING = re.compile(r"\.(png|jpe?g|jpe|jfif|bmp|dib|tiff?|webp|gif|p[bgnp]m)", re.IGNORECASE)


class Files:
    """The images below a folder, found by what a table says of them.

    Attributes:
        guessed: Files that were not where the table says, with where they were found.
    """

    def __init__(self, root: Path, follow: bool = False) -> None:
        self.root = root
        self._names: dict[str, list[Path]] = defaultdict(list)
        self._stems: dict[str, list[Path]] = defaultdict(list)
        self.everything: list[Path] = []
        for path in images_below(root, follow):
            self._add(path)
        if not self.everything and root.resolve().parent != root.resolve():
            beside = Path(os.path.normpath(root / "..")) if root.parts[-1:] != ("..",) else root
            for path in images_below(beside, follow):
                self._add(root / ".." / path.relative_to(beside), own=False)

    def _add(self, path: Path, own: bool = True) -> None:
        self._names[path.name.casefold()].append(path)
        self._stems[path.stem.casefold()].append(path)
        if own:
            self.everything.append(path)

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
        named = self._names.get(parts[-1], [])
        if not named:
            ending = PurePosixPath(parts[-1]).suffix
            stem = PurePosixPath(parts[-1]).stem if _ENDING.fullmatch(ending) else parts[-1]
            named = self._stems.get(stem, [])
        if len(named) < 2:
            return named
        scores = [_agreement(path, parts) for path in named]
        return [p for p, score in zip(named, scores, strict=True) if score == max(scores)]


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


def images_below(folder: Path, follow: bool = False) -> Iterator[Path]:
    """The images at any depth of a folder, without hidden ones."""
    for place, folders, names in os.walk(folder, followlinks=follow):
        folders[:] = sorted(n for n in folders if not n.startswith((".", "__MACOSX")))
        yield from (path for name in sorted(names) if is_image(path := Path(place, name)))
