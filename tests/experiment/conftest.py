"""A third party's plugin, installed for these tests, and small data."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import neuplug
from neuplug import ImageSet, Result

from ..bars import draw_bars

SITE = Path(__file__).parent / "site"


@pytest.fixture
def lab(
    own_store: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[], list[dict[str, Any]]]:
    """Install the plugin, with nothing stored; returns what its components have written down."""
    monkeypatch.syspath_prepend(str(SITE))
    monkeypatch.setenv("PYTHONPATH", str(SITE))
    log = tmp_path / "lab.log"
    monkeypatch.setenv("LAB_LOG", str(log))

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


@pytest.fixture
def ask(bars: ImageSet, tmp_path: Path, lab: object) -> Callable[..., Result]:
    """Compose on the bars, in this process unless said otherwise."""

    def compose(**settings: Any) -> Result:
        given: dict[str, Any] = {
            "clf": ["linear"],
            "per_class": 6,
            "repeats": 2,
            "workers": 0,
            "project": tmp_path / "runs",
            "training": {"steps": 10, "batch": 4},
        }
        return neuplug.compose(bars, **{**given, **settings})

    return compose
