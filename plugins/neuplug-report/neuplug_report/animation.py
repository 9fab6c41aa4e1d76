"""Sheets of the same noise, one after the other: a generator's training as a short film."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn import functional as F

from neuplug.storage.files import write_whole
from neuplug.text import printable
from neuplug_figures.style import INK, PAPER
from neuplug_report.images import font_file, write_shortened

# Tiles on a line and lines of a frame, at most
ACROSS = 16

# Of a longer film that many frames are shown, evenly chosen, the last one among them
FRAMES = 24

_FRAME_MS, _LAST_MS = 250, 2000
_SIDE = 384  # pixels that the tiles of a frame are about as wide as
_LETTER, _MARGIN = 15, 8
_LEVELS = 64  # of grey: a quarter of the bytes that differ, no difference to the eye
_COLORS = 128


def save_animation(title: str, frames: Sequence[tuple[str, Tensor]], path: Path) -> Path:
    """Write an endless GIF, and beside it its last frame as PNG for those who want no motion.

    Args:
        title: What is drawn; it stands above every frame.
        frames: What a frame shows in words, such as ``epoch 20``, and its images, uint8
            (n, C, H, W), C 1 or 3; the same shape in all of them.
        path: The GIF to write; replaced when whole.

    Returns:
        The path of the PNG.
    """
    chosen = torch.linspace(0, len(frames) - 1, min(FRAMES, len(frames))).round().long().tolist()
    sheets = [_frame(title, *frames[i]) for i in chosen]
    still = path.with_suffix(".png")
    write_whole(still, _bytes(sheets[-1], "PNG"))
    first, *others = [_with_palette(sheet) for sheet in sheets]
    durations = [_FRAME_MS] * len(others) + [_LAST_MS]
    film = _bytes(first, "GIF", save_all=True, append_images=others, duration=durations, loop=0)
    write_whole(path, film)
    return still


def _frame(title: str, caption: str, images: Tensor) -> Image.Image:
    columns = min(math.ceil(math.sqrt(len(images))), ACROSS)
    images = _sized(images[: ACROSS * columns], columns)
    height, width = images.shape[2:]
    lines = -(-len(images) // columns)
    sheet_width = max(columns * (width + 1) - 1, 200) + 2 * _MARGIN
    head = _MARGIN + round(1.8 * _LETTER)
    sheet_height = head + lines * (height + 1) - 1 + _MARGIN
    mode = "L" if images.shape[1] == 1 else "RGB"
    sheet = Image.new(mode, (sheet_width, sheet_height), PAPER)
    _write(sheet, title, caption)
    for i, tile in enumerate(images.permute(0, 2, 3, 1).numpy()):
        at = (_MARGIN + i % columns * (width + 1), head + i // columns * (height + 1))
        sheet.paste(Image.fromarray(tile.squeeze(-1) if mode == "L" else tile), at)
    return sheet


def _sized(images: Tensor, columns: int) -> Tensor:
    """Tiles enlarged by whole pixels, or made smaller, until a line of them is about as wide."""
    wide = columns * images.shape[-1]
    if wide > 2 * _SIDE:
        factor = -(-wide // (2 * _SIDE))
        shrunk = F.avg_pool2d(images.float(), factor, ceil_mode=True)
        return shrunk.round().to(torch.uint8)
    scale = max(_SIDE // wide, 1)
    return images.repeat_interleave(scale, 2).repeat_interleave(scale, 3)


def _write(sheet: Image.Image, title: str, caption: str) -> None:
    """The caption right, the title left of it and shortened to what room it leaves."""
    pen = ImageDraw.Draw(sheet)
    text, caption = printable(title), printable(caption)
    caption_font = ImageFont.truetype(font_file(caption), _LETTER)
    taken = pen.textlength(caption, font=caption_font)
    pen.text((sheet.width - _MARGIN - taken, _MARGIN), caption, fill=INK, font=caption_font)
    room = sheet.width - 2 * _MARGIN - taken - _LETTER
    write_shortened(pen, (_MARGIN, _MARGIN), text, _LETTER, room, INK)


def _with_palette(sheet: Image.Image) -> Image.Image:
    if sheet.mode == "RGB":
        return sheet.quantize(_COLORS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    top = _LEVELS - 1
    levels = sheet.point([round(v * top / 255) for v in range(256)])
    found = Image.new("P", sheet.size)
    found.putpalette([round(i * 255 / top) for i in range(_LEVELS) for _ in range(3)])
    found.frombytes(levels.tobytes())
    return found


def _bytes(image: Image.Image, form: str, **settings: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=form, **settings)
    return buffer.getvalue()
