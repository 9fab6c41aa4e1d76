"""Every package asks for what it imports, and for nothing else.

Only the running environment knows which distribution has a module, so the modules of packages that
are not installed here count as unknown.
"""

from __future__ import annotations

import ast
import functools
import shutil
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from neuplug_tests.environments import PACKAGES, metadata, requirements
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

STEMS = [f.name.replace("-", "_") if f.name.startswith("neuplug-") else "neuplug" for f in PACKAGES]


def imported(wheel: Path) -> set[str]:
    """The top-level modules that the code in a wheel imports, at the top or in a function."""
    found: set[str] = set()
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith(".py") and "/templates/" not in name:
                found.update(_imported(ast.parse(archive.read(name), name)))
    return found - sys.stdlib_module_names


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]


@functools.cache
def homes() -> Mapping[str, Sequence[str]]:
    """Each module here, to the distributions that it may be from."""
    return packages_distributions()


def distributions(module: str) -> set[str]:
    """Those that a module may be from, by canonical name."""
    if module.partition("_")[0] == "neuplug":
        return {canonicalize_name(module)}
    return {canonicalize_name(name) for name in homes().get(module, [module])}


def asked_for(stem: str, wheels: Path) -> set[str]:
    """What a wheel of the repository asks for itself; extras are what it can do without."""
    (wheel,) = wheels.glob(f"{stem}-*.whl")
    return {canonicalize_name(r.name) for r in requirements(metadata(wheel))}


def undeclared(wheel: Path, wheels: Path) -> set[str]:
    """The modules that a wheel imports from elsewhere than what it may count on.

    That is itself, what it asks for, also for an extra, and what a package of the repository that
    it asks for does.
    """
    stem = wheel.name.partition("-")[0]
    asked = asked_for(stem, wheels)
    for name in [name for name in asked if name.startswith("neuplug")]:
        asked |= asked_for(name.replace("-", "_"), wheels)
    asked.add(canonicalize_name(stem))
    extras = {canonicalize_name(Requirement(r).name) for r in metadata(wheel).requires or ()}
    asked |= {name for name in extras if not name.startswith("neuplug")}
    return {m for m in imported(wheel) if not distributions(m) & asked}


@pytest.mark.parametrize("stem", STEMS)
def test_what_is_imported_is_asked_for(stem: str, wheels: Path) -> None:
    (wheel,) = wheels.glob(f"{stem}-*.whl")
    assert len(imported(wheel)) > 1
    assert undeclared(wheel, wheels) == set()


@pytest.mark.parametrize(
    ("line", "module"),
    [
        ("import torchvision.models", "torchvision"),
        ("def late():\n    from neuplug_gan import component", "neuplug_gan"),
        ("import nobody_has_this", "nobody_has_this"),
    ],
)
def test_what_is_not_asked_for_is_found(
    line: str, module: str, wheels: Path, tmp_path: Path
) -> None:
    (wheel,) = wheels.glob("neuplug_smallcnn-*.whl")
    changed = tmp_path / wheel.name
    shutil.copy(wheel, changed)
    with zipfile.ZipFile(changed, "a") as archive:
        archive.writestr("neuplug_smallcnn/added.py", line)
    assert undeclared(changed, wheels) == {module}


@pytest.mark.parametrize("stem", STEMS)
def test_what_is_asked_for_is_imported(stem: str, wheels: Path) -> None:
    """By itself, or by the plugins that build on it: neuplug-torchvision brings torchvision."""
    users = {stem}
    if stem != "neuplug":
        users |= {s for s in STEMS if stem.replace("_", "-") in asked_for(s, wheels)}
    modules = {m for s in users for wheel in wheels.glob(f"{s}-*.whl") for m in imported(wheel)}
    used = {name for module in modules for name in distributions(module)}
    assert asked_for(stem, wheels) - used - {"neuplug"} == set()
