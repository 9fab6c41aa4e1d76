"""Go through the installed distributions that have entry points of ours, and keep faults apart.

Entry points are visited in order of distribution and name; the blocklist and the plugin's own
requirement on neuplug are read before anything is imported; whatever a plugin does wrong becomes a
:class:`Problem` and leaves the others alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, EntryPoint
from types import ModuleType

import pluggy

from neuplug.errors import PluginError, did_you_mean
from neuplug.plugins import hookspecs, installed
from neuplug.plugins.distributions import GROUP, Problem, identity, unmet_requirement
from neuplug.plugins.faults import FAULTS
from neuplug.plugins.hookspecs import HOOKS, Component
from neuplug.plugins.imported import note_import
from neuplug.plugins.names import is_blocked
from neuplug.plugins.spec import ComponentSpec, told


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
