"""What a user may ask of the way from image files to pixels. Loads nothing heavy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from neuplug.errors import InputError

Resize: TypeAlias = Literal["resize", "crop"]
Channels: TypeAlias = Literal["auto", "rgb", "grey"]

# Black and white of images of more than 8 bits: found from the set, the whole range of their type,
# or (LOW, HIGH)
Range: TypeAlias = Literal["auto", "full"] | tuple[float, float]


def read_range(value: Any) -> Range:
    """A range as typed, ``51000,52200``, or as a file gives it, a pair of numbers.

    Raises:
        ValueError: If it is none.
    """
    if isinstance(value, str):
        text = value.strip().lower()
        if text in ("auto", "full"):
            return "full" if text == "full" else "auto"
        value = text.split(",")
    try:
        low, high = map(float, value)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError("give LOW,HIGH, the values of black and white, such as 0,4095; or full")
    return low, high


@dataclass(frozen=True)
class PixelOptions:
    """How files become pixels.

    Attributes:
        imgsz: Height and width of all images.
        resize: ``resize`` stretches an image, ``crop`` keeps its aspect and cuts off the rest.
        range: Black and white of images of more than 8 bits.
        channels: ``auto``: one where all images are grey, else three.

    Raises:
        InputError: If one of them makes no sense.
    """

    imgsz: tuple[int, int] = (64, 64)
    resize: Resize = "resize"
    range: Range = "auto"
    channels: Channels = "auto"

    def __post_init__(self) -> None:
        size: object = self.imgsz
        if not isinstance(size, tuple | list) or list(map(type, size)) != [int, int]:
            raise InputError(f"imgsz = {size!r}: give pixels, such as 64 or (48, 64).")
        height, width = self.imgsz
        if min(height, width) < 1:
            raise InputError(f"image size {height}x{width}: a side needs at least 1 pixel.")
        if self.resize not in get_args(Resize):
            raise InputError(f"resize = {self.resize!r}: choose resize or crop.")
        if self.channels not in get_args(Channels):
            raise InputError(f"channels = {self.channels!r}: choose auto, rgb or grey.")
        try:
            object.__setattr__(self, "range", read_range(self.range))
        except ValueError as error:
            raise InputError(f"range = {self.range!r}: {error}.") from None
