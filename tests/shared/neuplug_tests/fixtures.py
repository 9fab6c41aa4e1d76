"""Fixtures of all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .environments import PACKAGES, ROOT, Installer, build, once
from .sharing import own_store, pytest_collection_modifyitems, shared_folder, shared_store

__all__ = [
    "install", "own_store", "pytest_collection_modifyitems", "shared_data", "shared_folder",
    "shared_store", "wheels",
]  # fmt: skip


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real images, or a skip where it is absent."""
    default = Path(__file__).parents[4] / "shared" / "data"
    folder = Path(os.environ.get("NEUPLUG_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip("the real images are not here (set NEUPLUG_TEST_DATA)")
    return folder


@pytest.fixture(scope="session")
def wheels(shared_folder: Path) -> Path:
    """A folder with the wheels of all packages of the repository, built once for all workers."""

    def fill(folder: Path) -> None:
        build(ROOT, folder, "--wheel", "--all-packages")
        for package in PACKAGES:
            if package.parent.name == "examples":  # they are no members of the workspace
                build(package, folder, "--wheel")

    return once(shared_folder / "wheels", fill)


@pytest.fixture(scope="session")
def install(wheels: Path, shared_folder: Path) -> Installer:
    """Makes environments: ``install("neuplug[standard]")``."""
    return Installer(wheels, once(shared_folder / "environments"))
