"""Commands that plugins add to ``neuplug``: the entry-point group ``neuplug.commands``.

An entry point's name is what is typed, ``report`` or ``data crop``, and its value a function or a
Typer application. Nothing of a plugin is imported before its command is used, not for the help
either.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from neuplug.errors import PluginError
from neuplug.plugins.discovery import (
    Problem,
    identity,
    installed_distributions,
    is_blocked,
    unmet_requirement,
)
from neuplug.plugins.spec import FAULTS, told

GROUP = "neuplug.commands"
OWN = frozenset({"compose", "data", "data show", "plugins", "plugins show", "stop", "watch"})
"""Commands of the core, which no plugin replaces."""
_WORDS = re.compile(r"[a-z][a-z0-9-]*(?: [a-z][a-z0-9-]*)?")


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A command together with who provides it.

    Attributes:
        words: What is typed after ``neuplug``: one word, or two for a command of a group.
        target: ``module:attribute``.
    """

    words: str
    target: str
    distribution: str
    version: str

    def summary(self) -> str:
        """The first sentence of its docstring, read from the source; else whose it is."""
        module, _, attribute = self.target.partition(":")
        try:
            for node in ast.parse(_source(module).read_bytes()).body:
                if isinstance(node, ast.FunctionDef) and node.name == attribute:
                    return (ast.get_docstring(node) or "").partition("\n")[0]
        except (OSError, SyntaxError, ValueError, ImportError, AttributeError):
            pass
        return f"From {self.distribution}."

    def load(self) -> Any:
        """The function or the Typer application.

        Raises:
            PluginError: If it cannot be imported.
        """
        module, _, attribute = self.target.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except FAULTS as error:
            raise PluginError(
                f"the command '{self.words}' of {self.distribution} {self.version} cannot be "
                f"loaded from {self.target}: {told(error)}"
            ) from error


def _source(module: str) -> Path:
    """Where a module's source is; finds the package, and imports nothing."""
    package, *below = module.split(".")
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ImportError(package)
    if not below:
        return Path(found.origin)
    file = Path(found.origin).parent.joinpath(*below)
    return file / "__init__.py" if file.is_dir() else file.with_suffix(".py")


def plugged_commands() -> tuple[tuple[CommandSpec, ...], tuple[Problem, ...]]:
    """What the installed distributions offer, by words, and what is wrong with some of it."""
    return _plugged(os.environ.get("NEUPLUG_BLOCK", ""), tuple(sys.path))


@cache
def _plugged(
    blocklist: str, path: tuple[str, ...]
) -> tuple[tuple[CommandSpec, ...], tuple[Problem, ...]]:
    del path  # part of the cache key
    found: list[CommandSpec] = []
    problems: list[Problem] = []
    for distribution in installed_distributions(GROUP):
        name, version = identity(distribution)
        try:
            entries = distribution.entry_points.select(group=GROUP)
            unfit = unmet_requirement(distribution)
        except Exception as error:
            problems.append(Problem(name, version, f"unreadable metadata: {told(error)}", error))
            continue
        for entry in entries:
            if is_blocked(blocklist, name, entry.name):
                continue
            message = unfit
            if not _WORDS.fullmatch(entry.name):
                message = f"command {entry.name!r}: use one or two words of lower-case letters"
            elif entry.name in OWN:
                message = f"command {entry.name!r} is neuplug's own: choose another name"
            if message:
                problems.append(Problem(name, version, message, PluginError(message)))
            else:
                found.append(CommandSpec(entry.name, entry.value, name, version))
    return (
        tuple(sorted(found, key=lambda c: (c.words, canonicalize_name(c.distribution)))),
        tuple(problems),
    )
