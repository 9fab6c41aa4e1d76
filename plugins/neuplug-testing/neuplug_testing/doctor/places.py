"""Where neuplug writes: whether it can, how much is there, and how much more there may be."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuplug.storage.cache import cache_dir
from neuplug_testing.doctor.finding import Finding, Part

TOPIC = "places"
# Free bytes below which it warns; a choice
LITTLE = 1e9

PROJECT = "NEUPLUG_COMPOSE_PROJECT"


def look() -> Part:
    """The cache with the store in it, the folder of runs, and the one for passing things.

    Returns:
        For each ``place`` its ``path``, whether it ``exists``, ``bytes`` and ``files`` in it,
        ``free`` bytes on its disk, and in ``problem`` why it cannot be written, if so. The store's
        parts have no ``free`` and ``problem`` of their own.
    """
    from neuplug.experiment.config import ComposeConfig

    cache = cache_dir()
    runs = Path(os.environ.get(PROJECT) or ComposeConfig.model_fields["project"].default)
    facts = [
        _writable("cache", cache),
        _place("store", cache / "store" / "done"),
        _place("unfinished", cache / "store" / "unfinished"),
        _place("decoded data", cache / "data"),
        _writable("runs", runs.absolute()),
        # the files of others are none of our business
        _writable("temporary", Path(tempfile.gettempdir()), counted=False),
    ]
    return Part(facts, [found for place in facts for found in _judge(place)])


def _place(name: str, path: Path, counted: bool = True) -> dict[str, Any]:
    sizes = list(_sizes(path)) if counted else []
    return {
        "place": name,
        "path": str(path),
        "exists": _is_dir(path),
        "bytes": sum(sizes) if counted else None,
        "files": len(sizes) if counted else None,
    }


def _writable(name: str, path: Path, counted: bool = True) -> dict[str, Any]:
    """A place that neuplug makes where it is not yet, so that what is above it must be writable."""
    found = path
    while not _exists(found) and found != found.parent:
        found = found.parent
    try:
        free = shutil.disk_usage(found).free
    except OSError:
        free = None
    return {**_place(name, path, counted), "free": free, "problem": _problem(found)}


def _problem(folder: Path) -> str:
    """Why nothing can be written into a folder, or an empty text; leaves nothing behind."""
    if not _is_dir(folder):
        return f"{folder} is no folder"
    try:
        # permissions alone do not tell of full disks and file systems that only read
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"neuplug")
            file.flush()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        return "the disk is full" if error.errno == errno.ENOSPC else f"{folder}: {reason}"
    return ""


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder above it cannot be entered
        return False


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _sizes(folder: Path) -> Iterator[int]:
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                yield os.lstat(f"{parent}/{name}").st_size
            except OSError:  # gone meanwhile
                continue


def _judge(place: dict[str, Any]) -> Iterator[Finding]:
    name, elsewhere = place["place"], _ELSEWHERE.get(place["place"], "")
    if place.get("problem"):
        said = f"the folder for {_MEANING[name]}, {place['path']}, cannot be written: "
        yield Finding(TOPIC, "fault", said + place["problem"], elsewhere)
    elif place.get("free") is not None and place["free"] < LITTLE:
        said = f"only {place['free'] / 1e9:.2f} GB are free for {_MEANING[name]} ({place['path']})"
        yield Finding(TOPIC, "warning", said, f"make room, or {elsewhere}")


_MEANING = {"cache": "the cache", "runs": "runs", "temporary": "temporary files"}
_ELSEWHERE = {
    "cache": "name a folder of yours: NEUPLUG_CACHE=FOLDER",
    "runs": f"name a folder of yours: --project FOLDER, or {PROJECT}=FOLDER",
    "temporary": "name a folder of yours: TMPDIR=FOLDER",
}
