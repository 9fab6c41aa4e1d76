"""What a component is for the store: its name, distribution, version, code and options."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from neuplug import __version__
from neuplug.registry import Provided


def identity(provided: Provided) -> dict[str, str]:
    """A component's part of a key.

    The code counts besides the version, so that an author who edits a plugin without raising its
    version is never answered with results of the old code.
    """
    return {
        "kind": provided.kind,
        "name": provided.name,
        "distribution": provided.distribution,
        "version": provided.version,
        "code": code_digest(provided.distribution, provided.component.target.partition(".")[0]),
    }


@functools.cache
def code_digest(name: str, module: str) -> str:
    """A hash over a plugin's Python files and those of the neuplug libraries that it requires."""
    digest = hashlib.sha256()
    for package in [module.partition(":")[0], *_libraries(name)]:
        for file in _sources(package):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _libraries(name: str) -> list[str]:
    try:
        requires = distribution(name).requires or []
    except PackageNotFoundError:
        return []
    names = [canonicalize_name(Requirement(line).name) for line in requires]
    return sorted(n.replace("-", "_") for n in names if n.startswith("neuplug-"))


def _sources(package: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    if spec is None:
        return []
    if spec.submodule_search_locations is None:
        return [Path(spec.origin)] if spec.origin else []
    return sorted(
        f for folder in spec.submodule_search_locations for f in Path(folder).rglob("*.py")
    )


def versions(components: list[Provided]) -> dict[str, str]:
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
