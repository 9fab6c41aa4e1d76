"""Executors of a third party."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from neuplug import InputError, PluginError


def test_an_executor_of_a_plugin_finds_the_same(
    ask: Any, lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = ["jitter@add=3", "invert"]
    here = ask(aug=arms, eval=["brightness"], name="here")
    monkeypatch.setenv("NEUPLUG_CACHE", str(tmp_path / "another"))
    there = ask(aug=arms, eval=["brightness"], name="there", executor="inline", workers=3)
    assert [e for e in lab() if e["what"] == "closed"] == [{"what": "closed", "workers": 3}]
    kept = ("arm", "classifier", "repeat", "key", "test")
    outcomes = [
        [[getattr(cell, name) for name in kept] for cell in result.results.cells]
        for result in (here, there)
    ]
    assert outcomes[0] == outcomes[1]
    assert here.results.evaluations == there.results.evaluations


def test_an_executor_that_fails_is_named(ask: Any) -> None:
    with pytest.raises(
        PluginError, match=r"closed of neuplug-lab 1.0 failed: RuntimeError: the cl"
    ):
        ask(aug=["jitter@add=3"], executor="closed")
    with pytest.raises(InputError, match="no executor is called 'ray'"):
        ask(aug=["jitter@add=3"], executor="ray")
