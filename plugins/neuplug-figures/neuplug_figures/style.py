"""The style of neuplug's figures: colours, sizes, fonts and matplotlib's settings."""

from __future__ import annotations

from functools import cache
from typing import Any

from matplotlib import font_manager
from matplotlib.figure import Figure

# Each role has one colour, for a white page. No two roles share a colour.
PAPER = "#ffffff"
INK = "#16191d"
MUTED = "#59616b"
LINE = "#dfe3e8"
BLUE = "#1c5d9f"
ORANGE = "#b4471c"
HEAT = "#7aaee0"

# Families that hold the scripts which DejaVu Sans lacks; those installed are used.
_OTHER_SCRIPTS = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "Malgun Gothic",
    "WenQuanYi Micro Hei",
    "Arial Unicode MS",
)

# Inches. A figure fills a telephone; a wide page sets two or three side by side.
WIDTH = 4.2

# Inches of white at the left and right of a figure's file; a page cuts them off
MARGIN = 0.08

# Points, for what is said aside
SMALL = 8.5

STYLE: dict[str, Any] = {
    "figure.facecolor": PAPER,
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,  # a class may be called $x^2$
    "axes.facecolor": "none",
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 8.5,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "lines.linewidth": 1.3,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",  # text stays text: it can be read aloud, searched and copied
    "svg.hashsalt": "neuplug",  # the same figure gives the same file
}


def settings() -> Any:
    """:data:`STYLE` with the installed fonts, for :func:`matplotlib.rc_context`."""
    return {**STYLE, "font.sans-serif": families()}


@cache
def families() -> list[str]:
    """The font families to set text in, best first: for ``font.sans-serif``."""
    installed = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(name for name in _OTHER_SCRIPTS if name in installed)]


def put_text(figure: Figure, x: float, y: float, content: str, **look: Any) -> None:
    """Text whose middle is ``y`` inches below the top edge."""
    wide, tall = figure.get_size_inches()
    figure.text(x / wide, 1 - y / tall, content, va="center", **look)
