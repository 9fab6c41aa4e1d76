"""Which checkpoint to draw from: the text of the option ``checkpoint``, and what it means.

Parts are joined by ``/``; each is ``which`` or ``class:which``, where ``which`` is a number,
``last``, ``best`` or ``all``. Several parts are a mixture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neuplug import InputError
from neuplug.errors import did_you_mean

WORDS = ("last", "best", "all")


@dataclass(frozen=True)
class Part:
    """One part of a choice.

    Attributes:
        name: The class that it holds for; ``None``: the classes that no part names.
        which: A checkpoint's number, ``last``, ``best`` or ``all``.
    """

    name: str | None
    which: int | str


def parse_choice(text: str) -> tuple[Part, ...]:
    """Read ``600/1200``, ``best`` or ``crazing:600/inclusion:best/last``.

    A class name may hold colons: the last one counts.

    Raises:
        ValueError: If a part is none of these.
    """
    return tuple(_part(part) for part in text.split("/"))


def _part(text: str) -> Part:
    name, colon, which = (piece.strip() for piece in text.rpartition(":"))
    known = which in WORDS or (which.isascii() and which.isdigit() and int(which) > 0)
    if not known or (colon and not name):
        raise ValueError(
            f"{text!r} names no checkpoint: write a number, {', '.join(WORDS[:-1])} or "
            f"{WORDS[-1]}, with a class before it where it holds for that class alone, as in "
            "600/1200 or crazing:600/best"
        )
    return Part(name or None, which if which in WORDS else int(which))


@dataclass(frozen=True)
class Shelf:
    """The checkpoints that a training kept.

    Attributes:
        numbers: Steps, or epochs if its length was given in them; ascending, the last one last.
        distances: Of each to the training images.
        classes: Names of the classes it was trained on.
    """

    numbers: tuple[int, ...]
    distances: tuple[float, ...]
    classes: tuple[str, ...]

    @property
    def best(self) -> int:
        """The number with the smallest distance."""
        return min(zip(self.distances, self.numbers, strict=True))[1]

    def choose(self, parts: Sequence[Part], label: int) -> tuple[int, ...]:
        """The numbers to draw a class from, in turn.

        Raises:
            InputError: If a part names a class or a checkpoint that is not there, or none holds for
                this class.
        """
        name = self.classes[label]
        named = [part.name for part in parts if part.name is not None]
        # a training of one class hears the parts of the others', too
        for other in named if len(self.classes) > 1 else ():
            if other not in self.classes:
                raise InputError(
                    f"checkpoint = {_text(parts)}: there is no class {other!r}."
                    f"{did_you_mean(other, self.classes)} There are {', '.join(self.classes)}."
                )
        mine = [p for p in parts if p.name == (name if name in named else None)]
        if not mine:
            raise InputError(
                f"checkpoint = {_text(parts)} says nothing of {name}: add /{name}:last, or /last "
                "for all classes that it does not name."
            )
        return tuple(number for part in mine for number in self._numbers(part, parts))

    def _numbers(self, part: Part, parts: Sequence[Part]) -> tuple[int, ...]:
        if part.which == "all":
            return self.numbers
        if part.which == "last":
            return self.numbers[-1:]
        if part.which == "best":
            return (self.best,)
        if part.which not in self.numbers:
            *others, last = map(str, self.numbers)
            there = f"{', '.join(others)} and " if others else "only "
            raise InputError(
                f"checkpoint = {_text(parts)}: there is no checkpoint {part.which}; there are "
                f"{there}the last, {last}. The option checkpoints keeps more."
            )
        return (int(part.which),)


def _text(parts: Sequence[Part]) -> str:
    return "/".join(f"{p.name}:{p.which}" if p.name else str(p.which) for p in parts)
