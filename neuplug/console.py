"""A terminal on which names from outside are shown as they are. Loads rich."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from neuplug.text import printable, printable_lines


class PlainConsole(Console):
    """A console for which nothing is markup, an emoji code or a control sequence.

    A text in a cell or on a line is one line: line breaks in it are escaped, like all else that is
    not printable. Where several lines are meant, a :class:`rich.text.Text` has them.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(emoji=False, highlight=False, markup=False, **settings)

    def render_str(self, text: str, **settings: Any) -> Text:
        """Take a string as it is."""
        return super().render_str(printable(text), **settings)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Escape what somebody has made a :class:`rich.text.Text` of."""
        if isinstance(renderable, Text):
            renderable = renderable.copy()
            renderable.plain = printable_lines(
                renderable.plain
            )  # if it is the same, nothing is lost
        return super().render(renderable, options)
