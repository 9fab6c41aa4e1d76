"""The names in a new package, all derived from its component's name."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from packaging.utils import canonicalize_name

from neuplug.errors import InputError
from neuplug.plugins.hookspecs import Component
from neuplug.plugins.registry import discover

PREFIX = "neuplug-"


@dataclass(frozen=True, slots=True)
class Names:
    """What the parts of a package are called.

    Args:
        component: What a user types, such as ``film-grain``.

    Raises:
        InputError: If no component may have that name.
    """

    component: str

    def __post_init__(self) -> None:
        if self.component.startswith(PREFIX):
            raise InputError(
                f"{self.component}: leave out '{PREFIX}', which the package gets by itself: "
                f"neuplug plugins new {self.component.removeprefix(PREFIX) or 'NAME'}."
            )
        try:
            Component(self.component, "module:Class", "its summary")
        except ValueError as error:
            raise InputError(f"{error}: choose another name.") from None

    @property
    def distribution(self) -> str:
        """What pip installs: ``neuplug-film-grain``."""
        return canonicalize_name(PREFIX + self.component)

    @property
    def package(self) -> str:
        """What Python imports: ``neuplug_film_grain``."""
        return self.distribution.replace("-", "_")

    @property
    def stem(self) -> str:
        """How the names of its classes begin: ``FilmGrain``, or ``Plugin3D`` for ``3d``."""
        words = self.distribution.removeprefix(PREFIX).split("-")
        stem = "".join(word[:1].upper() + word[1:] for word in words)
        return stem if stem.isidentifier() else f"Plugin{stem}"

    def refuse_taken(self) -> None:
        """See that no installed component, package or module has one of the names.

        Raises:
            InputError: Says who has it.
        """
        for provided in discover().components:
            if provided.name == self.component:
                raise InputError(
                    f"{self.component} is the name of the {provided.kind} of {provided.source}: "
                    "choose another name."
                )
        try:
            found = version(self.distribution)
        except PackageNotFoundError:
            if importlib.util.find_spec(self.package) is None:
                return
            raise InputError(
                f"a module {self.package} can already be imported here: choose another name."
            ) from None
        raise InputError(f"{self.distribution} {found} is installed already: choose another name.")
