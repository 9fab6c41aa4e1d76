"""The versions that are installed, beside those that neuplug, its plugins and theirs ask for."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion

from neuplug.plugins.distributions import canonical, identity
from neuplug_testing.doctor.finding import Part

CORE = "neuplug"


@dataclass
class _Package:
    """A distribution that something asks for.

    Attributes:
        asked: Who asks for it, to the versions asked for.
    """

    name: str
    installed: Distribution | None
    asked: dict[str, SpecifierSet] = field(default_factory=dict)

    @property
    def version(self) -> str | None:
        return identity(self.installed)[1] if self.installed else None

    def refusing(self) -> list[str]:
        """Who asks for another version than this one."""
        return [by for by, wanted in self.asked.items() if not _fits(wanted, self.version)]

    def record(self, ours: set[str]) -> dict[str, Any]:
        """As JSON values, with what ours ask for, and those that it does not suit."""
        shown = ours.union(self.refusing())
        asked = {by: _written(self.asked[by]) for by in sorted(self.asked) if by in shown}
        fits = not self.refusing()
        return {"name": self.name, "version": self.version, "asked": asked, "fits": fits}


def look(plugins: Iterable[str]) -> Part:
    """Follow what neuplug and its plugins require to the end.

    Args:
        plugins: Names of the installed plugins' distributions.

    Returns:
        ``python`` and ``packages``: neuplug, plugins and what these ask for themselves; of what
        is further down only what does not fit.
    """
    roots = [CORE, *sorted(set(map(canonical, plugins)))]
    found = _walk(roots)
    # neuplug's libraries, such as neuplug-gan, are no plugins but ours all the same
    ours = {name for name in found if name in roots or name.startswith(f"{CORE}-")}
    wrong = [p for p in found.values() if p.installed is None or p.refusing()]
    shown = [p for p in found.values() if p.name in ours or ours & p.asked.keys() or p in wrong]
    records = [p.record(ours) for p in sorted(shown, key=lambda p: p.name)]
    part = Part("packages", {"python": platform.python_version(), "packages": records})
    for package in wrong:
        _judge(part, package)
    return part


def _walk(roots: list[str]) -> dict[str, _Package]:
    found = {name: _Package(name, _installed(name)) for name in roots}
    waiting = [(name, frozenset[str]()) for name in roots]
    seen = set()
    while waiting:
        visited = name, extras = waiting.pop()
        if visited in seen:
            continue
        seen.add(visited)
        for needed in _requirements(found[name].installed, extras):
            other = canonical(needed.name)
            entry = found.setdefault(other, _Package(other, _installed(other)))
            entry.asked[name] = entry.asked.get(name, SpecifierSet()) & needed.specifier
            waiting.append((other, frozenset(needed.extras)))
    return found


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _requirements(installed: Distribution | None, extras: frozenset[str]) -> list[Requirement]:
    """What a distribution asks for here, with these of its extras."""
    with contextlib.suppress(Exception):  # broken metadata ask for nothing
        lines = (installed.requires if installed else None) or []
        return [
            needed
            for needed in map(Requirement, lines)
            if needed.marker is None
            or any(needed.marker.evaluate({"extra": extra}) for extra in extras or {""})
        ]
    return []


def _written(wanted: SpecifierSet) -> str:
    """``>=2.8,<2.16``, in the order in which people write it."""
    return ",".join(sorted(map(str, wanted), reverse=True))


def _fits(wanted: SpecifierSet, version: str | None) -> bool:
    try:
        return version is not None and wanted.contains(version, prereleases=True)
    except InvalidVersion:
        return False


def _judge(part: Part, package: _Package) -> None:
    if package.name == CORE:
        if package.installed is None:
            part.warn(
                "neuplug runs from its source and is not installed, so what it requires is unknown",
                "install it: pip install -e . in its folder",
            )
        return  # a plugin made for another neuplug is among the plugins' problems
    every = SpecifierSet()
    for wanted in package.asked.values():
        every &= wanted
    askers = package.refusing() if package.installed else sorted(package.asked)
    asking = ", ".join(f"{by} asks for {_written(package.asked[by]) or 'any'}" for by in askers)
    advice = f"pip install '{package.name}{_written(every)}'"
    if package.installed is None:
        tell = part.fault if CORE in askers else part.warn
        tell(f"{package.name} is not installed; {asking}", advice)
    else:
        # neither tested together nor sure to fail
        part.warn(f"{package.name} {package.version} is installed, but {asking}", advice)
