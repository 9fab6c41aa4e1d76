"""Sample images on one labelled sheet: crisp tiles, enlarged without smoothing."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import torch
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from neuplug.experiment.summary.wording import ELLIPSIS
from neuplug.storage.files import write_whole
from neuplug.text import printable
from neuplug_figures.style import INK, MUTED, PAPER, families

_SHEET = 1200  # pixels a sheet of real beside made images is about as wide as
_TELEPHONE = 800  # the same of one for a telephone, whose pixels are small
_LETTERS, _FEW_LETTERS = 56, 27  # a line of tiles is so many letters high; on a telephone fewer
_MOST = 8  # times a tile is enlarged at most


def save_grid(
    rows: Sequence[tuple[str, Tensor]],
    path: Path,
    columns: int,
    scale: int = 2,
    titles: tuple[str, str] | None = None,
    letters: int = _LETTERS,
) -> None:
    """Write a PNG of tiles, each row under its label.

    Args:
        rows: Label and images, uint8 (n, C, H, W), C 1 or 3, all of the same size. More images
            than fit on a line go on the next.
        path: The file to write; replaced when whole.
        columns: Tiles on a line.
        scale: How many pixels a pixel becomes, along each side.
        titles: Headings of a left and a right half with a clear gap between them: the first half
            of each row's images stands left, the second right, on ``columns // 2`` tiles each.
        letters: How many times the height of a letter goes into a line of tiles: fewer for a sheet
            that is shown small.

    """
    size = rows[0][1].shape[2:]
    sheet = _Sheet(rows, size, columns, scale, titles, letters)
    buffer = io.BytesIO()
    sheet.draw().save(buffer, format="PNG")
    write_whole(path, buffer.getvalue())


def side_by_side(
    real: Tensor,
    made: Tensor,
    classes: tuple[str, ...],
    path: Path,
    titles: tuple[str, str] = ("real", "generated"),
) -> None:
    """Write a PNG with one row for each class: real images left, made ones right.

    Args:
        real: uint8 (K, n, C, H, W), C 1 or 3.
        made: The same shape.
        classes: K names.
        path: The file to write; replaced when whole.
        titles: What stands left, and what right.

    """
    columns = 2 * real.shape[1]
    rows = [(name, torch.cat([real[i], made[i]])) for i, name in enumerate(classes)]
    save_grid(rows, path, columns, _scale(_SHEET, columns, real), titles)


def one_above_the_other(
    real: Tensor,
    made: Tensor,
    classes: tuple[str, ...],
    path: Path,
    titles: tuple[str, str] = ("real", "generated"),
) -> None:
    """Write :func:`side_by_side` for a narrow screen: of each class the made images below."""
    columns = real.shape[1]
    rows = [
        (f"{name}, {title}", side[i])
        for i, name in enumerate(classes)
        for title, side in zip(titles, (real, made), strict=True)
    ]
    scale = _scale(_TELEPHONE, columns, real)
    save_grid(rows, path, columns, scale, letters=_FEW_LETTERS)


def _scale(wide: int, columns: int, images: Tensor) -> int:
    return min(max(round(wide / (columns * images.shape[-1])), 1), _MOST)


class _Sheet:
    """The measures of one sheet, all in pixels."""

    def __init__(
        self,
        rows: Sequence[tuple[str, Tensor]],
        size: Sequence[int],
        columns: int,
        scale: int,
        titles: tuple[str, str] | None,
        letters: int,
    ) -> None:
        self.rows = [(printable(label), images) for label, images in rows]
        self.titles = titles
        self.scale = scale
        self.tile = (size[0] * scale, size[1] * scale)  # height, width
        self.halves = 2 if titles else 1
        self.across = columns // self.halves  # tiles on a line of one half
        tiles_wide = columns * self.tile[1]
        self.gap = max(2, tiles_wide // 300)
        self.letter = max(13, tiles_wide // letters)  # stays readable where the sheet is shrunk
        self.middle = 2 * self.letter if titles else 0
        self.margin = self.letter
        self.half = self.across * (self.tile[1] + self.gap) - self.gap
        self.width = 2 * self.margin + self.halves * self.half + self.middle
        self.label_height = round(1.7 * self.letter)
        self.after = round(0.7 * self.letter)

    def lines(self, images: Tensor) -> int:
        each = len(images) // self.halves
        return -(-each // self.across)

    def height(self) -> int:
        heights = [
            self.label_height + self.lines(images) * (self.tile[0] + self.gap) + self.after
            for _, images in self.rows
        ]
        heading = round(1.8 * self.letter) if self.titles else 0
        return self.margin + heading + sum(heights)

    def draw(self) -> Image.Image:
        sheet = Image.new("RGB", (self.width, self.height()), PAPER)
        pen = ImageDraw.Draw(sheet)
        y = self.margin
        for half, title in enumerate(self.titles or ()):
            self._write(pen, self._left(half), y, title, 1.15, INK)
        y += round(1.8 * self.letter) if self.titles else 0
        for label, images in self.rows:
            self._write(pen, self.margin, y + round(0.25 * self.letter), label, 1.0, MUTED)
            y += self.label_height
            each = len(images) // self.halves
            for half in range(self.halves):
                part = images[half * each : (half + 1) * each]
                for i, picture in enumerate(part):
                    line, column = divmod(i, self.across)
                    at = (
                        self._left(half) + column * (self.tile[1] + self.gap),
                        y + line * (self.tile[0] + self.gap),
                    )
                    sheet.paste(self._enlarged(picture), at)
            y += self.lines(images) * (self.tile[0] + self.gap) + self.after
        if not self.rows_in_colour():
            return sheet.convert("L")
        return sheet

    def rows_in_colour(self) -> bool:
        return any(images.shape[1] == 3 for _, images in self.rows)

    def _left(self, half: int) -> int:
        return self.margin + half * (self.half + self.middle)

    def _enlarged(self, picture: Tensor) -> Image.Image:
        pixels = picture.permute(1, 2, 0).contiguous().cpu().numpy()
        tile = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
        return tile.resize((self.tile[1], self.tile[0]), Image.Resampling.NEAREST)

    def _write(
        self, pen: ImageDraw.ImageDraw, x: int, y: int, text: str, size: float, color: str
    ) -> None:
        font_size = round(size * self.letter)
        write_shortened(pen, (x, y), text, font_size, self.width - self.margin - x, color)


def write_shortened(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, room: float, color: str
) -> None:
    """Write a text in a font that has its letters, cut to so many pixels."""
    font = ImageFont.truetype(font_file(text), size)
    while text and pen.textlength(text, font=font) > room:
        text = text.removesuffix(ELLIPSIS)[:-1] + ELLIPSIS if len(text) > 1 else ""
    pen.text(at, text, fill=color, font=font)


@cache
def font_file(text: str) -> str:
    """The path of the first of the report's fonts that has every character of ``text``."""
    return next(_fonts_with(text), font_manager.findfont(families()[0]))


def _fonts_with(text: str) -> Iterator[str]:
    needed = {ord(character) for character in text}
    paths = (font_manager.findfont(name) for name in families())
    return (path for path in paths if needed <= set(FT2Font(path).get_charmap()))


def legible(names: Sequence[str], classes: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Names of classes as the installed fonts can write them.

    Args:
        names: To be written into a picture.
        classes: All of them; one that no font can write is called by its number.

    Returns:
        The names in order, and a sentence on the numbers, if there are any.
    """
    shown = {
        name: name if any(_fonts_with(printable(name))) else f"class {classes.index(name) + 1}"
        for name in names
    }
    numbered = [f"{number} is {name}" for name, number in shown.items() if number != name]
    said = f" No installed font has the letters of {len(numbered)} of the names: "
    return tuple(shown[n] for n in names), f"{said}{', '.join(numbered)}." if numbered else ""
