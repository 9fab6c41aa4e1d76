"""Go through the installed distributions that have entry points of ours, and keep faults apart.

Entry points are visited in order of distribution and name; the blocklist and the plugin's own
requirement on neuplug are read before anything is imported; whatever a plugin does wrong becomes a
:class:`Problem` and leaves the others alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions
from types import ModuleType

import pluggy
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from neuplug import __version__
from neuplug.errors import PluginError, did_you_mean
from neuplug.plugins import hookspecs, installed
from neuplug.plugins.hookspecs import HOOKS, Component
from neuplug.plugins.imported import note_import
from neuplug.plugins.spec import FAULTS, ComponentSpec, told

GROUP = "neuplug"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one plugin.

    Attributes:
        error: The exception, or ``None`` where the plugin was blocked by the user.

    Example:
        >>> import os
        >>> os.environ["NEUPLUG_BLOCK"] = "neuplug-vgg"
        >>> for problem in neuplug.discover().problems:
        ...     print(problem.distribution, "is", problem.message)
        neuplug-vgg is blocked by NEUPLUG_BLOCK
    """

    distribution: str
    version: str
    message: str
    error: BaseException | None = None


def installed_distributions(group: str = GROUP) -> Iterator[Distribution]:
    """The distributions with entry points in a group of ours, each once: the first on the path.

    ``importlib.metadata.entry_points`` would stop at the first unreadable one, ours or not.
    """
    seen = set()
    for distribution in distributions():
        try:
            if f"[{group}]" not in (distribution.read_text("entry_points.txt") or ""):
                continue
        except Exception:  # whoever it is, it is not known to be ours
            continue
        name = canonicalize_name(identity(distribution)[0])
        if name not in seen:
            seen.add(name)
            yield distribution


def identity(distribution: Distribution) -> tuple[str, str]:
    """Name and version, for messages, however broken its metadata."""
    try:
        metadata = distribution.metadata
        return metadata["Name"] or "?", metadata["Version"] or "?"
    except Exception:
        return str(getattr(distribution, "_path", "?")), "?"


def is_blocked(blocklist: str, distribution: str, entry: str) -> bool:
    """Whether ``NEUPLUG_BLOCK`` names a distribution, or ``distribution:entry``."""
    for item in filter(None, map(str.strip, blocklist.split(","))):
        name, _, only = item.partition(":")
        if canonicalize_name(name) == canonicalize_name(distribution) and only in ("", entry):
            return True
    return False


class _Hooks(pluggy.PluginManager):
    """pluggy's manager, looking only at what a module itself holds.

    Going through ``dir`` could set off a module's lazy imports, and so load torch.
    """

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        if isinstance(plugin, ModuleType) and name not in vars(plugin):
            return None
        return super().parse_hookimpl_opts(plugin, name)


class Finder:
    """Visits distributions; see :func:`neuplug.plugins.registry.discover`."""

    def __init__(self, blocklist: str, strict: bool) -> None:
        self.blocklist, self.strict = blocklist, strict
        self.components: list[ComponentSpec] = []
        self.problems: list[Problem] = []
        self.manager = _Hooks(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs.HookSpecs)

    def visit(self, distribution: Distribution) -> None:
        """Take in one distribution: all that it offers, or what is wrong with it."""
        name, version = self.visited = identity(distribution)
        try:
            entries = sorted(distribution.entry_points.select(group=GROUP), key=lambda e: e.name)
            unfit = unmet_requirement(distribution)
        except Exception as error:
            self.problem(f"unreadable metadata: {told(error)}", error)
            return
        for entry in entries:
            if is_blocked(self.blocklist, name, entry.name):
                self.problems.append(Problem(name, version, "blocked by NEUPLUG_BLOCK"))
            elif unfit:
                self.problem(unfit)
            else:
                self._load(entry, f"{name}:{entry.name}")

    def problem(self, message: str, error: BaseException | None = None) -> None:
        """Record what is wrong with the distribution that is being visited."""
        name, version = self.visited
        if self.strict:
            raise PluginError(f"{name} {version}: {message}") from error
        self.problems.append(Problem(name, version, message, error or PluginError(message)))

    def _load(self, entry: EntryPoint, registered: str) -> None:
        try:
            installed.drop_outdated_bytecode_of(entry.module)
            plugin = entry.load()
            note_import(entry.module)
            self.manager.register(plugin, registered)
        except FAULTS as error:
            self.problem(told(error), error)
            return
        unheard = list(self._unheard(plugin))
        if not unheard and not self.manager.get_hookcallers(plugin):
            unheard = [f"implements none of the hooks: {', '.join(HOOKS)}"]
        for message in unheard:
            self.problem(message)
        for hook, kind in HOOKS.items():
            for impl in getattr(self.manager.hook, hook).get_hookimpls():
                if impl.plugin_name == registered:
                    self._call(hook, kind, impl)

    def _unheard(self, plugin: object) -> Iterator[str]:
        """Say which hooks are never called: those nobody specified, those without the marker."""
        for name in sorted(vars(plugin) if isinstance(plugin, ModuleType) else dir(plugin)):
            options = self.manager.parse_hookimpl_opts(plugin, name)
            if options is not None:
                hook = options.get("specname") or name
                if hook not in HOOKS and not options.get("optionalhook"):
                    yield f"unknown hook {hook}.{did_you_mean(hook, HOOKS)}"
            elif name in HOOKS and callable(getattr(plugin, name)):
                yield f"{name} is not marked with @neuplug.hookimpl, so it is never called"

    def _call(self, hook: str, kind: str, impl: pluggy.HookImpl) -> None:
        """Take what one hook yields; what came before a fault stays."""
        try:
            offered: Iterable[object] = impl.function()  # type: ignore[assignment]
            for component in offered:
                if not isinstance(component, Component):
                    raise TypeError(f"yielded {component!r}, which is no neuplug.Component")
                if any(p.distribution == self.visited[0] for p in self._rivals(component, kind)):
                    raise ValueError(f"{component.name} is offered twice by this plugin")
                self.components.append(ComponentSpec(component, kind, *self.visited))
        except FAULTS as error:
            self.problem(f"{hook}: {told(error)}", error)

    def _rivals(self, component: Component, kind: str) -> list[ComponentSpec]:
        """The earlier ones of that name in its name space; ``--aug`` takes two kinds."""
        stages = {"augmenter", "generator"}
        kinds = stages if kind in stages else {kind}
        return [p for p in self.components if p.name == component.name and p.kind in kinds]


def unmet_requirement(distribution: Distribution) -> str:
    """Say which neuplug the plugin requires, if this one is not it."""
    for line in distribution.requires or []:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if canonicalize_name(requirement.name) != "neuplug":
            continue
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        if not requirement.specifier.contains(__version__, prereleases=True):
            newer = _wants_newer(requirement)
            remedy = "upgrade neuplug" if newer else f"upgrade {distribution.name}"
            return (
                f"requires neuplug {requirement.specifier}, this is {__version__}: {remedy}, "
                f"or install a version of the plugin made for {__version__}"
            )
    return ""


def _wants_newer(requirement: Requirement) -> bool:
    """Whether it asks for a later neuplug than this one, rather than for an earlier one."""
    here = Version(__version__)
    lower = [s.version.removesuffix(".*") for s in requirement.specifier if "<" not in s.operator]
    return any(Version(bound) > here for bound in lower if bound)
