"""File names made of names from outside, which any disk takes."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

_LONGEST_NAME = 120  # bytes of a name within file names, which may have 255
_UNSAFE = re.compile(
    r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]'  # controls, too
)
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)  # of Windows


def safe_name(text: str) -> str:
    """Part of a file name on every system; empty if nothing is left."""
    text = _DEVICE.sub(r"\1_", _UNSAFE.sub("_", text).strip(" ."), count=1)
    if len(text.encode()) > _LONGEST_NAME:
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        start = text.encode()[: _LONGEST_NAME - 9].decode(errors="ignore")
        text = f"{start}-{digest}"
    return text


def file_names(texts: Iterable[str], blank: str) -> list[str]:
    """A safe name for each text, no two of them the same on any disk.

    Args:
        texts: Whatever names came from outside.
        blank: Stands for a text of which nothing is left.
    """
    names: list[str] = []
    used: Counter[str] = Counter()
    for text in texts:
        name = safe_name(text) or blank
        while used[name.casefold()]:
            used[name.casefold()] += 1
            name += f"~{used[name.casefold()]}"
        used[name.casefold()] += 1
        names.append(name)
    return names
