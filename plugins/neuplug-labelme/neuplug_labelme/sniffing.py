"""Whether there are labelme annotations in a folder. Light."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BROKEN_JSON = (ValueError, RecursionError)  # also where it is no UTF-8, or nested without end
_SNIFFED = 20  # files that are opened to tell whether a folder holds annotations


def has_labelme(folder: Path) -> bool:
    """Whether a labelme file is among the first JSON files at any depth of ``folder``."""
    for path in itertools.islice(json_files(folder), _SNIFFED):
        try:
            if is_labelme(json.loads(path.read_bytes())):
                return True
        except (OSError, *BROKEN_JSON):
            continue
    return False


def json_files(folder: Path) -> Iterator[Path]:
    """The JSON files at any depth of ``folder``, hidden ones left out."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.lower().endswith(".json") and not name.startswith("."):
                yield Path(place, name)


def is_labelme(content: Any) -> bool:
    """Whether the content of a JSON file is a labelme annotation."""
    return isinstance(content, dict) and isinstance(content.get("shapes"), list)
