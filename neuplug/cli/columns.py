"""Rows under each other, on a terminal or in a pipe."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def make_console() -> Console:
    """A console for plain text: nothing in it is markup or coloured by what it looks like."""
    from rich.console import Console

    console = Console(emoji=False, highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 1000  # a pipe has no margin: one line for each row
    return console


def print_columns(console: Console, rows: Iterable[tuple[str, ...]]) -> None:
    """Print rows under each other; a row of one cell is a heading."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for row in rows:
        style = "bold" if len(row) == 1 else ""
        table.add_row(*(Text(cell, style) for cell in row))
    console.print(table)
