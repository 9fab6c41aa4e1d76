"""The options in the tables of the packages' READMEs are there, with the defaults they have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from neuplug.plugins.registry import discover

from .texts import TEXTS

HEAD = "| option | default |"
WORDS = {"on": True, "off": False, "true": True, "false": False}


def rows(text: str) -> Iterator[tuple[list[str], str]]:
    """The options of each row, and what is said of their defaults."""
    within = False
    for line in text.splitlines():
        within = line.startswith(HEAD) or (within and line.startswith("|"))
        if within and not line.startswith((HEAD, "|---")):
            cells = re.split(r"(?<!\\)\|", line)
            yield re.findall(r"`([\w.]+)`", cells[1]), cells[2].strip()


def fields(distribution: str) -> dict[str, list[Any]]:
    """Options to their defaults in the plugin's components; of a library's users, where none."""
    everything = discover().components
    own = [p for p in everything if p.distribution == distribution] or everything
    found: dict[str, list[Any]] = {}
    for provided in own:
        for name, field in provided.load().options_class.model_fields.items():
            found.setdefault(name, []).append(field.default)
    return found


def faults(text: str, known: dict[str, list[Any]]) -> Iterator[str]:
    """What a table says otherwise than the code; what the code works out may be in words."""
    for names, said in rows(text):
        parts = said.split(", ") if len(said.split(", ")) == len(names) else [said] * len(names)
        for name, part in zip(names, parts, strict=True):
            if name not in known:
                yield f"there is no option {name}"
            elif not any(value in (None, {}) for value in known[name]):
                shown = part.strip("`")
                if not any(agrees(shown, value) for value in known[name]):
                    yield f"{name} is {known[name][0]!r} by default, not {shown}"


def agrees(shown: str, value: Any) -> bool:
    """Whether a default is shown as it is."""
    if isinstance(value, bool):
        return WORDS.get(shown) is value
    if isinstance(value, int | float):
        return bool(re.fullmatch(r"[-+.\de]+", shown)) and float(shown) == value
    return shown == str(value)


TABLES = [text for text in TEXTS if text.name == "README.md" and HEAD in text.read_text("utf-8")]


@pytest.mark.parametrize("text", TABLES, ids=lambda text: text.parent.name)
def test_a_table_of_options(text: Path, packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(packages))
    assert not list(faults(text.read_text("utf-8"), fields(text.parent.name)))


def test_a_wrong_table_is_found() -> None:
    table = (
        f"{HEAD} meaning |\n|---|---|---|\n| `lr`, `gone` | 1e-3, 2 | x |\n| `ema` | off | y |\n"
    )
    assert list(faults(table, {"lr": [2e-4], "ema": [False]})) == [
        "lr is 0.0002 by default, not 1e-3",
        "there is no option gone",
    ]
