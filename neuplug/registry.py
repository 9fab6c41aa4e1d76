"""Find the installed plugins, keep their faults apart, and resolve component names.

The rules: entry points are visited in order of distribution and name; the blocklist and the
plugin's own requirement on neuplug are read before anything is imported; whatever a plugin does
wrong becomes a :class:`Problem` and leaves the others alone; a name offered twice is an error only
for the person who asks for it.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

import pluggy
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from neuplug import __version__, hookspecs
from neuplug.errors import InputError, PluginError, did_you_mean
from neuplug.hookspecs import HOOKS, Component

if TYPE_CHECKING:
    from neuplug.interfaces import ComponentBase

GROUP = "neuplug"


@dataclass(frozen=True, slots=True)
class Provided:
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
            PluginError: If the import fails or the target is no class of the right kind.
        """
        from neuplug import interfaces

        module, _, attribute = self.component.target.partition(":")
        try:
            found = getattr(importlib.import_module(module), attribute)
        except Exception as error:
            raise PluginError(
                f"{self.name} of {self.source} cannot be loaded from {self.component.target}: "
                f"{type(error).__name__}: {error}"
            ) from error
        base = interfaces.KINDS[self.kind]
        if not (isinstance(found, type) and issubclass(found, base)):
            raise PluginError(
                f"{self.name} of {self.source}: {self.component.target} is no {base.__name__}"
            )
        return found


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one plugin.

    Attributes:
        error: The exception, or ``None`` where the plugin was blocked by the user.
    """

    distribution: str
    version: str
    message: str
    error: BaseException | None = None


@dataclass(frozen=True)
class Registry:
    """What :func:`discover` found."""

    components: tuple[Provided, ...]
    problems: tuple[Problem, ...]

    def of_kind(self, kind: str) -> tuple[Provided, ...]:
        """The components of one kind, by name."""
        return tuple(
            sorted(
                (p for p in self.components if p.kind == kind),
                key=lambda p: (p.name, p.distribution),
            )
        )

    def resolve(self, name: str, kinds: Iterable[str] = tuple(HOOKS.values())) -> Provided:
        """Find the component that a user means.

        Args:
            name: ``name`` or ``distribution:name``.
            kinds: The kinds that are asked for. Augmenters and generators share a name space.

        Raises:
            InputError: If no plugin has it, or several do.
        """
        kinds = tuple(kinds)
        what = " or ".join(kinds) if len(kinds) < len(HOOKS) else "component"
        distribution, _, plain = name.rpartition(":")
        offers = [p for p in self.components if p.kind in kinds]
        matches = [p for p in offers if p.name == plain]
        if distribution:
            wanted = canonicalize_name(distribution)
            matches = [p for p in matches if canonicalize_name(p.distribution) == wanted]
        if len(matches) == 1:
            return matches[0]
        if matches:
            providers = ", ".join(f"{p.distribution}:{p.name} ({p.kind})" for p in matches)
            raise InputError(
                f"{plain} is offered more than once: {providers}. Say which one you mean, "
                f"for example {matches[0].distribution}:{plain}."
            )
        names = sorted({p.name for p in offers})
        hint = did_you_mean(plain, names)
        listing = f" There are: {', '.join(names)}." if names else " No plugin offers any."
        missing = f" {len(self.problems)} plugin(s) have problems." if self.problems else ""
        raise InputError(
            f"no {what} is called {name!r}.{hint}{listing}{missing} See 'neuplug plugins'."
        )


def discover() -> Registry:
    """Go through the entry points of the group ``neuplug``; cached for the life of the process.

    ``NEUPLUG_BLOCK`` names distributions (or ``distribution:entry``) that are left out, separated
    by commas. With ``NEUPLUG_STRICT=1`` the first problem is raised.

    Raises:
        PluginError: Under ``NEUPLUG_STRICT=1``, for the first problem.
    """
    return _discover(os.environ.get("NEUPLUG_BLOCK", ""), tuple(sys.path))


@functools.cache
def _discover(blocklist: str, path: tuple[str, ...]) -> Registry:
    del path  # part of the cache key: what is installed depends on it
    blocked = {_canonical(item) for item in blocklist.split(",") if item.strip()}
    finder = _Finder(blocked)
    found = [(_identity(e), e) for e in entry_points(group=GROUP)]
    for (distribution, version), entry in sorted(found, key=lambda f: (f[0], f[1].name)):
        finder.visit(entry, distribution, version)
    return Registry(tuple(finder.components), tuple(finder.problems))


def _identity(entry: EntryPoint) -> tuple[str, str]:
    distribution: Distribution | None = entry.dist
    if distribution is None:
        return entry.value, "?"
    return distribution.metadata["Name"], distribution.version


def _canonical(item: str) -> str:
    distribution, _, entry = item.strip().partition(":")
    return canonicalize_name(distribution) + (f":{entry}" if entry else "")


class _Finder:
    def __init__(self, blocked: set[str]) -> None:
        self.blocked = blocked
        self.components: list[Provided] = []
        self.problems: list[Problem] = []
        self.manager = pluggy.PluginManager(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs.HookSpecs)

    def problem(
        self, distribution: str, version: str, message: str, error: BaseException | None
    ) -> None:
        if error is not None and os.environ.get("NEUPLUG_STRICT") == "1":
            raise PluginError(f"{distribution} {version}: {message}") from error
        self.problems.append(Problem(distribution, version, message, error))

    def visit(self, entry: EntryPoint, distribution: str, version: str) -> None:
        name = canonicalize_name(distribution)
        if name in self.blocked or f"{name}:{entry.name}" in self.blocked:
            self.problem(distribution, version, "blocked by NEUPLUG_BLOCK", None)
            return
        if unfit := _unmet_requirement(entry.dist):
            self.problem(distribution, version, unfit, PluginError(unfit))
            return
        registered = f"{distribution}:{entry.name}"
        try:
            plugin = entry.load()
            self.manager.register(plugin, registered)
        except Exception as error:
            self.problem(distribution, version, f"{type(error).__name__}: {error}", error)
            return
        for message in self._unknown_hooks(plugin):
            self.problem(distribution, version, message, PluginError(message))
        for hook, kind in HOOKS.items():
            self._call(hook, kind, registered, distribution, version)

    def _unknown_hooks(self, plugin: object) -> Iterable[str]:
        """Hooks that no specification has, and hooks that lack the marker."""
        for name in sorted(dir(plugin)):
            if not name.startswith("neuplug_") or not callable(value := getattr(plugin, name)):
                continue
            marked = self.manager.parse_hookimpl_opts(plugin, name) is not None
            if marked and name not in HOOKS:
                yield f"unknown hook {name}.{did_you_mean(name, HOOKS)}"
            elif not marked and name in HOOKS and not isinstance(value, type):
                yield f"{name} is not marked with @neuplug.hookimpl, so it is never called"

    def _call(self, hook: str, kind: str, registered: str, distribution: str, version: str) -> None:
        for impl in getattr(self.manager.hook, hook).get_hookimpls():
            if impl.plugin_name != registered:
                continue
            try:
                offered: list[Any] = list(impl.function())
                for component in offered:
                    if not isinstance(component, Component):
                        raise TypeError(f"yielded {component!r}, which is no neuplug.Component")
            except Exception as error:
                message = f"{hook}: {type(error).__name__}: {error}"
                self.problem(distribution, version, message, error)
                continue
            self.components += [Provided(c, kind, distribution, version) for c in offered]


def _unmet_requirement(distribution: Distribution | None) -> str:
    """Say which neuplug the plugin requires, if this one is not it."""
    for line in (distribution.requires or []) if distribution is not None else []:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if canonicalize_name(requirement.name) != "neuplug" or requirement.marker is not None:
            continue
        if not requirement.specifier.contains(__version__, prereleases=True):
            return (
                f"requires neuplug {requirement.specifier}, this is {__version__}: "
                f"install a version of the plugin made for it"
            )
    return ""
