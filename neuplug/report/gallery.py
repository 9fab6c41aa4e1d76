"""The files of a run that its page shows: as data URIs, or by name where they would be too much."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from neuplug.report import reading, verdicts

# An <img> runs no script and loads nothing, whatever is written in an SVG file.
_MEDIA = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".svg": "image/svg+xml",
}

ANIMATIONS = 3_000_000
"""Bytes of animations within the page; further ones are named."""

FIGURES = 12_000_000
"""Bytes of evaluators' figures within the page; further ones are named."""

Shown = dict[str, str]


class Gallery:
    """The pictures of one run.

    Args:
        results: The content of ``results.json``.
        folder: The folder of the run.
    """

    def __init__(self, results: reading.Results, folder: Path) -> None:
        self._results = results
        self._folder = folder.resolve()

    def view(self) -> dict[str, Any]:
        """All that the template shows of files.

        A picture has ``title``, ``caption``, ``alt``, ``source`` (a data URI or nothing),
        ``still`` (the same of an animation's last frame) and ``link`` (where it is if it is not
        within the page).
        """
        entries = self._results.get("pictures") or []
        kinds = {"grid-over-steps": "grids", "animation": "animations"}
        found: dict[str, Any] = {"pictures": [], "grids": [], "animations": []}
        room = ANIMATIONS
        for entry in entries:
            kind = kinds.get(entry["kind"], "pictures")
            shown, size = self._picture(entry, room if kind == "animations" else None)
            room -= size if kind == "animations" else 0
            found[kind].append(shown)
        return {**found, "evaluator_figures": self._evaluator_figures()}

    def _picture(self, entry: dict[str, str], room: int | None = None) -> tuple[Shown, int]:
        """An entry for the template, and the bytes that it adds to the page."""
        shown = {
            "title": entry["title"],
            "caption": entry.get("caption") or "",
            "alt": entry.get("alt") or f"{entry['title']}. {entry.get('caption') or ''}".strip(),
            "source": "",
            "still": "",
            "link": "",
        }
        path = self._file(entry["file"])
        if path is None:
            shown["caption"] = f"The picture {entry['file']} is not in the folder of the run."
            return shown, 0
        source = _data_uri(path)
        still = self._file(entry["still"]) if entry.get("still") else None
        still_source = _data_uri(still) if still is not None else ""
        size = len(source) + len(still_source)
        if room is not None and size > room:
            return shown | {"link": quote(entry["file"])}, 0
        return shown | {"source": source, "still": still_source}, size

    def _file(self, name: str) -> Path | None:
        """A file of the run that a page can show; nothing outside of its folder."""
        path = (self._folder / name).resolve()
        inside = path.is_relative_to(self._folder) and path.is_file()
        return path if inside and path.suffix.lower() in _MEDIA else None

    def _evaluator_figures(self) -> dict[str, list[dict[str, Any]]]:
        """The first repeat's figures: by evaluator a group for each thing it looked at."""
        groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for entry in _first_of_each(self._results.get("evaluations") or []):
            if entry.get("figures"):
                groups.setdefault((entry["evaluator"], entry["key"]), []).append(entry)
        names = reading.labels(self._results)
        found: dict[str, list[dict[str, Any]]] = {}
        room = FIGURES
        for (evaluator, _), entries in groups.items():
            about = [
                " with ".join(
                    filter(None, [names.get(e["arm"], e["arm"]), e.get("classifier") or ""])
                )
                for e in entries
            ]
            title = verdicts.listing(about)
            figures = []
            for file in entries[0]["figures"]:
                words = _words(file)
                alt = f"{words}: {evaluator} of {title}, first repeat"
                entry = {"title": words, "alt": alt, "file": file}
                shown, size = self._picture(entry, room)
                room -= size
                figures.append(shown)
            found.setdefault(evaluator, []).append({"title": title, "figures": figures})
        return found


def _words(file: str) -> str:
    """``3-pitted-surface.png`` as ``pitted surface``: a number before is for the order alone."""
    plain = re.sub(r"[-_]+", " ", Path(file).stem)
    return re.sub(r"^\d+ (?=\D)", "", plain)


def _first_of_each(evaluations: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the first repeat in which an evaluator looked at an arm."""
    first: dict[tuple[str, str, str], dict[str, Any]] = {}
    for entry in sorted(evaluations, key=lambda e: int(e["repeat"])):
        first.setdefault((entry["evaluator"], entry["arm"], entry.get("classifier") or ""), entry)
    return list(first.values())


def _data_uri(path: Path) -> str:
    media = _MEDIA[path.suffix.lower()]
    return f"data:{media};base64,{base64.b64encode(path.read_bytes()).decode()}"
