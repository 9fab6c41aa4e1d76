"""The training set of an arm, as a value: what it consists of, class by class. Loads no torch."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """Immutable, and refuses fields that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RealImages(Value):
    """Images of the data set.

    Attributes:
        indices: Of the images.
        digest: Of their pixels. The key goes by this, so that it is the same wherever they lie.
    """

    indices: tuple[int, ...] = ()
    digest: str = ""

    def __len__(self) -> int:
        return len(self.indices)


class MadeImages(Value):
    """Images of one class that a task makes.

    Attributes:
        task: Its key.
        n: How many it is asked for.
        filter: What they must pass, as the user wrote it; may be empty.
    """

    task: str
    n: int
    filter: str = ""

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

    def identity(self) -> dict[str, list[str]]:
        """What it consists of, for a key."""
        return {
            name: [part.task if isinstance(part, MadeImages) else part.digest for part in parts]
            for name, parts in self.parts.items()
        }
