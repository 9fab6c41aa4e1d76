"""What all figures share: a title of two lines, and places in inches from the top left corner."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neuplug.experiment.results import RunResults
from neuplug.experiment.summary import wording
from neuplug_figures import style

MARGIN = style.MARGIN
WIDTH = style.WIDTH
# Inches that the title takes at the top
TITLE = 0.52


@dataclass(frozen=True)
class Drawing:
    """A figure before it is written.

    Attributes:
        name: Words that tell it from the others. The first is the kind, ``accuracy``,
            ``differences``, ``learning``, ``dose``, ``generator``, ``distances``, ``classifier``
            or ``confusion``.
        alt: What it shows, in words.
    """

    name: str
    alt: str
    figure: Figure


@dataclass(frozen=True)
class Title:
    """The head of a figure.

    Attributes:
        main: What is shown.
        aside: How to read it, with its sample count.
        results: Of the run, which know whether its data is simulated.
    """

    main: str
    aside: str
    results: RunResults


def new_figure(height: float, head: Title) -> Figure:
    """A figure of the common width with its title; ``height`` in inches."""
    figure = Figure(figsize=(WIDTH, height))
    simulated = head.results.data.simulated
    room = 35 if simulated else 46
    style.put_text(figure, MARGIN, 0.13, shorten(head.main, room), size=10, weight="bold")
    style.put_text(figure, MARGIN, 0.33, head.aside, size=style.SMALL, color=style.MUTED)
    if simulated:
        look = {"size": style.SMALL, "color": style.ORANGE, "ha": "right"}
        style.put_text(figure, WIDTH - MARGIN, 0.13, "simulated data", **look)
    return figure


def put_axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place in inches, counted from the top left corner."""
    wide, tall = figure.get_size_inches()
    return figure.add_axes((left / wide, 1 - (top + height) / tall, width / wide, height / tall))


def shorten(text: str, length: int) -> str:
    """At most ``length`` characters, the last an ellipsis where some were cut."""
    return text if len(text) <= length else text[: length - 1] + wording.ELLIPSIS
