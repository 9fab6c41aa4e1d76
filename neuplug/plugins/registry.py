"""The components that plugins offer: which one a user means by a name, and its class.

Entry points are visited in order of distribution and name; the blocklist and the plugin's own
requirement on neuplug are read before anything is imported; whatever a plugin does wrong becomes a
:class:`Problem` and leaves the others alone.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint
from types import ModuleType
from typing import TYPE_CHECKING

import pluggy

from neuplug.errors import InputError, PluginError, did_you_mean, expect
from neuplug.plugins import distributions, hookspecs
from neuplug.plugins.code import ChangedError, Code, code_of, note_import, prepare_import
from neuplug.plugins.distributions import Problem, canonical
from neuplug.plugins.hookspecs import COMPONENTS, HOOKS, Component, base_class
from neuplug.plugins.isolation import Fault, importing, isolated, told

if TYPE_CHECKING:
    from neuplug.plugins.component import ComponentBase

# Stands for the distribution of components that this process alone has
LOCAL = "local"


@dataclass(frozen=True, slots=True)
class ComponentSpec:
    """A component together with who provides it.

    Attributes:
        kind: ``augmenter``, ``mixer``, ``generator``, ``classifier``, ``evaluator`` and so on.
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

    def rivals(self) -> list[str]:
        """Other plugins that offer the name, which stands for theirs where this is not named.

        Example:
            >>> neuplug.discover().resolve("flip").rivals()
            []
        """
        space = (self.name, NAME_SPACES.get(self.kind, self.kind))
        found = [o for o in discover().components if o.distribution != self.distribution]
        return [o.source for o in found if (o.name, NAME_SPACES.get(o.kind, o.kind)) == space]

    def load(self) -> type[ComponentBase]:
        """Import the component's class.

        Raises:
            PluginError: If the import fails or the target is no complete class of the right kind.
        """
        module, _, attribute = self.component.target.partition(":")
        self.files().note()
        from neuplug.plugins.component import Options  # which takes long to load

        base, wrong = base_class(self.kind), ""
        try:
            with importing(self.source):
                found: type[ComponentBase] = getattr(importlib.import_module(module), attribute)
        except Fault as fault:
            raise PluginError(
                f"{self.name} of {self.source} cannot be loaded from {self.component.target}: "
                f"{str(fault).rstrip('.')}. {self._remedy}"
            ) from fault.__cause__
        if not (isinstance(found, type) and issubclass(found, base)):
            wrong = f"is not a neuplug.{base.__name__}"
            wrong += " (a Mixer's Component says mixes=True)" if self.kind == "augmenter" else ""
        elif missing := sorted(getattr(found, "__abstractmethods__", ())):
            wrong = f"lacks {', '.join(missing)}"
        elif not (isinstance(model := found.options_class, type) and issubclass(model, Options)):
            wrong = "has an options_class that is not derived from neuplug.Options"
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


# Kinds that share their names with another one: --aug takes both
NAME_SPACES = {"generator": "augmenter", "mixer": "augmenter"}

_local: dict[str, LocalComponent] = {}


def offer_local(component: LocalComponent) -> str:
    """Make a component known in this process, by a name for :meth:`Registry.resolve`."""
    name = local_name(component.name, component.code)
    _local.setdefault(name, component)
    return f"{LOCAL}:{name}"


def local_name(name: str, code: str) -> str:
    """Of several of one name the one that is this."""
    return f"{name}-{code[:8]}"


@dataclass(frozen=True)
class Registry:
    """What :func:`discover` found.

    Attributes:
        offers: All that plugins offer, in order of distribution.
        problems: What is wrong with plugins.
    """

    offers: tuple[ComponentSpec, ...]
    problems: tuple[Problem, ...]

    @property
    def components(self) -> tuple[ComponentSpec, ...]:
        """All that are classes, and so no recipes.

        Example:
            >>> "recipe" in {spec.kind for spec in neuplug.discover().components}
            False
        """
        return tuple(spec for spec in self.offers if spec.kind in COMPONENTS)

    def of_kind(self, kind: str) -> tuple[ComponentSpec, ...]:
        """What there is of one kind, by name."""
        found = (spec for spec in self.offers if spec.kind == kind)
        return tuple(sorted(found, key=lambda spec: (spec.name, spec.distribution)))

    def resolve(self, name: str, kinds: Iterable[str] = COMPONENTS) -> ComponentSpec:
        """Find the component that a user means.

        Args:
            name: ``name`` or ``distribution:name``.
            kinds: The kinds that are asked for. Augmenters, mixers and generators share a name
                space.

        Raises:
            InputError: If no plugin has it, or several do.
        """
        expect(name, str, "a component's name", "text such as flip")
        kinds = tuple(kinds)
        what = " or ".join(kinds) if len(kinds) < len(COMPONENTS) else "component"
        distribution, _, plain = name.rpartition(":")
        if distribution == LOCAL and plain in _local and _local[plain].kind in kinds:
            return _local[plain]
        offers = [p for p in self.offers if p.kind in kinds]
        matches = [p for p in offers if p.name == plain]
        if distribution:
            wanted = canonical(distribution)
            matches = [p for p in matches if canonical(p.distribution) == wanted]
        if len(matches) == 1:
            return matches[0]
        if matches:
            providers = ", ".join(f"{p.distribution}:{p.name} ({p.kind})" for p in matches)
            remedy = "Say which kind you mean."
            if len({p.distribution for p in matches}) > 1:
                remedy = f"Say which one you mean, for example {matches[0].distribution}:{plain}."
            raise InputError(f"{plain} is offered more than once: {providers}. {remedy}")
        names = sorted({p.name for p in offers})
        others = [f"{p.distribution}:{p.name}" for p in offers if distribution and p.name == plain]
        hint = did_you_mean(plain, names)
        if others:
            hint = f" {distribution} has none; to take that of another plugin, write {others[0]}."
        listing = f" There are: {', '.join(names)}." if names else " No plugin offers any."
        missing = f" {distributions.name_troubled(self.problems)}." if self.problems else ""
        raise InputError(
            f"no {what} is called {name!r}.{hint}{listing}{missing} See 'neuplug plugins'."
        )


