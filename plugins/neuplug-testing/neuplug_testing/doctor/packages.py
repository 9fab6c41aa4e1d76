"""The versions that are installed, beside those that neuplug, its plugins and theirs ask for."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

from neuplug_testing.doctor.finding import Finding, Level, Part

TOPIC = "packages"
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
        try:
            return None if self.installed is None else self.installed.version
        except Exception:  # metadata may be broken in any way
            return "?"

    def refusing(self) -> list[str]:
        """Who asks for another version than this one."""
        return [by for by, wanted in self.asked.items() if not _fits(wanted, self.version)]

    def record(self, ours: set[str]) -> dict[str, Any]:
        """As JSON values, with what ours ask for, and those that it does not suit."""
        refusing = self.refusing()
        asked = {by: wanted for by, wanted in self.asked.items() if by in ours or by in refusing}
        return {
            "name": self.name,
            "version": self.version,
            "asked": {by: _written(wanted) for by, wanted in sorted(asked.items())},
            "fits": not refusing,
        }


def look(plugins: Iterable[str]) -> Part:
    """Follow what neuplug and its plugins require to the end.

    Args:
        plugins: Names of the installed plugins' distributions.

    Returns:
        ``python`` and ``packages``: neuplug, plugins and what these ask for themselves; of what
        is further down only what does not fit.
    """
    roots = [CORE, *sorted({canonicalize_name(name) for name in plugins})]
    packages = _walk(roots)
    # neuplug's libraries, such as neuplug-gan, are no plugins but ours all the same
    ours = {name for name in packages if name in roots or name.startswith(f"{CORE}-")}
    shown = [p for p in packages.values() if p.name in ours or ours & p.asked.keys()]
    wrong = [p for p in packages.values() if p.installed is None or p.refusing()]
    findings = [found for p in wrong for found in _judge(p)]
    findings += _judge_python([packages[name] for name in sorted(ours)])
    records = {p.name: p.record(ours) for p in (*shown, *wrong)}
    return Part(
        {
            "python": platform.python_version(),
            "packages": [records[name] for name in sorted(records)],
        },
        findings,
    )


def _walk(roots: list[str]) -> dict[str, _Package]:
    found: dict[str, _Package] = {}
    waiting = [(name, frozenset[str]()) for name in roots]
    seen = set()
    while waiting:
        visited = name, extras = waiting.pop()
        if visited in seen:
            continue
        seen.add(visited)
        package = found.setdefault(name, _Package(name, _installed(name)))
        for needed in _requirements(package.installed, extras):
            other = canonicalize_name(needed.name)
            entry = found.setdefault(other, _Package(other, _installed(other)))
            entry.asked[name] = entry.asked.get(name, SpecifierSet()) & needed.specifier
            waiting.append((other, frozenset(needed.extras)))
    return found


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _requirements(installed: Distribution | None, extras: frozenset[str]) -> Iterator[Requirement]:
    """What a distribution asks for here, with these of its extras."""
    try:
        lines = (installed.requires if installed is not None else None) or []
    except Exception:  # broken metadata ask for nothing
        return
    for line in lines:
        try:
            needed = Requirement(line)
        except InvalidRequirement:
            continue
        if needed.marker is None or any(
            needed.marker.evaluate({"extra": extra}) for extra in (extras or {""})
        ):
            yield needed


def _written(wanted: SpecifierSet) -> str:
    """``>=2.8,<2.16``, in the order in which people write it."""
    return ",".join(sorted(map(str, wanted), reverse=True))


def _fits(wanted: SpecifierSet, version: str | None) -> bool:
    try:
        return version is not None and wanted.contains(version, prereleases=True)
    except InvalidVersion:
        return False


def _judge(package: _Package) -> Iterator[Finding]:
    askers = package.refusing() if package.installed else sorted(package.asked)
    if package.name == CORE:
        if package.installed is None:
            yield Finding(
                TOPIC,
                "warning",
                "neuplug runs from its source and is not installed, so what it requires is unknown",
                "install it: pip install -e . in its folder",
            )
        return  # a plugin made for another neuplug is among the plugins' problems
    every = SpecifierSet()
    for wanted in package.asked.values():
        every &= wanted
    asking = ", ".join(f"{by} asks for {_written(package.asked[by]) or 'any'}" for by in askers)
    advice = f"pip install '{package.name}{_written(every)}'"
    if package.installed is None:
        level: Level = "fault" if CORE in askers else "warning"
        yield Finding(TOPIC, level, f"{package.name} is not installed; {asking}", advice)
    else:
        unlike = f"{package.name} {package.version} is installed, but {asking}"
        # neither tested together nor sure to fail
        yield Finding(TOPIC, "warning", unlike, advice)


def _judge_python(packages: list[_Package]) -> Iterator[Finding]:
    version = platform.python_version()
    for package in packages:
        try:
            text = package.installed.metadata["Requires-Python"] if package.installed else ""
            wanted = SpecifierSet(text or "")
        except (InvalidSpecifier, KeyError, AttributeError):
            continue
        if not _fits(wanted, version):
            yield Finding(
                TOPIC,
                "warning",
                f"this is Python {version}, but {package.name} asks for {_written(wanted)}",
                f"use a Python {_written(wanted)}, for example with uv run --python",
            )
