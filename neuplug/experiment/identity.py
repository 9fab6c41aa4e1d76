"""What a component is for the store: its name, distribution, version, code and options."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from neuplug import __version__
from neuplug.errors import PluginError
from neuplug.plugins.code import ChangedError
from neuplug.plugins.spec import ComponentSpec, LocalComponent


def identity(provided: ComponentSpec) -> dict[str, str]:
    """A component's part of a key.

    The code counts besides the version, so that an author who edits a plugin without raising its
    version is never answered with results of the old code.

    Raises:
        PluginError: If a file is not what it was when this process imported it.
    """
    return {
        "kind": provided.kind,
        "name": provided.name,
        "distribution": provided.distribution,
        "version": provided.version,
        "code": code_digest(provided),
    }


def code_digest(provided: ComponentSpec) -> str:
    """A hash over all files that a component consists of: its code and its data.

    These are the files of its distribution, what that requires, and what the component says that
    it uses.

    Raises:
        PluginError: If a file is not what it was when this process imported it.
    """
    if isinstance(provided, LocalComponent):
        return provided.code
    try:
        return provided.files().digest()
    except ChangedError as changed:
        raise PluginError(
            f"{provided.name} of {provided.source}: {changed} changed since this process imported "
            "it, so results of the old code would be stored as results of the new code: restart "
            "Python (or the notebook kernel) and run again."
        ) from changed


def check_code(provided: ComponentSpec, code: str) -> None:
    """Refuse to work for a key that was made of other code than this process has.

    Raises:
        PluginError: If the code is another.
    """
    if code_digest(provided) == code:
        return
    newest = provided.files().newest()
    raise PluginError(
        f"{provided.name} of {provided.source} has changed since this run was planned"
        + (f" (last change: {newest})" if newest else "")
        + ": run the same command again in a new process."
    )


def versions(components: Iterable[ComponentSpec]) -> dict[str, str]:
    """Distribution names to versions, for the record."""
    found: dict[str, Any] = {"neuplug": __version__}
    found |= {p.distribution: p.version for p in components}
    for name in ("torch", "numpy", "scikit-learn", "pydantic"):
        found[name] = distribution(name).version
    return found


def file_digests(options: Mapping[str, Any]) -> dict[str, str]:
    """For each option that names a file, a hash of its content.

    A path to weights says nothing about what is in them.
    """
    found = {}
    for name, value in options.items():
        if not isinstance(value, str) or not {"/", "\\", "."} & set(value):
            continue  # a word such as auto is no path, whatever lies in the working folder
        try:
            with Path(value).expanduser().open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
        except (OSError, ValueError, RuntimeError):
            continue
    return found
