"""What ``compose`` returns."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from neuplug import NeuplugError


def test_a_table_for_pandas(ask: Any) -> None:
    table = ask(aug=["invert"]).to_pandas()
    assert len(table) == 4  # two arms, two repeats
    means = table.groupby("arm")["accuracy"].mean()
    assert set(means.index) == {"none", "invert"}
    assert table.loc[0, "train_images"] == 12 and table["loss"].gt(0).all()


def test_without_pandas_it_says_so(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    result = ask(repeats=1)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(NeuplugError, match="pip install pandas"):
        result.to_pandas()
