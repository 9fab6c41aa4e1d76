"""Fixtures shared by the core's tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .environments import PACKAGES, ROOT, Installer, build


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real images, or a skip where it is absent."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("NEUPLUG_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip("the real images are not here (set NEUPLUG_TEST_DATA)")
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or fills the user's cache."""
    monkeypatch.setenv("NEUPLUG_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels of all packages of the repository, built once."""
    folder = tmp_path_factory.mktemp("wheels")
    build(ROOT, folder, "--wheel", "--all-packages")
    for package in PACKAGES:
        if package.parent.name == "examples":  # they are no members of the workspace
            build(package, folder, "--wheel")
    return folder


@pytest.fixture(scope="session")
def install(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Installer:
    """Makes environments: ``install("neuplug[standard]")``."""
    return Installer(wheels, tmp_path_factory.mktemp("environments"))
