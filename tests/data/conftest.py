"""Small image files, made where a test wants them."""

from __future__ import annotations

import pytest
from neuplug_tests.alone import the_core_is_alone
from neuplug_tests.drawing import class_folders, draw

__all__ = ["class_folders", "draw", "the_core_is_alone"]


@pytest.fixture(autouse=True)
def nothing_is_decoded(request: pytest.FixtureRequest) -> None:
    """These tests look at what is decoded and kept, all but those of whole data sets."""
    if "shared_data" not in request.fixturenames:
        request.getfixturevalue("own_store")
