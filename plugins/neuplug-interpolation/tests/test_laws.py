"""The laws that every plugin keeps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

QUICK = {"optimisation_steps": 5, "restarts": 1, "images": 2, "rows": 1}


@pytest.mark.neuplug("neuplug-interpolation", options={"interpolation": QUICK})
def test_law(neuplug_law: Callable[[], None]) -> None:
    neuplug_law()
