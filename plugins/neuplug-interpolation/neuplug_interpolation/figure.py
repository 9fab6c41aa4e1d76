"""Rows of images on paper, as wide as a telephone."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

INK, MUTED = "#16191d", "#59616b"
WIDTH, MARGIN, GAP = 4.2, 0.08, 0.03
HEAD, LINE = 0.5, 0.22
"""Inches: of the figure, beside it, between images; the title with its aside, a line of text."""

FAMILIES = ("DejaVu Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "Malgun Gothic")
"""For class names in any script; those installed are used."""


@dataclass(frozen=True)
class Row:
    """Images side by side.

    Attributes:
        images: (N, C, H, W), grey levels.
        caption: Above them; may be empty.
        left: Below the first image; may be empty.
        right: Below the last image; may be empty.
    """

    images: Tensor
    caption: str = ""
    left: str = ""
    right: str = ""


def draw(file: Path, title: str, aside: str, rows: Sequence[Row]) -> None:
    """Write a PNG of rows, all with as many images of one size."""
    across = len(rows[0].images)
    side = (WIDTH - 2 * MARGIN - (across - 1) * GAP) / across
    tall = side * rows[0].images.shape[2] / rows[0].images.shape[3]
    texts = sum(bool(row.caption) + bool(row.left or row.right) for row in rows)
    height = HEAD + len(rows) * (tall + GAP) + texts * LINE + MARGIN
    figure = Figure(figsize=(WIDTH, height), facecolor="white")
    page = figure.add_axes((0, 0, 1, 1))  # one for all images: axes are dear
    page.set_axis_off()
    _put(figure, MARGIN, 0.14, title, size=10, weight="bold", color=INK)
    _put(figure, MARGIN, 0.35, aside, size=8.5, color=MUTED)
    top = HEAD
    for row in rows:
        if row.caption:
            _put(figure, MARGIN, top + LINE / 2, row.caption, size=8.5, color=INK)
            top += LINE
        for i, image in enumerate(row.images):
            left = MARGIN + i * (side + GAP)
            _show(page, (left, left + side, top + tall, top), image)
        top += tall + GAP
        if row.left or row.right:
            _put(figure, MARGIN, top + LINE / 2 - GAP, row.left, size=8.5, color=MUTED)
            look = {"size": 8.5, "color": MUTED, "ha": "right"}
            _put(figure, WIDTH - MARGIN, top + LINE / 2 - GAP, row.right, **look)
            top += LINE
    page.set(xlim=(0, WIDTH), ylim=(height, 0), aspect="auto")
    with warnings.catch_warnings():
        # a script that no installed font has: boxes
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(file, dpi=200, metadata={"Software": None})


def _show(page: Axes, place: tuple[float, float, float, float], image: Tensor) -> None:
    """An image at (left, right, bottom, top) in inches from the top left corner."""
    pixels = image.round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    pixels = pixels.squeeze(-1) if pixels.shape[2] == 1 else pixels
    page.imshow(pixels, "gray", vmin=0, vmax=255, extent=place)


def _put(figure: Figure, x: float, y: float, text: str, **look: Any) -> None:
    """Text that begins ``x`` and whose middle is ``y`` inches from the top left corner."""
    wide, tall = figure.get_size_inches()
    look |= {"va": "center", "fontfamily": _families(), "parse_math": False}
    figure.text(x / wide, 1 - y / tall, text, **look)


def _families() -> list[str]:
    installed = set(font_manager.get_font_names())
    return [name for name in FAMILIES if name in installed]
