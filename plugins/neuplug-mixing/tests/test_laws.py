"""The laws that every plugin keeps."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.mark.neuplug("neuplug-mixing")
def test_law(neuplug_law: Callable[[], None]) -> None:
    neuplug_law()
