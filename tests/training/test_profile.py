"""What a classifier costs."""

from __future__ import annotations

from typing import Any


def test_classifiers_are_profiled(ask: Any) -> None:
    result = ask(repeats=2)
    profile = result.results.profiles["linear"]
    assert profile.parameters == 2 * 28 * 28 + 2
    assert profile.multiply_adds == 2 * 28 * 28
    assert profile.latency_ms > 0
