"""The grammar of arms: ``classical@to=700+dcgan``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from neuplug.errors import InputError, did_you_mean

NONE = "none"
_NAME = re.compile(r"(?:[A-Za-z0-9][\w.-]*:)?[a-z0-9][a-z0-9_-]*")
_KEYS = ("add", "to", "share", "replace")


@dataclass(frozen=True)
class Amount:
    """How far a stage enlarges the set, per class. At most one of the first three is given.

    Attributes:
        add: So many images more.
        to: As many as bring the class to this size.
        share: As many as make up this part of the result, 0 to 1.
        replace: Only the new images go on.
    """

    add: int | None = None
    to: int | None = None
    share: float | None = None
    replace: bool = False

    def images(self, present: int) -> int:
        """How many new images a class with ``present`` images gets."""
        if self.add is not None:
            return self.add
        if self.to is not None:
            return self.to if self.replace else max(0, self.to - present)
        if self.share is None or self.replace or self.share >= 1:
            return present
        return round(present * self.share / (1 - self.share))

    @property
    def keeps(self) -> bool:
        """Whether the images that were there stay."""
        return not (self.replace or self.share == 1)

    def __str__(self) -> str:
        for name in ("add", "to", "share"):
            value = getattr(self, name)
            if value is not None:
                return f"{name}={value:g}" + (",replace" if self.replace else "")
        return "replace" if self.replace else ""


@dataclass(frozen=True)
class Stage:
    """One link of a chain: a component's name and, if the user gave one, its own amount."""

    name: str
    amount: Amount | None = None


def parse_arm(text: str) -> tuple[Stage, ...]:
    """Read an arm such as ``flip``, ``classical+dcgan`` or ``dcgan@add=100+classical@to=700``.

    Returns:
        Its stages, left to right; none for ``none``.

    Raises:
        InputError: If it is not of this form.
    """
    if text.strip() == NONE:
        return ()
    return tuple(_parse_stage(part.strip(), text) for part in text.split("+"))


def _parse_stage(part: str, arm: str) -> Stage:
    name, at, rest = part.partition("@")
    if not _NAME.fullmatch(name):
        raise InputError(
            f"arm {arm!r}: {name!r} is no component name. Join names by '+', as in "
            "classical+dcgan, and give one an amount of its own as in dcgan@add=100."
        )
    if name == NONE:
        raise InputError(f"arm {arm!r}: none stands alone, it is no stage.")
    return Stage(name, _parse_amount(rest, arm) if at else None)


def _parse_amount(text: str, arm: str) -> Amount:
    values: dict[str, str] = {}
    for item in text.split(","):
        key, _, value = item.partition("=")
        if key not in _KEYS:
            hint = did_you_mean(key, _KEYS)
            raise InputError(
                f"arm {arm!r}: {key!r} is no amount.{hint} There are {', '.join(_KEYS)}."
            )
        if key in values:
            raise InputError(f"arm {arm!r}: {key} is given twice.")
        values[key] = value
    replace = values.pop("replace", None)
    if replace not in (None, ""):
        raise InputError(f"arm {arm!r}: replace takes no value.")
    if len(values) > 1:
        raise InputError(f"arm {arm!r}: give one of add, to and share.")
    key, value = next(iter(values.items()), ("", ""))
    return make_amount(key, value, replace is not None, f"arm {arm!r}")


def make_amount(key: str, value: str | float, replace: bool, where: str) -> Amount:
    """Check one amount.

    Args:
        key: ``add``, ``to``, ``share``, or nothing.
        value: As typed.
        replace: Whether only new images go on.
        where: Begins the error's sentence.

    Raises:
        InputError: If the value is no number or out of range.
    """
    if not key:
        return Amount(replace=replace)
    try:
        number = float(value)
    except ValueError:
        raise InputError(f"{where}: {key} needs a number, not {value!r}.") from None
    if key == "share":
        if not 0 <= number <= 1:
            raise InputError(f"{where}: share is a part of the result, 0 to 1, not {number:g}.")
        return Amount(share=number, replace=replace)
    if not math.isfinite(number) or number < 0 or number != int(number):
        raise InputError(f"{where}: {key} is a number of images per class, not {value!r}.")
    return Amount(**{key: int(number)}, replace=replace)
