"""Recognise photographs with labelme annotations. Light."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuplug import Layout

BROKEN_JSON = (ValueError, RecursionError)  # also where it is no UTF-8, or nested without end
_SNIFFED = 20  # files that are opened to tell whether a folder holds annotations


class Labelme(Layout):
    """Photographs with labelme annotations, which have to be cut before they are a set."""

    def scan(self, path: Path) -> str | None:
        """Say what makes a set of such a folder."""
        if not path.is_dir() or not has_labelme(path):
            return None
        return (
            "There are labelme annotations: neuplug data crop IMAGES LABELME OUT makes a set of "
            "class folders of them."
        )


def has_labelme(folder: Path) -> bool:
    """Whether a labelme file is among the first JSON files at any depth of ``folder``."""
    for path in itertools.islice(json_files(folder), _SNIFFED):
        try:
            if path.is_file() and is_labelme(json.loads(path.read_bytes())):
                return True
        except (OSError, *BROKEN_JSON):
            continue
    return False


def has_coco(path: Path) -> bool:
    """Whether a JSON file has the annotations of COCO."""
    try:
        content = json.loads(path.read_bytes()) if path.is_file() else None
    except (OSError, *BROKEN_JSON):
        return False
    lists = ("images", "annotations")
    return isinstance(content, dict) and all(isinstance(content.get(n), list) for n in lists)


def visible_files(folder: Path) -> Iterator[Path]:
    """The files at any depth of ``folder``, without hidden ones and those in hidden folders."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))


def json_files(folder: Path) -> Iterator[Path]:
    """The JSON files among them."""
    return (path for path in visible_files(folder) if path.suffix.lower() == ".json")


def is_labelme(content: Any) -> bool:
    """Whether the content of a JSON file is a labelme annotation."""
    return isinstance(content, dict) and isinstance(content.get("shapes"), list)