def discover(*, strict: bool | None = None) -> Registry:
    """Go through the entry points of the group ``neuplug``; cached for the life of the process.

    ``NEUPLUG_BLOCK`` names distributions (or ``distribution:entry``) that are left out, separated
    by commas. If ``strict``, by default with ``NEUPLUG_STRICT=1``, the first problem is raised.

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
    finder = _Finder(blocklist, strict)
    for distribution in distributions.installed_distributions():
        finder.visit(distribution)
    return Registry(tuple(finder.offers), tuple(finder.problems))


class _Hooks(pluggy.PluginManager):
    """pluggy's manager, looking only at what a module itself holds.

    Going through ``dir`` could set off a module's lazy imports, and so load torch.
    """

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        if isinstance(plugin, ModuleType) and name not in vars(plugin):
            return None
        return super().parse_hookimpl_opts(plugin, name)


class _Finder:
    """Visits distributions; see :func:`discover`."""

    def __init__(self, blocklist: str, strict: bool) -> None:
        self.blocklist, self.strict = blocklist, strict
        self.offers: list[ComponentSpec] = []
        self.problems: list[Problem] = []
        self.names: set[tuple[str, str, str]] = set()
        self.manager = _Hooks(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs.HookSpecs)

    def visit(self, distribution: Distribution) -> None:
        """Take in one distribution: all that it offers, or what is wrong with it."""
        name, version = self.visited = distributions.identity(distribution)
        try:
            entries = sorted(distribution.entry_points, key=lambda e: (e.group, e.name))
            unfit = distributions.unmet_requirement(distribution)
        except Exception as error:
            self.problem(f"unreadable metadata: {told(error)}", error)
            return
        for entry in entries:
            if entry.group not in (distributions.GROUP, distributions.COMMANDS):
                continue
            if distributions.is_blocked(self.blocklist, name, entry.name):
                self.problems.append(Problem(name, version, "blocked by NEUPLUG_BLOCK"))
            elif unfit:
                self.problem(unfit)
            elif canonical(name) == LOCAL:
                self.problem(f"the name {name} stands for components of no plugin: rename it")
            elif entry.group == distributions.GROUP:
                self._load(entry, f"{name}:{entry.name}")
            elif wrong := distributions.unfit_name(entry.name):
                self.problem(wrong)

    def problem(self, message: str, error: BaseException | None = None) -> None:
        """Record what is wrong with the distribution that is being visited."""
        name, version = self.visited
        if self.strict:
            raise PluginError(f"{name} {version}: {message}") from error
        self.problems.append(Problem(name, version, message, error or PluginError(message)))

    def _load(self, entry: EntryPoint, registered: str) -> None:
        try:
            with importing(" ".join(self.visited)):
                prepare_import(entry.module)
                plugin = entry.load()
                note_import(entry.module)
                self.manager.register(plugin, registered)
                unheard = list(self._unheard(plugin))
        except Fault as fault:
            self.problem(str(fault), fault.__cause__)
            return
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
            with isolated(" ".join(self.visited)):
                offered: Iterable[object] = impl.function()  # type: ignore[assignment]
                for component in offered:
                    if not isinstance(component, Component):
                        raise TypeError(f"yielded {component!r}, which is not a neuplug.Component")
                    own = "mixer" if component.mixes else kind
                    if component.mixes and kind != "augmenter":
                        raise ValueError(f"{component.name} mixes: yield it in neuplug_augmenters")
                    name = (self.visited[0], component.name, NAME_SPACES.get(kind, kind))
                    if name in self.names:
                        raise ValueError(f"{component.name} is offered twice by this plugin")
                    self.names.add(name)
                    self.offers.append(ComponentSpec(component, own, *self.visited))
        except Fault as fault:
            self.problem(f"{hook}: {fault}", fault.__cause__)
