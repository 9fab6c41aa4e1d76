"""The laws that every plugin keeps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

QUICK = {"kid_subsets": 5, "halvings": 1}


@pytest.mark.neuplug("neuplug-fid", options={"fid": QUICK})
def test_law(neuplug_law: Callable[[], None]) -> None:
    neuplug_law()
