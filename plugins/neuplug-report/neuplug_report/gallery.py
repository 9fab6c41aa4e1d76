"""The files of a run that its page shows: as data URIs, or by name where they would be too much."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from neuplug.experiment.parts import Evaluation
from neuplug.experiment.results import RunResults
from neuplug.experiment.summary import wording
from neuplug_report.pictures import Picture, read_pictures

# An <img> runs no script and loads nothing, whatever is written in an SVG file.
_MEDIA = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".svg": "image/svg+xml",
}

# Bytes of animations within the page; further ones are named
ANIMATIONS = 3_000_000

# Bytes of evaluators' figures within the page; further ones are named
FIGURES = 12_000_000

Shown = dict[str, str]

_PARTS = {"grid-over-steps": "grids", "animation": "animations"}
# The first word of a picture's name in ``figures/``
_KINDS = {"side-by-side": "samples", "grid-over-steps": "training", "animation": "animation"}


class Gallery:
    """The pictures of one run.

    Args:
        results: Of the run.
        folder: The folder of the run.

    Attributes:
        files: Of each picture that :meth:`view` has come upon, words for it and its files: the same
            in several formats.
    """

    def __init__(self, results: RunResults, folder: Path) -> None:
        self._results = results
        self._folder = folder.resolve()
        self.files: list[tuple[str, list[Path]]] = []

    def view(self) -> dict[str, Any]:
        """All that the template shows of files.

        A picture has ``title``, ``caption``, ``alt``, ``source`` (a data URI or nothing),
        ``still`` (the same of an animation's last frame), ``narrow`` (the same for a narrow screen)
        and ``link`` (where it is if it is not within the page).
        """
        found: dict[str, Any] = {"pictures": [], "grids": [], "animations": []}
        room = ANIMATIONS
        pictures = read_pictures(self._folder)
        for entry in pictures.pictures:
            kind = _PARTS.get(entry.kind, "pictures")
            name = f"{_KINDS[entry.kind]} {entry.title}"
            shown, size = self._picture(entry, name, room if kind == "animations" else None)
            room -= size if kind == "animations" else 0
            found[kind].append(shown)
        found["unpictured"] = "; ".join(pictures.unpictured)
        return {**found, "evaluator_figures": self._evaluator_figures()}

    def _picture(self, entry: Picture, name: str, room: int | None = None) -> tuple[Shown, int]:
        """An entry for the template, and the bytes that it adds to the page."""
        shown = {"title": entry.title, "caption": entry.caption}
        shown |= {"alt": f"{entry.title}. {entry.caption}".strip()}
        shown |= dict.fromkeys(("source", "still", "narrow", "link"), "")
        path = self._file(entry.file)
        if path is None:
            shown["caption"] = f"The picture {entry.file} is not in the folder of the run."
            return shown, 0
        self._note(name, path)
        found = {"source": _data_uri(path)}
        if entry.still and (still := self._file(entry.still)) is not None:
            found["still"] = _data_uri(still)
        if entry.narrow and (narrow := self._file(entry.narrow)) is not None:
            found["narrow"] = _data_uri(narrow)
            self._note(f"{name} narrow", narrow)
        size = sum(map(len, found.values()))
        if room is not None and size > room:
            return shown | {"link": quote(entry.file)}, 0
        return shown | found, size

    def _note(self, words: str, path: Path) -> None:
        """Remember a file and those of the same name in other formats."""
        names = sorted(str(p) for p in path.parent.glob("*.*") if p.stem == path.stem)
        self.files.append((words, [file for name in names if (file := self._file(name))]))

    def _file(self, name: str) -> Path | None:
        """A file of the run that a page can show; nothing outside of its folder."""
        path = (self._folder / name).resolve()
        inside = path.is_relative_to(self._folder) and path.is_file()
        return path if inside and path.suffix.lower() in _MEDIA else None

    def _evaluator_figures(self) -> dict[str, list[dict[str, Any]]]:
        """The first repeat's figures: by evaluator a group for each thing it looked at."""
        groups: dict[tuple[str, str], list[Evaluation]] = {}
        for entry in _first_of_each(self._results.evaluations):
            if entry.figures:
                groups.setdefault((entry.evaluator, entry.key), []).append(entry)
        found: dict[str, list[dict[str, Any]]] = {}
        room = FIGURES
        for (evaluator, _), entries in groups.items():
            about = [" with ".join(filter(None, (e.arm, e.classifier))) for e in entries]
            title = wording.listing(about)
            figures = []
            for file in _one_format(entries[0].figures):
                words = _words(file)
                picture = Picture(title=words, kind="side-by-side", file=file, caption="")
                shown, size = self._picture(picture, f"{evaluator} {title} {words}", room)
                room -= size
                alt = {"alt": f"{words}: {evaluator} of {title}, first repeat"}
                figures.append(shown | alt)
            found.setdefault(evaluator, []).append({"title": title, "figures": figures})
        return found


def _words(file: str) -> str:
    """``3-pitted-surface.png`` as ``pitted surface``: a number before is for the order alone."""
    plain = re.sub(r"[-_]+", " ", Path(file).stem)
    return re.sub(r"^\d+ (?=\D)", "", plain)


def _one_format(files: Iterable[str]) -> list[str]:
    """Of those that differ in their suffix alone the first."""
    first: dict[str, str] = {}
    for file in files:
        first.setdefault(str(PurePosixPath(file).with_suffix("")), file)
    return list(first.values())


def _first_of_each(evaluations: Iterable[Evaluation]) -> list[Evaluation]:
    """Those of the first repeat in which an evaluator looked at an arm."""
    first: dict[tuple[str, str, str | None], Evaluation] = {}
    for entry in sorted(evaluations, key=lambda e: e.repeat):
        first.setdefault((entry.evaluator, entry.arm, entry.classifier), entry)
    return list(first.values())


def _data_uri(path: Path) -> str:
    media = _MEDIA[path.suffix.lower()]
    return f"data:{media};base64,{base64.b64encode(path.read_bytes()).decode()}"
