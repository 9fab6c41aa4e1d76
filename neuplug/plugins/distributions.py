"""The installed distributions that have entry points of ours, and what is wrong with them."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from neuplug import __version__

if TYPE_CHECKING:
    from importlib.metadata import Distribution

    from packaging.requirements import Requirement

# The groups of entry points: modules with hooks, and commands
GROUP = "neuplug"
COMMANDS = "neuplug.commands"
# What a plugin may raise while it is imported or called; KeyboardInterrupt is the user's.
FAULTS = (Exception, SystemExit)
_CORE, _STDLIB = Path(__file__).parents[1], Path(os.__file__).parent


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


def name_troubled(problems: Iterable[Problem]) -> str:
    """``neuplug-vae has a problem``: the plugins that have one; empty if all are well."""
    names = list(dict.fromkeys(problem.distribution for problem in problems))
    if len(names) > 1:
        return f"{', '.join(names[:-1])} and {names[-1]} have problems"
    return f"{names[0]} has a problem" if names else ""


def canonical(name: str) -> str:
    """A distribution's name as the packaging rules compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_blocked(blocklist: str, distribution: str, entry: str) -> bool:
    """Whether ``NEUPLUG_BLOCK`` names a distribution, or ``distribution:entry``."""
    for item in filter(None, map(str.strip, blocklist.split(","))):
        name, _, only = item.partition(":")
        if canonical(name) == canonical(distribution) and only in ("", entry):
            return True
    return False


def installed_distributions() -> list[Distribution]:
    """The distributions with entry points of ours by name, each once: the first on the path.

    ``importlib.metadata.entry_points`` would stop at the first unreadable one, ours or not.
    """
    from importlib.metadata import distributions  # which takes long to load

    found: dict[str, Distribution] = {}
    for distribution in distributions():
        with contextlib.suppress(Exception):  # whoever it is, it is not known to be ours
            if f"[{GROUP}" in (distribution.read_text("entry_points.txt") or ""):
                found.setdefault(canonical(identity(distribution)[0]), distribution)
    return [found[name] for name in sorted(found)]


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


def requirements(distribution: Distribution) -> Iterator[Requirement]:
    """What a distribution requires here, without its extras."""
    from packaging.requirements import Requirement

    for line in _field(distribution, "Requires-Dist"):
        with contextlib.suppress(ValueError):  # not well formed
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                yield requirement


def unmet_requirement(distribution: Distribution) -> str:
    """Say which neuplug the plugin requires, if this one is not it."""
    from packaging.version import Version

    for asked in (r.specifier for r in requirements(distribution) if canonical(r.name) == GROUP):
        if not asked.contains(__version__, prereleases=True):
            lower = [s.version.removesuffix(".*") for s in asked if "<" not in s.operator]
            newer = any(Version(bound) > Version(__version__) for bound in lower if bound)
            return (
                f"requires neuplug {asked}, but this is {__version__}: "
                f"upgrade {GROUP if newer else identity(distribution)[0]}, "
                f"or install a version of the plugin made for {__version__}"
            )
    return ""


def requirement_problem(name: str) -> str:
    """The same of a distribution by its name."""
    from importlib.metadata import distributions

    return next((unmet_requirement(found) for found in distributions(name=name)), "")


def told(error: BaseException) -> str:
    """An exception in one line, with where a plugin raised it, if one did.

    The place is where the plugin called a library rather than within that, unless it is installed
    as one itself.

    Example:
        >>> from neuplug.plugins.distributions import told
        >>> told(KeyError("q"))
        "KeyError: 'q'"
    """
    import traceback

    text = " ".join(f"{type(error).__name__}: {error}".split())
    frames = [(Path(f.filename), f.lineno) for f in traceback.extract_tb(error.__traceback__)]
    others = [(path, line) for path, line in frames if not _is_ours_or_python(path)]
    near = [place for place in others if "site-packages" not in place[0].parts] or others
    if not near:
        return text
    path, line = near[-1]
    return f"{text.rstrip('.')} ({path.name}, line {line})"


def _is_ours_or_python(path: Path) -> bool:
    if path.is_relative_to(_CORE) or path.name.startswith("<frozen "):
        return True
    return path.is_relative_to(_STDLIB) and "site-packages" not in path.parts
