"""A component together with who provides it; its class is loaded when it is asked for."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neuplug.errors import PluginError
from neuplug.plugins.code import ChangedError, Code, code_of
from neuplug.plugins.distributions import FAULTS, told
from neuplug.plugins.hookspecs import COMPONENTS, KINDS, Component

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
        module, _, attribute = self.component.target.partition(":")
        self.files().note()
        try:
            found: type[ComponentBase] = getattr(importlib.import_module(module), attribute)
        except FAULTS as error:
            raise PluginError(
                f"{self.name} of {self.source} cannot be loaded from {self.component.target}: "
                f"{told(error).rstrip('.')}. {self._remedy}"
            ) from error
        base = base_class(self.kind)
        wrong = ""
        if not (isinstance(found, type) and issubclass(found, base)):
            wrong = f"is not a neuplug.{base.__name__}"
        elif missing := sorted(getattr(found, "__abstractmethods__", ())):
            wrong = f"lacks {', '.join(missing)}"
        if wrong:
            target = self.component.target
            raise PluginError(f"{self.name} of {self.source}: {target} {wrong}. {self._remedy}")
        return found

    def files(self) -> Code:
        """The files of its code and data, and of what it uses besides.

        Example:
            >>> len(neuplug.discover().resolve("flip").files().digest())
            16
        """
        module = self.component.target.partition(":")[0]
        return code_of((self.distribution, module, *self.component.uses), tuple(sys.path))

    def identity(self) -> dict[str, str]:
        """Its part of a key.

        The code counts besides the version, so that an author who edits a plugin without raising
        its version is never answered with results of the old code.

        Raises:
            PluginError: If a file is not what it was when this process imported it.

        Example:
            >>> list(neuplug.discover().resolve("flip").identity())
            ['kind', 'name', 'distribution', 'version', 'code']
        """
        return {
            "kind": self.kind,
            "name": self.name,
            "distribution": self.distribution,
            "version": self.version,
            "code": self.digest(),
        }

    def digest(self) -> str:
        """A hash over all files that it consists of.

        Raises:
            PluginError: If a file is not what it was when this process imported it.

        Example:
            >>> len(neuplug.discover().resolve("flip").digest())
            16
        """
        try:
            return self.files().digest()
        except ChangedError as changed:
            raise PluginError(
                f"{self.name} of {self.source}: {changed} changed since this process imported it, "
                "so results of the old code would be stored as results of the new code: restart "
                "Python (or the notebook kernel) and run again."
            ) from changed

    @property
    def _remedy(self) -> str:
        return (
            f"Leave it out or install another version of {self.distribution}; its author can "
            f"check it with 'neuplug plugins check {self.distribution}'."
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

    def digest(self) -> str:
        """What it is."""
        return self.code


def base_class(kind: str) -> type[ComponentBase]:
    """What a component of a kind derives from."""
    module, _, name = KINDS[kind].partition(":")
    found: type[ComponentBase] = getattr(importlib.import_module(module), name)
    return found


def kind_of(component: ComponentBase) -> str:
    """The kind of an instance."""
    return next(kind for kind in COMPONENTS if isinstance(component, base_class(kind)))
