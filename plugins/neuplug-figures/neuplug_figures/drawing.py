"""Figures as files, and rows of images, in the style of neuplug's report."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from neuplug_figures.style import MARGIN, MUTED, SMALL, WIDTH, put_text, settings

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
        >>> [file.name for file in write_figure(Path("0-scratches"), figure)]
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
        >>> row = ImageRow(torch.zeros(6, 1, 32, 32, dtype=torch.uint8), "scratches")
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
        >>> row = ImageRow(images, "scratches", left="the nearest", right="the farthest")
        >>> file = Path("rows.png")
        >>> write_image_rows(file, "Generated images", "6 of 300", [row])
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
