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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions
from types import ModuleType
from typing import TYPE_CHECKING

import pluggy
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from neuplug import __version__, hookspecs, installed
from neuplug.errors import InputError, PluginError, did_you_mean
from neuplug.hookspecs import HOOKS, Component
from neuplug.imported import note_import

if TYPE_CHECKING:
    from neuplug.interfaces import ComponentBase

GROUP = "neuplug"

# What a plugin may raise while it is imported or called; KeyboardInterrupt is the user's.
FAULTS = (Exception, SystemExit)


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
            PluginError: If the import fails or the target is no complete class of the right kind.
        """
        from neuplug import interfaces

        module, _, attribute = self.component.target.partition(":")
        self.files().note()
        try:
            found = getattr(importlib.import_module(module), attribute)
        except FAULTS as error:
            raise PluginError(
                f"{self.name} of {self.source} cannot be loaded from {self.component.target}: "
                f"{_told(error).rstrip('.')}. {self._remedy}"
            ) from error
        base = interfaces.KINDS[self.kind]
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


LOCAL = "local"
"""Stands for the distribution of components that this process alone has."""


@dataclass(frozen=True, slots=True)
class LocalComponent(Provided):
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


_local: dict[str, LocalComponent] = {}


def offer_local(component: LocalComponent) -> str:
    """Make a component known in this process, by a name for :meth:`Registry.resolve`."""
    name = local_name(component.name, component.code)
    _local.setdefault(name, component)
    return f"{LOCAL}:{name}"


def local_name(name: str, code: str) -> str:
    """Of several of one name the one that is this."""
    return f"{name}-{code[:8]}"


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
        if distribution == LOCAL and plain in _local and _local[plain].kind in kinds:
            return _local[plain]
        offers = [p for p in self.components if p.kind in kinds]
        matches = [p for p in offers if p.name == plain]
        if distribution:
            wanted = canonicalize_name(distribution)
            matches = [p for p in matches if canonicalize_name(p.distribution) == wanted]
        if len(matches) == 1:
            return matches[0]
        if matches:
            providers = ", ".join(f"{p.distribution}:{p.name} ({p.kind})" for p in matches)
            if len({p.distribution for p in matches}) > 1:
                remedy = f"Say which one you mean, for example {matches[0].distribution}:{plain}."
            else:
                remedy = "Say which kind you mean."
            raise InputError(f"{plain} is offered more than once: {providers}. {remedy}")
        names = sorted({p.name for p in offers})
        hint = did_you_mean(plain, names)
        listing = f" There are: {', '.join(names)}." if names else " No plugin offers any."
        missing = f" {name_troubled(self.problems)}." if self.problems else ""
        raise InputError(
            f"no {what} is called {name!r}.{hint}{listing}{missing} See 'neuplug plugins'."
        )


def name_troubled(problems: Iterable[Problem]) -> str:
    """``neuplug-vae has a problem``: the plugins that have one; empty if all are well."""
    names = list(dict.fromkeys(problem.distribution for problem in problems))
    if len(names) > 1:
        return f"{', '.join(names[:-1])} and {names[-1]} have problems"
    return f"{names[0]} has a problem" if names else ""


def discover(*, strict: bool | None = None) -> Registry:
    """Go through the entry points of the group ``neuplug``; cached for the life of the process.

    ``NEUPLUG_BLOCK`` names distributions (or ``distribution:entry``) that are left out, separated
    by commas. With ``NEUPLUG_STRICT=1`` the first problem is raised.

    Args:
        strict: Whether the first problem is raised; by default what ``NEUPLUG_STRICT`` says.

    Raises:
        PluginError: If strict, for the first problem.

    Example:
        >>> dcgan = neuplug.discover().resolve("dcgan")
        >>> dcgan.name, dcgan.kind, dcgan.distribution, dcgan.load().__name__
        ('dcgan', 'generator', 'neuplug-dcgan', 'DCGAN')
    """
    if strict is None:
        strict = os.environ.get("NEUPLUG_STRICT") == "1"
    return _discover(os.environ.get("NEUPLUG_BLOCK", ""), strict, tuple(sys.path))


@functools.cache
def _discover(blocklist: str, strict: bool, path: tuple[str, ...]) -> Registry:
    del path  # part of the cache key: what is installed depends on it
    finder = _Finder({_canonical(item) for item in blocklist.split(",") if item.strip()}, strict)
    installed = sorted(_installed(), key=lambda d: canonicalize_name(_identity(d)[0]))
    for distribution in installed:
        finder.visit(distribution)
    return Registry(tuple(finder.components), tuple(finder.problems))


def _installed() -> Iterator[Distribution]:
    """The distributions that have entry points in our group, each once, the first on the path.

    ``importlib.metadata.entry_points`` would stop at the first unreadable one, ours or not.
    """
    seen = set()
    for distribution in distributions():
        try:
            if f"[{GROUP}]" not in (distribution.read_text("entry_points.txt") or ""):
                continue
        except Exception:  # whoever it is, it is not known to be ours
            continue
        name = canonicalize_name(_identity(distribution)[0])
        if name not in seen:
            seen.add(name)
            yield distribution


def _identity(distribution: Distribution) -> tuple[str, str]:
    """Name and version, for messages, however broken its metadata."""
    try:
        metadata = distribution.metadata
        return metadata["Name"] or "?", metadata["Version"] or "?"
    except Exception:
        return str(getattr(distribution, "_path", "?")), "?"


def _canonical(item: str) -> str:
    distribution, _, entry = item.strip().partition(":")
    return canonicalize_name(distribution) + (f":{entry}" if entry else "")


def _told(error: BaseException) -> str:
    """An exception in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


class _Hooks(pluggy.PluginManager):
    """pluggy's manager, looking only at what a module itself holds.

    Going through ``dir`` could set off a module's lazy imports, and so load torch.
    """

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        if isinstance(plugin, ModuleType) and name not in vars(plugin):
            return None
        return super().parse_hookimpl_opts(plugin, name)


class _Finder:
    def __init__(self, blocked: set[str], strict: bool) -> None:
        self.blocked, self.strict = blocked, strict
        self.components: list[Provided] = []
        self.problems: list[Problem] = []
        self.manager = _Hooks(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs.HookSpecs)

    def visit(self, distribution: Distribution) -> None:
        """Take in one distribution: all that it offers, or what is wrong with it."""
        name, version = self.visited = _identity(distribution)
        try:
            entries = sorted(distribution.entry_points.select(group=GROUP), key=lambda e: e.name)
            unfit = _unmet_requirement(distribution)
        except Exception as error:
            self.problem(f"unreadable metadata: {_told(error)}", error)
            return
        for entry in entries:
            if self.blocked & {canonicalize_name(name), f"{canonicalize_name(name)}:{entry.name}"}:
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
            self.problem(_told(error), error)
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
                self.components.append(Provided(component, kind, *self.visited))
        except FAULTS as error:
            self.problem(f"{hook}: {_told(error)}", error)

    def _rivals(self, component: Component, kind: str) -> list[Provided]:
        """The earlier ones of that name in its name space; ``--aug`` takes two kinds."""
        stages = {"augmenter", "generator"}
        kinds = stages if kind in stages else {kind}
        return [p for p in self.components if p.name == component.name and p.kind in kinds]


def _unmet_requirement(distribution: Distribution) -> str:
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
