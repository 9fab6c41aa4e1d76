"""Lines, tables, lists and a bar on the terminal, in which names are never taken for markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from neuplug.plugins.generator import Progress

# Names that are listed before the rest is only counted
SHOWN = 20


def make_console(*, stderr: bool = False) -> Console:
    """A console for plain text: nothing in it is markup or coloured by what it looks like."""
    from rich.console import Console

    console = Console(emoji=False, highlight=False, markup=False, stderr=stderr)
    if not console.is_terminal:
        console.width = 1000  # a pipe has no margin: one line for each row
    return console


def print_line(console: Console, text: str, style: str = "") -> None:
    """Print a line however long; names of files in it may be no valid text."""
    console.print(text.encode("utf-8", "replace").decode(), style=style, soft_wrap=True)


def print_names(console: Console, title: str, items: Sequence[str]) -> None:
    """Print a title and a list, cut short."""
    print_line(console, f"{title}: {len(items)}")
    for item in items[:SHOWN]:
        print_line(console, f"  {item}")
    if len(items) > SHOWN:
        print_line(console, f"  … and {len(items) - SHOWN} more")


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


@contextmanager
def progress_bar(what: str) -> Iterator[Progress]:
    """A bar on the terminal, if there is one, which the given callable moves."""
    from rich.progress import Progress as Bars

    console = make_console(stderr=True)
    with Bars(console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total, note="": bars.update(
            task, completed=done, total=total, description=note
        )
