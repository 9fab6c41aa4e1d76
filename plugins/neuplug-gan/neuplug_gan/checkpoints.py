"""The generators that a training keeps along the way, and which of them draw.

The option ``checkpoint`` says what to draw from. Its parts are joined by ``/``; each is ``which``
or ``class:which``, where ``which`` is a number, ``last``, ``best`` or ``all``. Several parts are a
mixture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from torch import Tensor, nn

from neuplug import InputError
from neuplug.errors import did_you_mean

WORDS = ("last", "best", "all")


@dataclass(frozen=True)
class Kept:
    """A generator as it was at one step.

    Attributes:
        number: What the user calls it: the step, or the epoch if the length is in epochs.
        step: Training loops done.
        distance: To the training images, see :mod:`neuplug_gan.quality`.
        network: Its weights and buffers, on the CPU.
    """

    number: int
    step: int
    distance: float
    network: Mapping[str, Tensor]

    @classmethod
    def of(cls, generator: nn.Module, number: int, step: int, distance: float) -> Self:
        """A copy of the generator, which may go on training."""
        state = {k: v.detach().to("cpu", copy=True) for k, v in generator.state_dict().items()}
        return cls(number, step, distance, state)

    def as_tree(self) -> dict[str, Any]:
        """For a state or a saved training; ``Kept(**tree)`` undoes it."""
        return {**vars(self), "network": dict(self.network)}


class Part(NamedTuple):
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


def choose(
    text: str, name: str, classes: Sequence[str], distances: Mapping[int, float]
) -> tuple[int, ...]:
    """The numbers of the checkpoints that draw a class, in turn.

    Args:
        text: The choice, as :func:`parse_choice` takes it.
        name: The class.
        classes: All that the training had.
        distances: Each checkpoint's number to its distance, ascending, the last one last.

    Raises:
        InputError: If a part names a class or a checkpoint that is not there, or none holds for
            this class.
    """
    parts = parse_choice(text)
    named = [part.name for part in parts if part.name is not None]
    # a training of one class hears the parts of the others', too
    for other in named if len(classes) > 1 else ():
        if other not in classes:
            raise InputError(
                f"checkpoint = {text}: there is no class {other!r}."
                f"{did_you_mean(other, classes)} There are {', '.join(classes)}."
            )
    mine = [part.which for part in parts if part.name == (name if name in named else None)]
    if not mine:
        raise InputError(
            f"checkpoint = {text} says nothing of {name}: add /{name}:last, or /last "
            "for all classes that it does not name."
        )
    numbers = list(distances)
    best = min(numbers, key=distances.__getitem__)
    known: dict[int | str, list[int]] = {"all": numbers, "last": numbers[-1:], "best": [best]}
    known |= {number: [number] for number in numbers}
    for which in mine:
        if which not in known:
            *others, last = map(str, numbers)
            there = f"{', '.join(others)} and " if others else "only "
            raise InputError(
                f"checkpoint = {text}: there is no checkpoint {which}; there are "
                f"{there}the last, {last}. The option checkpoints keeps more."
            )
    return tuple(number for which in mine for number in known[which])
