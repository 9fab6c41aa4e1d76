"""Lines, lists and a bar on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from neuplug.plugins.generator import Progress

# Names that are listed before the rest is only counted
SHOWN = 20


@contextmanager
def progress_bar(what: str) -> Iterator[Progress]:
    """A bar on the terminal, if there is one, which the given callable moves."""
    from rich.console import Console
    from rich.progress import Progress as Bars

    console = Console(emoji=False, stderr=True)
    with Bars(console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total, note="": bars.update(
            task, completed=done, total=total, description=note
        )


def writers(console: Console) -> tuple[Callable[[str], None], Callable[..., None]]:
    """One that prints a line, and one that prints a title and a list, cut short."""
    from rich.text import Text

    def line(text: str) -> None:
        # names of files are not markup, and may be no valid text
        console.print(Text(text.encode("utf-8", "replace").decode()))

    def names(title: str, items: Sequence[str]) -> None:
        line(f"{title}: {len(items)}")
        for item in items[:SHOWN]:
            line(f"  {item}")
        if len(items) > SHOWN:
            line(f"  … and {len(items) - SHOWN} more")

    return line, names
