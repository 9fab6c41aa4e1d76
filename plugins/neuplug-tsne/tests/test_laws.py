"""The laws that every plugin keeps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

QUICK = {"many": 20}


@pytest.mark.neuplug("neuplug-tsne", options={"tsne": QUICK})
def test_law(neuplug_law: Callable[[], None]) -> None:
    neuplug_law()
