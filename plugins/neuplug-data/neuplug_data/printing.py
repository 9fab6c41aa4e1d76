"""Lines, lists and a bar on the terminal, in which names are never taken for markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from neuplug.cli.printing import make_console
from neuplug.text import printable_lines

if TYPE_CHECKING:
    from rich.console import Console

    from neuplug.plugins.generator import Progress

# Names that are listed before the rest is only counted
SHOWN = 20


def print_line(console: Console, text: str, style: str = "") -> None:
    """Print a line however long; names of files in it may be no valid text."""
    console.print(printable_lines(text), style=style, soft_wrap=True)


def print_names(console: Console, title: str, items: Sequence[str]) -> None:
    """Print a title and a list, cut short."""
    print_line(console, f"{title}: {len(items)}")
    for item in items[:SHOWN]:
        print_line(console, f"  {item}")
    if len(items) > SHOWN:
        print_line(console, f"  … and {len(items) - SHOWN} more")


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
