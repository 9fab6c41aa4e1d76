"""The one style of all figures: colours by role, fonts, line widths."""

from __future__ import annotations

from functools import cache
from typing import Any

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

# Each role has one colour here, for a white page, and one custom property in page.css, which
# inline figures take so that they follow the page into the dark. No two roles share a colour.
PAPER = "#ffffff"
INK = "#16191d"
MUTED = "#59616b"
LINE = "#dfe3e8"
BLUE = "#1c5d9f"
ORANGE = "#b4471c"
HEAT = "#7aaee0"

PROPERTIES = {
    PAPER: "--paper",
    INK: "--ink",
    MUTED: "--muted",
    LINE: "--line",
    BLUE: "--blue",
    ORANGE: "--orange",
    HEAT: "--heat",
}

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

WIDTH = 4.2
"""Inches. A figure fills a telephone; a wide page sets two or three side by side."""

MARGIN = 0.08
"""Inches of white at the left and right of a figure's file; a page cuts them off."""

SMALL = 8.5
"""Points, for what is said aside."""

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


@cache
def font_file(text: str) -> str:
    """The path of the first of :func:`families` that has every character of ``text``."""
    paths = [font_manager.findfont(name) for name in families()]
    needed = {ord(character) for character in text}
    for path in paths:
        if needed <= set(FT2Font(path).get_charmap()):
            return path
    return paths[0]
