"""A component's options in words, with their bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from neuplug.cli.printing import followed, json_schema, option_rows

BOUNDS = {
    "minimum": ">= {}",
    "exclusiveMinimum": "> {}",
    "maximum": "<= {}",
    "exclusiveMaximum": "< {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "matches {}",
}


def bounded_rows(options: type[BaseModel]) -> list[dict[str, str]]:
    """As :func:`neuplug.cli.printing.option_rows`, with ``bounds`` before the description.

    Bounds are such as ``1 to 64`` or ``> 0``, and empty where everything of the type goes.
    """
    schema = json_schema(options)
    known, entries = schema.get("$defs", {}), schema.get("properties", {})
    rows = []
    for row in option_rows(options):
        said = row.pop("description")
        bounds = ", ".join(dict.fromkeys(_bounds(entries[row["name"]], known)))
        rows.append({**row, "bounds": bounds, "description": said})
    return rows


def _bounds(entry: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[str]:
    entry = dict(followed(entry, known))
    if "minimum" in entry and "maximum" in entry:
        yield f"{entry.pop('minimum')} to {entry.pop('maximum')}"
    for key, words in BOUNDS.items():
        # a tuple's length is part of its type
        if key in entry and not (key.endswith("Items") and "prefixItems" in entry):
            yield words.format(entry[key])
    items = [entry["items"]] if entry.get("items") else []
    for part in (*entry.get("anyOf", ()), *entry.get("prefixItems", ()), *items):
        yield from _bounds(part, known)
