"""What is asked of a run: two questions with the same key have the same answer. Loads no torch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from neuplug import __version__, data
from neuplug.data.layouts import scan
from neuplug.data.listing import FORMAT, Listing, fingerprint
from neuplug.errors import Problems
from neuplug.experiment.components import file_digests
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.recipes import Recipe
from neuplug.plugins.registry import discover
from neuplug.storage.store import hash_of

if TYPE_CHECKING:
    from neuplug.data.imageset import ImageSet

# Settings that do not change the question
NOT_ASKED = {"project", "name", "workers", "device", "executor", "report", "reporter"}


@dataclass(frozen=True)
class Request:
    """A question: the settings, and the data as it was when asked.

    Attributes:
        images: The data, where the configuration names no file.
        listing: The data's files; ``None`` of images in memory and the demo.
    """

    config: ComposeConfig
    images: ImageSet | None = None
    listing: Listing | None = None

    @classmethod
    def of(cls, config: ComposeConfig, images: ImageSet | None = None) -> Self:
        """List the data's files, which is done only once in a run.

        Raises:
            InputError: If the data is not there.
        """
        if images is not None or config.data == "demo":
            return cls(config, images)
        return cls(config, listing=scan(Path(config.data)))

    @cached_property
    def key(self) -> str:
        """Hash of the settings, the data's files, and the code of all components that take part.

        Raises:
            InputError: If a component does not exist.
        """
        config = self.config
        return hash_of(
            {
                "neuplug": __version__,
                "config": config.model_dump(mode="json", exclude=NOT_ASKED),
                "data": [FORMAT, self._data_key()],
                "components": _components(config),
                "recipe": Recipe.load(config.recipe).model_dump(mode="json")
                if config.recipe
                else None,
                "files": [
                    file_digests(values)
                    for values in (*config.options.values(), *(o for *_, o in config.components()))
                ],
            }
        )

    @property
    def folder(self) -> Path:
        """The run's: the name asked for, or one made of the data, the arms and the key."""
        config = self.config
        if config.name is not None:
            return config.project / config.name
        words = [Path(config.data).stem, *config.aug[:2], *config.clf[:1], self.key[:6]]
        return config.project / "-".join(re.sub(r"[^\w.+@=]+", "_", word) for word in words)

    def _data_key(self) -> str:
        if self.images is not None:
            return self.images.digest()
        if self.listing is not None:
            return fingerprint(self.listing)
        source = Path(data.__file__).with_name("demo.py")  # importing it would load torch
        return hash_of(source.read_text("utf-8"))


def _components(config: ComposeConfig) -> list[dict[str, Any]]:
    registry, problems, found = discover(), Problems(), []
    for name, kinds in dict.fromkeys((name, kinds) for name, kinds, _ in config.components()):
        with problems.noted():
            found.append(registry.resolve(name, kinds).identity())
    problems.refuse()
    return found
