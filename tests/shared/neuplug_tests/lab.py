"""A third party's plugin, installed for these tests, and small data."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import neuplug
from neuplug import ImageSet, Result

from .bars import draw_bars

__all__ = ["ask", "ask_once", "bars", "lab"]

SITE = Path(__file__).parents[2] / "experiment" / "site"
Log = Callable[[], list[dict[str, Any]]]
"""What the plugin's components have written down so far."""


def install(patch: pytest.MonkeyPatch, store: Path, log: Path) -> None:
    """Install the plugin, with nothing stored."""
    patch.syspath_prepend(str(SITE))
    patch.setenv("PYTHONPATH", str(SITE))
    patch.setenv("LAB_LOG", str(log))
    patch.setenv("NEUPLUG_CACHE", str(store))


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """Install the plugin; returns what its components have written down so far."""
    log = tmp_path / "lab.log"
    install(monkeypatch, tmp_path / "store", log)

    def read() -> list[dict[str, Any]]:
        if not log.exists():
            return []
        return [json.loads(line) for line in log.read_text().splitlines()]

    return read


@pytest.fixture
def bars() -> ImageSet:
    """Two classes of 20 images, 28x28: a bright bar standing or lying on noise."""
    images: ImageSet = draw_bars(40, 0, ImageSet)
    return images


def compose(images: ImageSet, folder: Path, **settings: Any) -> Result:
    """Compose in this process, without a report, unless said otherwise."""
    given: dict[str, Any] = {
        "clf": ["linear"],
        "per_class": 6,
        "repeats": 2,
        "workers": 0,
        "report": False,
        "project": folder / "runs",
        "training": {"steps": 10, "batch": 4},
    }
    return neuplug.compose(images, **{**given, **settings})


@pytest.fixture
def ask(bars: ImageSet, tmp_path: Path, lab: object) -> Callable[..., Result]:
    """Compose on the bars."""
    return functools.partial(compose, bars, tmp_path)


@pytest.fixture(scope="module")
def ask_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Result]:
    """Compose on the bars for a fixture whose result several tests look at."""

    def asked(**settings: Any) -> Result:
        folder = tmp_path_factory.mktemp("asked")
        with pytest.MonkeyPatch.context() as patch:
            install(patch, folder / "store", folder / "lab.log")
            return compose(draw_bars(40, 0, ImageSet), folder, **settings)

    return asked
