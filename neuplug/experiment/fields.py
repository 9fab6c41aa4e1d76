"""Settings as people type them, and the values that they become."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from neuplug.data.pixeloptions import Range, read_range
from neuplug.experiment.grammar import MOST_IMAGES, parse_arm, split_arms
from neuplug.text import printable


def as_list(value: Any) -> Any:
    """Comma-separated items; one that has a comma itself stands in double quotes."""
    if isinstance(value, str):
        items = next(csv.reader([" ".join(value.splitlines())], skipinitialspace=True), [])
        return [item.strip() for item in items if item.strip()]
    return [value] if isinstance(value, int | float) else value


def _as_numbers(value: Any) -> Any:
    items = as_list(value)
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        return items
    return [number for item in items for number in as_list(item)]


def _as_name(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _as_names(value: Any) -> Any:
    """Names of components, which have neither blanks nor capital letters."""
    items = as_list(value)
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        return items
    return [name for item in items for name in re.split(r"[,;\s]+", item.lower()) if name]


def _as_repeats(value: Any) -> Any:
    text = str(value).strip().lower()
    if not re.fullmatch("auto|[1-9][0-9]{0,2}|1000", text):
        raise ValueError("write a number from 1 to 1000, or auto")
    return text if text == "auto" else int(text)


def _as_arms(value: Any) -> Any:
    """Arms as a list; a mapping in YAML gives each a label."""
    if isinstance(value, Mapping):
        return [f"{label}: {arm}" for label, arm in value.items()]
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        return items
    return [arm for item in items for arm in split_arms(item)]


def _as_limits(value: Any) -> Any:
    """``a=20,b=30``, or a list of such, as a mapping; a class may have a comma in its name."""
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        return value
    text, found = ",".join(items), {}
    while text:
        pair = re.match(r'\s*"?(.+?)"?\s*=\s*([^,=]*?)\s*(?:,|$)', text)
        if pair is None:
            raise ValueError(f"write class=number, not {text}")
        found[pair[1]], text = pair[2], text[pair.end() :]
    return found


def _readable(arm: str) -> str:
    parse_arm(arm)
    return arm


def _as_size(value: Any) -> Any:
    """Height and width, as ``H,W`` or ``HxW``; one number is both."""
    if isinstance(value, str):
        value = re.sub(r"(?<=\d)\s*[xX\xd7*]\s*(?=\d)", ",", value)
        if not re.fullmatch(r"\s*\d{1,9}\s*(,\s*\d{1,9}\s*)?", value):
            raise ValueError("write height and width in pixels, as in 64, 48,64 or 48x64")
    items = as_list(value)
    return [*items, *items] if isinstance(items, list | tuple) and len(items) == 1 else items


def _place(data: str) -> str:
    if not data.strip():
        raise ValueError("name a folder or a CSV manifest; '.' is the current folder")
    if re.match(r"[a-z][a-z0-9+.-]+://", data, re.IGNORECASE):
        raise ValueError("an address: download the images, and give the folder that they are in")
    return data


def _folder_name(name: str) -> str:
    if not re.fullmatch(r"[^/\\.][^/\\]*", name) or printable(name) != name or len(name) > 60:
        raise ValueError("a folder's name has up to 60 characters, no / or \\, no dot at its front")
    return name


def _sane(size: tuple[int, int]) -> tuple[int, int]:
    if not 8 <= min(size) <= max(size) <= 4096:
        raise ValueError("each side must be 8 to 4096 pixels")
    return size


Names = Annotated[list[str], BeforeValidator(as_list)]
Components = Annotated[list[str], BeforeValidator(_as_names)]
Name = Annotated[str, BeforeValidator(_as_name)]
Numbers = Annotated[list[float], BeforeValidator(_as_numbers)]
Count = Annotated[int, Field(ge=1, le=MOST_IMAGES)]
Counts = Annotated[list[Count], BeforeValidator(_as_numbers)]
Size = Annotated[tuple[int, int], BeforeValidator(_as_size), AfterValidator(_sane)]
Arms = Annotated[list[Annotated[str, AfterValidator(_readable)]], BeforeValidator(_as_arms)]
Limits = Annotated[dict[str, Count], BeforeValidator(_as_limits)]
Place = Annotated[str, AfterValidator(_place)]
Folder = Annotated[Path, BeforeValidator(lambda path: _place(str(path)))]
FolderName = Annotated[str, AfterValidator(_folder_name)]
Levels = Annotated[Range, BeforeValidator(read_range)]
Repeats = Annotated[int | Literal["auto"], BeforeValidator(_as_repeats)]
