"""What ``compose`` returns, and the form of what it writes."""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from neuplug import NeuplugError


def schema() -> dict[str, Any]:
    text = files("neuplug.report").joinpath("results.schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def test_results_are_of_the_documented_form(ask: Any) -> None:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(schema())
    validator = Draft202012Validator(schema())
    runs = [
        ask(aug=["jitter@add=4,filter=copies", "invert"], eval=["brightness", "broken"]),
        ask(aug=["jitter"], share=[0, 0.5], per_class=10, score_all=True),
        ask(repeats=1),
    ]
    for result in runs:
        content = json.loads((result.folder / "results.json").read_text("utf-8"))
        assert [error.message for error in validator.iter_errors(content)] == []
    content["cells"][0]["metrics"]["accuracy"] = "high"
    content["surprise"] = 1
    assert len(list(validator.iter_errors(content))) == 2


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


def test_every_entry_is_in_the_guide() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "run-folder.md").read_text("utf-8")
    assert [name for name in schema()["properties"] if f"| `{name}` | " not in guide] == []
    assert "| |" not in guide
