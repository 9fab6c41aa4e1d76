"""Tables on the terminal, and a component's options as rows of one.

Names in them are never taken for markup.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from neuplug.text import printable

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console


class PrintableFormatter(logging.Formatter):
    """Messages of the log as lines that no name can forge."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        return printable(super().formatMessage(record))


def make_console(*, stderr: bool = False) -> Console:
    """A console for plain text, on which a pipe has a line for each row."""
    from neuplug.console import PlainConsole

    # its own, since while a plugin is at work what stands there is for what that prints
    console = PlainConsole(file=sys.stderr if stderr else None)
    if not console.is_terminal:
        console.width = 1000  # a pipe has no margin: one line for each row
    return console


def print_columns(console: Console, rows: Iterable[tuple[str, ...]]) -> None:
    """Print rows under each other; a row of one cell is a heading."""
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for row in rows:
        table.add_row(*row, style="bold" if len(row) == 1 else None)
    console.print(table)


def print_table(console: Console, titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under titles; the first column is of names, the others of numbers."""
    from rich.table import Table

    table = Table(titles[0])
    for title in titles[1:]:
        table.add_column(title, justify="right")
    for row in rows:
        table.add_row(*map(str, row))
    console.print(table)


# Options.

TYPES = {
    "boolean": "bool",
    "integer": "int",
    "null": "none",
    "number": "float",
    "object": "mapping",
    "string": "text",
}


def option_rows(options: type[BaseModel]) -> list[dict[str, str]]:
    """The options of a component in words, in the order in which its model declares them.

    Returns:
        For each its ``name``; ``type``, such as ``int`` or ``a | b`` for a choice; ``default``, as
        it is typed after ``--set``, or ``required``; ``description``: what it does.
    """
    schema = json_schema(options)
    known = schema.get("$defs", {})
    return [
        {
            "name": name,
            "type": _type(entry, known) or "any",
            "default": _default(options, name),
            "description": options.model_fields[name].description or "",
        }
        for name, entry in schema.get("properties", {}).items()
    ]


def json_schema(options: type[BaseModel]) -> Mapping[str, Any]:
    """The schema of a component's options; with a type of the plugin's own at least the names."""
    from pydantic.errors import PydanticInvalidForJsonSchema

    try:
        return options.model_json_schema()
    except PydanticInvalidForJsonSchema:
        return {"properties": {name: {} for name in options.model_fields}}


def _type(entry: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    entry = followed(entry, known)
    if "const" in entry:
        return str(entry["const"])
    if "enum" in entry:
        return " | ".join(map(str, entry["enum"]))
    if "anyOf" in entry:
        return " | ".join(_type(part, known) for part in entry["anyOf"])
    if entry.get("type") == "array":
        parts = entry.get("prefixItems") or [entry.get("items", {})]
        inner = ", ".join(_type(part, known) for part in parts)
        return f"({inner})" if "prefixItems" in entry else f"list of {inner}"
    if entry.get("format") in ("path", "file-path", "directory-path"):
        return "path"
    return TYPES.get(entry.get("type", ""), "")


def followed(entry: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    """The definition that ``$ref`` points to, or the entry itself."""
    return known[entry["$ref"].rpartition("/")[2]] if "$ref" in entry else entry


def _default(options: type[BaseModel], name: str) -> str:
    field = options.model_fields[name]
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    value = getattr(value, "value", value)  # of an Enum
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return str(value)
