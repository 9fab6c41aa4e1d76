"""The training set of an arm, as a value: what it consists of, class by class. Loads no torch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """Immutable, and refuses fields that it does not know.

    Attributes:
        beside: Fields that a result does not depend on, so that they are no part of a key.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    beside: ClassVar[frozenset[str]] = frozenset()

    def deciding(self) -> dict[str, Any]:
        """The fields that a result depends on."""
        names = [name for name in type(self).model_fields if name not in self.beside]
        return {name: getattr(self, name) for name in names}


class RealImages(Value):
    """Images of the data set.

    Attributes:
        indices: Of the images.
        digest: Of their pixels. The key goes by this, so that it is the same wherever they lie.
    """

    indices: tuple[int, ...] = ()
    digest: str = ""

    beside = frozenset({"indices"})

    def __len__(self) -> int:
        return len(self.indices)


class Result(Value):
    """What a task leaves in the store.

    Attributes:
        task: Its key.
    """

    task: str


class MadeImages(Result):
    """Images of one class that a task makes.

    Attributes:
        n: How many it is asked for.
        filter: What they must pass, as the user wrote it; may be empty.
    """

    n: int
    filter: str = ""

    beside = frozenset({"n", "filter"})

    def __len__(self) -> int:
        return self.n


Part = RealImages | MadeImages


class Mixture(Value):
    """The training set of an arm.

    Attributes:
        parts: Class name to real images and generated sets.
    """

    parts: dict[str, tuple[Part, ...]] = {}

    @property
    def classes(self) -> list[str]:
        """Their names, in order."""
        return list(self.parts)

    def size(self, name: str) -> int:
        """How many images a class is to have."""
        return sum(map(len, self.parts[name]))

    def __len__(self) -> int:
        return sum(map(self.size, self.parts))

    def only(self, names: Iterable[str]) -> Mixture:
        """Some of its classes."""
        return Mixture(parts={name: self.parts[name] for name in names})

    def real(self) -> Mixture:
        """Its real images."""
        return self._of(RealImages)

    def made(self) -> Mixture:
        """Its generated sets."""
        return self._of(MadeImages)

    def _of(self, kind: type[Part]) -> Mixture:
        return Mixture(
            parts={
                name: tuple(part for part in parts if isinstance(part, kind))
                for name, parts in self.parts.items()
            }
        )

    @property
    def tasks(self) -> list[str]:
        """Keys of the tasks that make its generated sets."""
        return [p.task for parts in self.parts.values() for p in parts if isinstance(p, MadeImages)]

    @property
    def indices(self) -> set[int]:
        """Of the real images in it."""
        return {
            index
            for parts in self.parts.values()
            for part in parts
            if isinstance(part, RealImages)
            for index in part.indices
        }
