"""Small image files, made where a test wants them."""

from __future__ import annotations

from pathlib import Path

import pytest
from neuplug_tests.drawing import Draw, draw

__all__ = ["Draw", "draw"]


@pytest.fixture
def class_folders(tmp_path: Path, draw: Draw) -> Path:
    """Three classes of five different grey images each."""
    for label, name in enumerate(("ant", "Bee", "cow")):
        for number in range(5):
            draw(tmp_path / "set" / name / f"{number}.png", seed=10 * label + number)
    return tmp_path / "set"


@pytest.fixture(autouse=True)
def nothing_is_decoded(request: pytest.FixtureRequest) -> None:
    """These tests look at what is decoded and kept, all but those of whole data sets."""
    if "shared_data" not in request.fixturenames:
        request.getfixturevalue("own_store")
