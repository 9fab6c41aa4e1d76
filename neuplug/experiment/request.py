"""A question: what is asked, the data's files, and the key of its answer. Loads no torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from neuplug import __version__, data
from neuplug.data.layouts import scan
from neuplug.data.listing import FORMAT, Listing, fingerprint, refuse_choices
from neuplug.errors import Problems
from neuplug.experiment.arms import Selection
from neuplug.experiment.claim import read_status
from neuplug.experiment.components import file_digests
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.looks import planned_looks
from neuplug.experiment.recipes import Recipe
from neuplug.plugins.registry import LOCAL, discover
from neuplug.storage.files import safe_name
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
        choices = config.model_dump(include={"options", "group_by", "min_per_class", "follow"})
        if images is not None or config.data == "demo":
            refuse_choices(**choices)
            return cls(config, images)
        return cls(config, listing=scan(config.data, **choices))

    @cached_property
    def key(self) -> str:
        """Hash of the settings, the data's files, and the code of all components that take part.

        Raises:
            InputError: If a component does not exist.
        """
        return self._key(self.config.repeats)

    def _key(self, repeats: int | str) -> str:
        """The key of the same question with another number of repeats."""
        return hash_of({**self._asked, "config": {**self._asked["config"], "repeats": repeats}})

    @cached_property
    def _asked(self) -> dict[str, Any]:
        config = self.config
        return {
            "neuplug": __version__,
            "config": config.model_dump(mode="json", exclude=NOT_ASKED),
            "data": [FORMAT, self._data_key()],
            "components": self._components(),
            "recipe": Recipe.load(config.recipe).model_dump(mode="json") if config.recipe else None,
            "files": [
                file_digests(values)
                for values in (*config.options.values(), *(o for *_, o in config.components()))
            ],
        }

    @property
    def looked(self) -> tuple[int | str, ...]:
        """With how many repeats, fewer or ``auto``, runs beside this one answered the question.

        One repeat has no verdict, so that it is no look at one. Only runs of this ``project`` are
        known, and only while their folders are there.
        """
        most = planned_looks(self.config.repeats)[-1].repeats
        others = [n for n in (*range(2, most + 1), "auto") if n != self.config.repeats]
        states = [read_status(folder) for folder in self.config.project.glob("*/")]
        known = {status.request for status in states if status and status.state == "finished"}
        return tuple(n for n in others if known and self._key(n) in known)

    @property
    def folder(self) -> Path:
        """The run's: the name asked for, or one made of the data, the arms and the key."""
        config = self.config
        if config.name is not None:
            return config.project / config.name
        words = [Path(config.data).stem, *config.aug[:2], *config.clf[:1]]
        name = safe_name("-".join(re.sub(r"[^\w.+@=]+", "_", word) for word in words))
        return config.project / f"{name}-{self.key[:6]}"

    def _data_key(self) -> str:
        if self.images is not None:
            return self.images.digest()
        if self.listing is not None:
            # what is not used is said, so that it is part of the answer
            unused = [str(kind) for kind in self.listing.unused if kind.matters]
            return hash_of([fingerprint(self.listing), *unused])
        source = Path(data.__file__).with_name("demo.py")  # importing it would load torch
        return hash_of(source.read_text("utf-8"))

    @property
    def classes(self) -> list[str] | None:
        """The classes asked for, by the names that this copy of a recipe's images has.

        A name that has commas may have been taken for several.
        """
        classes, recipe = self.config.classes, self.config.recipe
        if classes is None or self.listing is None:
            return classes
        aliases = Recipe.load(recipe).aliases if recipe else {}
        present = self.listing.classes
        classes = _with_commas(classes, present)
        return [
            next((other for other in (name, *aliases.get(name, ())) if other in present), name)
            for name in classes
        ]

    @property
    def is_local(self) -> bool:
        """Whether a component is known in this process alone."""
        return any(component["distribution"] == LOCAL for component in self._components())

    def _components(self) -> list[dict[str, str]]:
        """What each component that takes part is; none is loaded."""
        asked = dict.fromkeys((name, kinds) for name, kinds, _ in self.config.components())
        problems, found = Problems(), []
        for name, kinds in asked:
            with problems.noted():
                found.append(discover().resolve(name, kinds).identity())
        if problems or not self.config.clf:
            Selection(self.config)  # refuses it with all else that is wrong
        return found


def _with_commas(names: Sequence[str], present: Sequence[str]) -> list[str]:
    """The names, those that were divided at a comma in one piece again."""
    whole = {re.sub(r"\s*,\s*", ",", name): name for name in present if "," in name}
    found, left = [], list(names)
    while left:
        ends = range(len(left), 0, -1)
        size = next((n for n in ends if ",".join(left[:n]) in whole), 1)
        joined = ",".join(left[:size])
        found.append(whole.get(joined, joined))
        del left[:size]
    return found
