"""Commands of ``neuplug``: the core's own, and those of the entry-point group ``neuplug.commands``.

An entry point's name is what is typed, ``report`` or ``data crop``, and its value a function or a
Typer application. Nothing behind a command is imported before it is used, not for the help either.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from neuplug.errors import PluginError
from neuplug.plugins.distributions import (
    COMMANDS,
    FAULTS,
    canonical,
    is_blocked,
    requirement_problem,
    told,
)

# Commands of the core, which no plugin replaces
OWN = {
    "compose": "neuplug.cli.compose:compose",
    "plugins": "neuplug.cli.plugins:app",
    "plugins show": "neuplug.cli.plugins:show",
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
    found = {words: [Command(words, target)] for words, target in OWN.items()}
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
    return f"command {words!r} is neuplug's own: choose another name" if words in OWN else ""


def summary(command: Command) -> str:
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
    try:
        return getattr(importlib.import_module(module), attribute)
    except FAULTS as error:
        if not command.distribution:
            raise
        raise PluginError(
            f"the command '{command.words}' of {source} cannot be loaded from {command.target}: "
            f"{told(error)}"
        ) from error
