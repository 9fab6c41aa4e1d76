"""Plugins made for other versions of neuplug, installed for one test each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from neuplug_tests.bars import draw_bars

import neuplug
from neuplug import ImageSet, Result
from neuplug.plugins.registry import Registry

SITE = Path(__file__).parent / "site"

Install = Callable[..., Registry]
Ask = Callable[..., Result]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put plugins on the path, and discover."""

    def put(*folders: str) -> Registry:
        for folder in folders:
            monkeypatch.syspath_prepend(str(SITE / folder))
        return neuplug.discover()

    monkeypatch.delenv("NEUPLUG_BLOCK", raising=False)
    monkeypatch.delenv("NEUPLUG_STRICT", raising=False)
    return put


@pytest.fixture
def ask(own_store: Path, tmp_path: Path) -> Ask:
    """Compose on 40 small images, in this process."""

    def compose(**settings: Any) -> Result:
        given: dict[str, Any] = {
            "clf": ["acme-line"],
            "per_class": 6,
            "repeats": 2,
            "workers": 0,
            "project": tmp_path / "runs",
            "training": {"steps": 5, "batch": 4},
        }
        return neuplug.compose(draw_bars(40, 0, ImageSet), **{**given, **settings})

    return compose
