"""What goes on where a task fails."""

from __future__ import annotations

from typing import Any

import pytest
from neuplug_tests.hearing import Hearing
from neuplug_tests.lab import Log

import neuplug
from neuplug import PluginError


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_a_failing_plugin_is_named_and_the_rest_is_done(ask: Any, lab: Log, workers: int) -> None:
    hearing = Hearing()
    with pytest.raises(PluginError, match=r"crash of neuplug-lab 1\.0 failed: ZeroDivisionError"):
        ask(aug=["crash", "jitter"], on_event=hearing, workers=workers)
    # none and jitter are trained: two repeats each
    assert hearing.done.count("train") == 4
    again = Hearing()
    ask(aug=["jitter"], on_event=again)
    assert again.done == []


def test_a_diverging_generator_stops_with_its_name(ask: Any) -> None:
    with pytest.raises(neuplug.TrainingDiverged, match=r"astray, repeat 1, .*loss is"):
        ask(aug=["astray"], repeats=1)
