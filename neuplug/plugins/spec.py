"""A component together with who provides it; its class is loaded when it is asked for."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neuplug.errors import PluginError
from neuplug.plugins import installed
from neuplug.plugins.faults import FAULTS
from neuplug.plugins.hookspecs import Component

if TYPE_CHECKING:
    from neuplug.plugins.component import ComponentBase

# Stands for the distribution of components that this process alone has
LOCAL = "local"


@dataclass(frozen=True, slots=True)
class ComponentSpec:
    """A component together with who provides it.

    Attributes:
        kind: ``augmenter``, ``generator``, ``classifier`` or ``evaluator``.
    """

    component: Component
    kind: str
    distribution: str
    version: str

    @property
    def name(self) -> str:
        """The name that a user types."""
        return self.component.name

    @property
    def source(self) -> str:
        """``distribution version``, for messages."""
        return f"{self.distribution} {self.version}"

    def load(self) -> type[ComponentBase]:
        """Import the component's class.

        Raises:
            PluginError: If the import fails or the target is no complete class of the right kind.
        """
        from neuplug.plugins.kinds import base_class

        module, _, attribute = self.component.target.partition(":")
        self.files().note()
        try:
            found = getattr(importlib.import_module(module), attribute)
        except FAULTS as error:
            raise PluginError(
                f"{self.name} of {self.source} cannot be loaded from {self.component.target}: "
                f"{told(error).rstrip('.')}. {self._remedy}"
            ) from error
        base = base_class(self.kind)
        if not (isinstance(found, type) and issubclass(found, base)):
            raise PluginError(
                f"{self.name} of {self.source}: {self.component.target} is no "
                f"neuplug.{base.__name__}. {self._remedy}"
            )
        if missing := sorted(getattr(found, "__abstractmethods__", ())):
            raise PluginError(
                f"{self.name} of {self.source}: {self.component.target} lacks "
                f"{', '.join(missing)}. {self._remedy}"
            )
        if not (isinstance(found.uses, tuple) and all(isinstance(n, str) for n in found.uses)):
            raise PluginError(
                f"{self.name} of {self.source}: uses is {found.uses!r} instead of names, "
                f'("acme-images",). {self._remedy}'
            )
        if found.uses:
            self.files(found.uses).note()
        return found

    def files(self, uses: tuple[str, ...] = ()) -> installed.InstalledFiles:
        """The files of its code and data, and of what it uses besides.

        Example:
            >>> len(neuplug.discover().resolve("flip").files().digest())
            16
        """
        module = self.component.target.partition(":")[0]
        return installed.installed_files(self.distribution, module, uses)

    @property
    def _remedy(self) -> str:
        return (
            f"Leave it out or install another version of {self.distribution}; its author finds "
            f"more with 'neuplug plugins check {self.distribution}'."
        )


@dataclass(frozen=True, slots=True)
class LocalComponent(ComponentSpec):
    """A component of no plugin: an instance that was handed over, such as one of a notebook.

    Attributes:
        code: What it is, for keys.
        made: Its class, whose instances are copies of the one handed over.
    """

    code: str
    made: type[ComponentBase]

    def load(self) -> type[ComponentBase]:
        """Its class."""
        return self.made


def told(error: BaseException) -> str:
    """An exception in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
