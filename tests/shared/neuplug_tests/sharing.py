"""What all tests share: one thread for each worker, one store for a run, longest files first."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # the workers take all cores; torch reads it here and in processes that tests start
    os.environ["OMP_NUM_THREADS"] = "1"

elif sys.dont_write_bytecode:
    # or else each process that a test starts would compile torch and all else anew; the folder is
    # the environment's, so that nothing is written beside the sources
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(Path(sys.prefix) / "__pycache__"))

SIBLINGS = {"resnet34", "resnet50", "vgg16"}
"""Components that are another one with more layers: that they keep the laws is a slow test."""

EXHAUSTIVE = {"memory-does-not-grow", "imports-stay-offline", "imports-leave-no-trace", "pickles"}
"""Laws that take seconds for each component: that ours keep them is a slow test."""

LONG = ("site", "examples", "install", "trained")
"""Fixtures that take minutes: files that ask for them begin first, so that no worker waits."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark laws that take long; put files whose tests take long in front, each in its order."""
    for item in items:
        case = item.callspec.params.get("neuplug_law") if hasattr(item, "callspec") else None
        if case is None:
            continue
        if case.subject.name in SIBLINGS or case.law.name in EXHAUSTIVE:
            item.add_marker("slow")
    long = {item.path for item in items if set(LONG) & set(getattr(item, "fixturenames", ()))}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run of pytest that all its workers have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session", autouse=True)
def shared_store(shared_folder: Path) -> Iterator[None]:
    """No test reads or fills the user's cache; what one has computed, another finds there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUPLUG_CACHE", str(shared_folder / "shared-cache"))
        yield


@pytest.fixture
def own_store(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """For tests of what is in the store, of what is computed when, and of faults: an empty one."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("NEUPLUG_CACHE", str(folder))
    return folder
