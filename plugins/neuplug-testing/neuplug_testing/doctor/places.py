"""Where neuplug writes: whether it can, how much is there, and how much more there may be."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuplug.storage.store import cache_dir
from neuplug_testing.doctor.finding import Part

# Free bytes below which it warns; a choice
LITTLE = 1e9

PROJECT = "NEUPLUG_COMPOSE_PROJECT"

# Places that must be writable: what each is for, and how to have it elsewhere
_NEEDED = {
    "cache": ("the cache", "NEUPLUG_CACHE=FOLDER"),
    "runs": ("runs", f"--project FOLDER, or {PROJECT}=FOLDER"),
    "temporary": ("temporary files", "TMPDIR=FOLDER"),
}


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
    part = Part(
        "places",
        [
            _place("cache", cache),
            _place("store", cache / "store" / "done"),
            _place("unfinished", cache / "store" / "unfinished"),
            _place("decoded data", cache / "data"),
            _place("runs", runs.absolute()),
            # the files of others are none of our business
            _place("temporary", Path(tempfile.gettempdir()), counted=False),
        ],
    )
    for place in part.facts:
        if place["place"] in _NEEDED:
            _judge(part, place)
    return part


def _place(name: str, path: Path, counted: bool = True) -> dict[str, Any]:
    sizes = list(_sizes(path)) if counted else []
    place = {
        "place": name,
        "path": str(path),
        "exists": _is_dir(path),
        "bytes": sum(sizes) if counted else None,
        "files": len(sizes) if counted else None,
    }
    return {**place, **_room(path)} if name in _NEEDED else place


def _room(path: Path) -> dict[str, Any]:
    """Of a place that neuplug makes where it is not yet, so that what is above it must do."""
    while not os.path.exists(path) and path != path.parent:  # noqa: PTH110 - never raises
        path = path.parent
    try:
        free = shutil.disk_usage(path).free
    except OSError:
        free = None
    return {"free": free, "problem": _problem(path)}


def _problem(folder: Path) -> str:
    """Why nothing can be written into a folder, or an empty text; leaves nothing behind."""
    if not _is_dir(folder):
        return f"{folder} is not a folder"
    try:
        # permissions alone do not tell of full disks and file systems that only read
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"neuplug")
            file.flush()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        return "the disk is full" if error.errno == errno.ENOSPC else f"{folder}: {reason}"
    return ""


def _is_dir(path: Path) -> bool:
    # of pathlib it would raise where a folder above cannot be entered
    return os.path.isdir(path)  # noqa: PTH112


def _sizes(folder: Path) -> Iterator[int]:
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                yield os.lstat(f"{parent}/{name}").st_size
            except OSError:  # gone meanwhile
                continue


def _judge(part: Part, place: dict[str, Any]) -> None:
    purpose, setting = _NEEDED[place["place"]]
    elsewhere = f"name a folder of yours: {setting}"
    if place["problem"]:
        said = f"the folder for {purpose}, {place['path']}, cannot be written: {place['problem']}"
        part.fault(said, elsewhere)
    elif place["free"] is not None and place["free"] < LITTLE:
        said = f"only {place['free'] / 1e9:.2f} GB are free for {purpose} ({place['path']})"
        part.warn(said, f"make room, or {elsewhere}")
