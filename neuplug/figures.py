"""What evaluators and reporters draw with: one style, figures as files, rows of images."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

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


# No date and no version in a file: the same figure is the same bytes.
_NO_METADATA = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}


def write_figure(stem: Path, figure: Figure) -> tuple[Path, Path]:
    """Write a matplotlib figure as PNG, 200 dots an inch, and as SVG, whose text stays text.

    Text that names no font is in those of the report, which have names in any script. matplotlib
    reads text between two ``$`` as mathematics; give ``parse_math=False`` with the name of a class
    or an arm, which may have such ones.

    Args:
        stem: Where to, without a suffix.
        figure: Better made by ``matplotlib.figure.Figure`` than by ``pyplot``, which keeps it.

    Returns:
        Both files, for :class:`neuplug.Evaluation`: the report shows the first and keeps both.

    Example:
        >>> from matplotlib.figure import Figure
        >>> figure = Figure(figsize=(4, 3))
        >>> _ = figure.add_subplot().plot([0.9, 0.7, 0.6])
        >>> _ = figure.suptitle("scratches", parse_math=False)
        >>> [file.name for file in neuplug.write_figure(Path("0-scratches"), figure)]
        ['0-scratches.png', '0-scratches.svg']
    """
    png, svg = (stem.with_name(f"{stem.name}.{form}") for form in ("png", "svg"))
    with mpl.rc_context(settings()):
        for file in (png, svg):
            file.write_bytes(render(figure, file.suffix[1:]))
    return png, svg


def render(figure: Figure, form: str) -> bytes:
    """The content of a ``png`` or ``svg`` file, with the settings in force."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # a script that no installed font has: boxes in the PNG, text all the same in the SVG
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format=form, metadata=_NO_METADATA[form])
    return buffer.getvalue()


# Inches: between images, the title with its aside, a line of text
_GAP, _HEAD, _LINE = 0.03, 0.5, 0.22


@dataclass(frozen=True)
class ImageRow:
    """Images side by side.

    Attributes:
        images: Grey levels 0 to 255, uint8 or float (N, C, H, W).
        caption: Above them; may be empty.
        left: Below the first image; may be empty.
        right: Below the last image; may be empty.

    Example:
        >>> row = neuplug.ImageRow(torch.zeros(6, 1, 32, 32, dtype=torch.uint8), "scratches")
        >>> row.caption, len(row.images), row.left
        ('scratches', 6, '')
    """

    images: Tensor
    caption: str = ""
    left: str = ""
    right: str = ""


def write_image_rows(file: Path, title: str, aside: str, rows: Sequence[ImageRow]) -> None:
    """Write a PNG of rows in the style of the report, all with as many images of one size.

    Args:
        file: To write.
        title: What is shown, in bold.
        aside: How to read it, with its sample count.
        rows: At least one. Names in any script are set in a font that has them.

    Example:
        >>> images = torch.randint(0, 256, (6, 1, 32, 32), dtype=torch.uint8)
        >>> row = neuplug.ImageRow(images, "scratches", left="the nearest", right="the farthest")
        >>> file = Path("rows.png")
        >>> neuplug.write_image_rows(file, "Generated images", "6 of 300", [row])
        >>> file.is_file()
        True
    """
    with mpl.rc_context(settings()):
        file.write_bytes(render(_draw(title, aside, rows), "png"))


def _draw(title: str, aside: str, rows: Sequence[ImageRow]) -> Figure:
    width, margin = WIDTH, MARGIN
    across = max(len(row.images) for row in rows)
    side = (width - 2 * margin - (across - 1) * _GAP) / across
    tall = side * rows[0].images.shape[2] / rows[0].images.shape[3]
    texts = sum(bool(row.caption) + bool(row.left or row.right) for row in rows)
    height = _HEAD + len(rows) * (tall + _GAP) + texts * _LINE + margin
    figure = Figure(figsize=(width, height))
    page = figure.add_axes((0, 0, 1, 1))  # one for all images: axes are dear
    page.set_axis_off()
    put_text(figure, margin, 0.14, title, size=10, weight="bold")
    aside_look = {"size": SMALL, "color": MUTED}
    put_text(figure, margin, 0.35, aside, **aside_look)
    top = _HEAD
    for row in rows:
        if row.caption:
            put_text(figure, margin, top + _LINE / 2, row.caption, size=SMALL)
            top += _LINE
        for i, image in enumerate(row.images):
            left = margin + i * (side + _GAP)
            _show(page, (left, left + side, top + tall, top), image)
        top += tall + _GAP
        if row.left or row.right:
            middle = top + _LINE / 2 - _GAP
            put_text(figure, margin, middle, row.left, **aside_look)
            put_text(figure, width - margin, middle, row.right, ha="right", **aside_look)
            top += _LINE
    page.set(xlim=(0, width), ylim=(height, 0), aspect="auto")
    return figure


def _show(page: Axes, place: tuple[float, float, float, float], image: Tensor) -> None:
    """An image at (left, right, bottom, top) in inches from the top left corner."""
    pixels = image.float().round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    pixels = pixels.squeeze(-1) if pixels.shape[2] == 1 else pixels
    page.imshow(pixels, "gray", vmin=0, vmax=255, extent=place)
