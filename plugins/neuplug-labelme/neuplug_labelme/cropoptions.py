"""How crops are cut, and what classes and files are called."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from neuplug.data.listing import groups_found
from neuplug.errors import Problems
from neuplug.storage.files import safe_name


@dataclass(frozen=True, kw_only=True)
class CropOptions:
    """How crops are cut.

    Attributes:
        size: Height and width of the crops as written, in pixels.
        side: Of the squares in the source images, in pixels; by default ``size``, so that nothing
            is resized.
        labels: Only failures of these labels, in any case; by default all. Intact crops keep away
            from the others too.
        min_part: Of a failure cut into parts those are left out of which less than this share is
            failure, 0 to 1; one part always stays.
        intact: How many intact crops; ``auto`` is three for each failure crop.
        intact_name: Their class.
        margin: Pixels that stay free between an intact crop and any failure.
        min_contrast: Least standard deviation of an intact crop, in grey levels of 0 to 255: black
            borders and blank areas lie below.
        inset: Share of the places that intact crops leave out at each border, where images often
            show something beside their subject; 0 to below 0.5. A small image keeps places too.
        unlabelled_intact: Take images without an annotation for intact, instead of skipping them.
        group_by: A regular expression, searched for in each image's path. Images for which it
            finds the same text (its bracketed groups, or all of it) are one group, such as
            pictures of the same failure at several times; others are groups of their own.
        seed: The source of all randomness.

    Raises:
        InputError: A line for each value that makes no sense.
    """

    size: int = 96
    side: int | None = None
    labels: Sequence[str] | None = None
    min_part: float = 0.05
    intact: int | Literal["auto"] = "auto"
    intact_name: str = "intact"
    margin: int = 8
    min_contrast: float = 2.0
    inset: float = 0.1
    unlabelled_intact: bool = False
    group_by: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        wrong = Problems()
        for name, least in (("size", 1), ("side", 1), ("margin", 0), ("min_contrast", 0)):
            value = getattr(self, name)
            if value is not None and not value >= least:
                wrong.append(f"{name} = {value}: it must be at least {least}.")
        if self.intact != "auto" and not (isinstance(self.intact, int) and self.intact >= 0):
            wrong.append(f"intact = {self.intact}: give a number, 0 for none, or auto.")
        if not 0 <= self.min_part <= 1:
            wrong.append(f"min_part = {self.min_part:g}: it must be a fraction from 0 to 1.")
        if not 0 <= self.inset < 0.5:
            wrong.append(
                f"inset = {self.inset:g}: it must be a fraction of at least 0 and below 0.5."
            )
        if not class_name(self.intact_name):
            wrong.append(f"intact_name = {self.intact_name!r}: no folder can be called that.")
        if self.group_by:
            with wrong.noted():
                groups_found(self.group_by, [])  # refuses what is no regular expression
        wrong.refuse()

    @property
    def source_side(self) -> int:
        """Side of the squares in the source images, in pixels.

        Example:
            >>> CropOptions(size=96).source_side, CropOptions(size=96, side=200).source_side
            (96, 200)
        """
        return self.side or self.size


def class_name(label: str) -> str:
    """The class of a label: lower case, and what no folder can be called replaced.

    Returns:
        The name; empty if nothing is left of the label.
    """
    text = unicodedata.normalize("NFC", label).lower()
    return safe_name(text) if is_text(text) else ""


def is_text(name: str) -> bool:
    """Whether a file name can be written to a table."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
