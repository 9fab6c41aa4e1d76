"""Figures as files: the same figure is the same bytes, in the fonts of the report."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from neuplug.report import style

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
    with mpl.rc_context(style.settings()):
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
