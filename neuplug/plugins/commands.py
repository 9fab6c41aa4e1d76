"""Commands that plugins add to ``neuplug``: the entry-point group ``neuplug.commands``.

An entry point's name is what is typed, ``report`` or ``data crop``, and its value a function or a
Typer application. Nothing of a plugin is imported before its command is used, not for the help
either.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuplug.errors import PluginError
from neuplug.plugins.faults import FAULTS, told
from neuplug.plugins.names import canonical, is_blocked

if TYPE_CHECKING:
    from neuplug.plugins.distributions import Problem

GROUP = "neuplug.commands"
# Commands of the core, which no plugin replaces
OWN = frozenset({"compose", "data", "data show", "plugins", "plugins show", "stop", "watch"})
_LINES = re.DOTALL | re.MULTILINE
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
            text = _source(module).read_text("utf-8")
        except (OSError, ValueError, ImportError, AttributeError):
            text = ""
        # not by ast, which takes longer to load than all the rest
        own = re.search(rf'^def {re.escape(attribute)}\(.*?^    """(.+?)(?:"""|$)', text, _LINES)
        return own[1].strip() if own else f"From {self.distribution}."

    def load(self) -> Any:
        """The function or the Typer application.

        Raises:
            PluginError: If it cannot be imported, or is for another neuplug.
        """
        from neuplug.plugins.distributions import (
            identity,
            installed_distributions,
            unmet_requirement,
        )

        for distribution in installed_distributions(GROUP):
            about = identity(distribution)
            if canonical(about[0]) == canonical(self.distribution) and (
                unfit := unmet_requirement(distribution)
            ):
                raise PluginError(f"{' '.join(about)} {unfit}.")
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


def plugged_commands() -> tuple[CommandSpec, ...]:
    """What the installed distributions offer, by words."""
    return _plugged(os.environ.get("NEUPLUG_BLOCK", ""), tuple(sys.path))


@cache
def _plugged(blocklist: str, path: tuple[str, ...]) -> tuple[CommandSpec, ...]:
    found: dict[str, list[CommandSpec]] = {}
    for folder in path:
        for name, version, entries in _entries(Path(folder or ".")):
            if canonical(name) not in found:  # the first on the path is the one that is used
                found[canonical(name)] = [
                    CommandSpec(words, target, name, version)
                    for words, target in entries
                    if not _unfit_name(words) and not is_blocked(blocklist, name, words)
                ]
    return tuple(sorted((c for some in found.values() for c in some), key=lambda c: c.words))


def _entries(folder: Path) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Name, version and commands of distributions in a folder of the path.

    Read from ``*.dist-info/entry_points.txt`` by hand: importlib.metadata takes longer to load than
    all else that the help needs.
    """
    try:
        infos = sorted(p.name for p in folder.iterdir() if p.name.endswith(".dist-info"))
    except OSError:
        return
    for info in infos:
        try:
            text = (folder / info / "entry_points.txt").read_text("utf-8")
        except (OSError, ValueError):
            continue
        _, found, rest = text.partition(f"[{GROUP}]")
        if found:
            lines = (line.partition("=") for line in rest.partition("\n[")[0].splitlines())
            pairs = [(words.strip(), target.strip()) for words, equals, target in lines if equals]
            name, _, version = info.removesuffix(".dist-info").partition("-")
            yield name.replace("_", "-"), version, pairs


def command_problems() -> Iterator[Problem]:
    """What is wrong with commands that are offered."""
    from neuplug.plugins.distributions import (
        Problem,
        identity,
        installed_distributions,
        unmet_requirement,
    )

    blocklist = os.environ.get("NEUPLUG_BLOCK", "")
    for distribution in installed_distributions(GROUP):
        name, version = identity(distribution)
        try:
            entries = distribution.entry_points.select(group=GROUP)
            unfit = unmet_requirement(distribution)
        except Exception as error:
            yield Problem(name, version, f"unreadable metadata: {told(error)}", error)
            continue
        for entry in entries:
            message = unfit or _unfit_name(entry.name)
            if message and not is_blocked(blocklist, name, entry.name):
                yield Problem(name, version, message, PluginError(message))


def _unfit_name(words: str) -> str:
    if not _WORDS.fullmatch(words):
        return f"command {words!r}: use one or two words of lower-case letters"
    return f"command {words!r} is neuplug's own: choose another name" if words in OWN else ""
