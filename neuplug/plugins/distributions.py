"""The installed distributions that have entry points of ours. Loads next to nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from typing import TYPE_CHECKING

from neuplug import __version__
from neuplug.plugins.names import canonical

if TYPE_CHECKING:
    from packaging.requirements import Requirement

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
        name = canonical(identity(distribution)[0])
        if name not in seen:
            seen.add(name)
            yield distribution


def identity(distribution: Distribution) -> tuple[str, str]:
    """Name and version, for messages, however broken its metadata."""
    name, version = (_field(distribution, field) for field in ("Name", "Version"))
    place = str(getattr(distribution, "_path", "?"))
    return (name[0] if name else place), (version[0] if version else "?")


def _field(distribution: Distribution, name: str) -> list[str]:
    """The values of a field of its metadata.

    ``distribution.metadata`` would parse the readme too, which takes a millisecond each time.
    """
    try:
        text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    except Exception:  # whoever it is
        return []
    return re.findall(rf"^{name}:[ \t]*(\S.*?)\s*$", text.partition("\n\n")[0], re.MULTILINE)


def unmet_requirement(distribution: Distribution) -> str:
    """Say which neuplug the plugin requires, if this one is not it."""
    from packaging.requirements import InvalidRequirement, Requirement

    for line in _field(distribution, "Requires-Dist"):
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if canonical(requirement.name) != "neuplug":
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
    from packaging.version import Version

    here = Version(__version__)
    lower = [s.version.removesuffix(".*") for s in requirement.specifier if "<" not in s.operator]
    return any(Version(bound) > here for bound in lower if bound)
