"""Tables on the terminal, in which names are never taken for markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def make_console(*, stderr: bool = False) -> Console:
    """A console for plain text: nothing in it is markup or coloured by what it looks like."""
    from rich.console import Console

    console = Console(emoji=False, highlight=False, markup=False, stderr=stderr)
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
