"""The installed distributions that have entry points of ours: hooks and commands, and their faults.

The name of a command's entry point is what is typed, ``report`` or ``data crop``, and its value a
function or a Typer application. Nothing behind a command is imported before it is used, not for the
help either.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from neuplug import __version__
from neuplug.errors import PluginError
from neuplug.plugins.isolation import Fault, importing

if TYPE_CHECKING:
    from importlib.metadata import Distribution

    from packaging.requirements import Requirement

# The groups of entry points: modules with hooks, and commands
GROUP = "neuplug"
COMMANDS = "neuplug.commands"


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


# Commands.

# Commands of the core, which no plugin replaces
OWN_COMMANDS = {
    "compose": "neuplug.cli.compose:compose",
    "plugins": "neuplug.cli.plugins:app",
    "stop": "neuplug.cli.watch:stop",
    "watch": "neuplug.cli.watch:watch",
}
_WORDS = re.compile(r"[a-z][a-z0-9-]*(?: [a-z][a-z0-9-]*)?")


class Command(NamedTuple):
    """A command with who offers it.

    Attributes:
        words: What is typed after ``neuplug``: one word, or two for a command of a group.
        target: ``module:attribute``.
        distribution: Empty for the core.
    """

    words: str
    target: str
    distribution: str = ""
    version: str = ""


def offered_commands() -> dict[str, list[Command]]:
    """The core's commands and those of plugins, by what is typed after ``neuplug``."""
    return _offered(os.environ.get("NEUPLUG_BLOCK", ""), tuple(sys.path))


@cache
def _offered(blocklist: str, path: tuple[str, ...]) -> dict[str, list[Command]]:
    found = {words: [Command(words, target)] for words, target in OWN_COMMANDS.items()}
    visited: set[str] = set()
    for folder in path:
        for name, version, entries in _entries(Path(folder or ".")):
            if canonical(name) in visited:  # the first on the path is the one that is used
                continue
            visited.add(canonical(name))
            for words, target in entries:
                if not is_blocked(blocklist, name, words) and not unfit_name(words):
                    found.setdefault(words, []).append(Command(words, target, name, version))
    return found


def _entries(folder: Path) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Name, version and commands of each distribution in a folder of the path.

    Read by hand: importlib.metadata takes as long to load as all else that the help needs.
    """
    for file in sorted(folder.glob("*.dist-info/entry_points.txt")):
        try:
            _, _, rest = file.read_text("utf-8").partition(f"[{COMMANDS}]")
        except (OSError, ValueError):  # the registry says what is wrong with it
            continue
        lines = (line.partition("=") for line in rest.partition("\n[")[0].splitlines())
        entries = [(words.strip(), target.strip()) for words, equals, target in lines if equals]
        name, _, version = file.parent.stem.partition("-")
        yield name.replace("_", "-"), version, entries


def unfit_name(words: str) -> str:
    """Say why a plugin's command cannot be called that; empty if it can."""
    if not _WORDS.fullmatch(words):
        return f"command {words!r}: use one or two words of lower-case letters"
    taken = f"command {words!r} is neuplug's own: choose another name"
    return taken if words in OWN_COMMANDS else ""


def command_summary(command: Command) -> str:
    """The first line of its docstring, read from the source; else whose it is.

    An application has that of its callback.
    """
    module, _, attribute = command.target.partition(":")
    source = _source(module)  # not by ast, which takes longer to load than all the rest
    for beginning in (f"\ndef {attribute}(", f"\n@{attribute}.callback()\n"):
        _, found, rest = source.partition(beginning)
        if found:
            return rest.partition('\n    """')[2].partition("\n")[0].removesuffix('"""').strip()
    return f"From {command.distribution}." if command.distribution else ""


def _source(module: str) -> str:
    """A module's source, of which nothing is imported; empty if it cannot be read."""
    package, *below = module.split(".")
    try:
        spec = find_spec(package)
        file = Path(spec.origin)  # type: ignore[union-attr,arg-type]
        if below:
            file = file.parent.joinpath(*below)
            file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
        return file.read_text("utf-8")
    except (OSError, ValueError, ImportError, AttributeError, TypeError):
        return ""


def load_command(command: Command) -> Any:
    """The function or the Typer application.

    Raises:
        PluginError: If it is a plugin's and cannot be imported, or is for another neuplug.
    """
    source = f"{command.distribution} {command.version}"
    if command.distribution and (unfit := requirement_problem(command.distribution)):
        raise PluginError(f"{source} {unfit}.")
    module, _, attribute = command.target.partition(":")
    if not command.distribution:
        return getattr(importlib.import_module(module), attribute)
    try:
        with importing(source):
            return getattr(importlib.import_module(module), attribute)
    except Fault as fault:
        raise PluginError(
            f"the command '{command.words}' of {source} cannot be loaded from {command.target}: "
            f"{fault}"
        ) from fault.__cause__
