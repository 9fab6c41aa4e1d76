"""Commands of ``neuplug``: the core's own, and those of the entry-point group ``neuplug.commands``.

An entry point's name is what is typed, ``report`` or ``data crop``, and its value a function or a
Typer application. Nothing behind a command is imported before it is used, not for the help either.
"""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from neuplug.errors import PluginError
from neuplug.plugins.distributions import (
    COMMANDS,
    FAULTS,
    identity,
    installed_distributions,
    is_blocked,
    told,
    unmet_requirement,
)

# Commands of the core, which no plugin replaces
OWN = {
    "compose": "neuplug.cli.compose:compose",
    "data": "neuplug.cli.data:app",
    "data show": "neuplug.cli.data:show",
    "plugins": "neuplug.cli.plugins:app",
    "plugins show": "neuplug.cli.plugins:show",
    "stop": "neuplug.cli.watch:stop",
    "watch": "neuplug.cli.watch:watch",
}
_WORDS = re.compile(r"[a-z][a-z0-9-]*(?: [a-z][a-z0-9-]*)?")


def offered_commands() -> dict[str, list[EntryPoint]]:
    """The core's commands and those of plugins, by what is typed after ``neuplug``."""
    return _offered(os.environ.get("NEUPLUG_BLOCK", ""), tuple(sys.path))


@cache
def _offered(blocklist: str, path: tuple[str, ...]) -> dict[str, list[EntryPoint]]:
    del path  # part of the cache key: what is installed depends on it
    found = {words: [EntryPoint(words, target, COMMANDS)] for words, target in OWN.items()}
    for distribution in installed_distributions():
        try:
            entries = distribution.entry_points.select(group=COMMANDS)
        except Exception:  # the registry says what is wrong with it
            continue
        for entry in entries:
            blocked = is_blocked(blocklist, identity(distribution)[0], entry.name)
            if not blocked and not unfit_name(entry.name):
                found.setdefault(entry.name, []).append(entry)
    return found


def unfit_name(words: str) -> str:
    """Say why a plugin's command cannot be called that; empty if it can."""
    if not _WORDS.fullmatch(words):
        return f"command {words!r}: use one or two words of lower-case letters"
    return f"command {words!r} is neuplug's own: choose another name" if words in OWN else ""


def summary(command: EntryPoint) -> str:
    """The first line of its docstring, read from the source; else whose it is.

    An application has that of its callback.
    """
    module, _, attribute = command.value.partition(":")
    source = _source(module)  # not by ast, which takes longer to load than all the rest
    for beginning in (f"\ndef {attribute}(", f"\n@{attribute}.callback()\n"):
        _, found, rest = source.partition(beginning)
        if found:
            return rest.partition('\n    """')[2].partition("\n")[0].removesuffix('"""').strip()
    return f"From {identity(command.dist)[0]}." if command.dist is not None else ""


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


def load_command(command: EntryPoint) -> Any:
    """The function or the Typer application.

    Raises:
        PluginError: If it is a plugin's and cannot be imported, or is for another neuplug.
    """
    if command.dist is None:
        return command.load()
    name, version = identity(command.dist)
    if unfit := unmet_requirement(command.dist):
        raise PluginError(f"{name} {version} {unfit}.")
    try:
        return command.load()
    except FAULTS as error:
        raise PluginError(
            f"the command '{command.name}' of {name} {version} cannot be loaded from "
            f"{command.value}: {told(error)}"
        ) from error
