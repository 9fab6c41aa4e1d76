"""What an arm takes in time: all that it rests on, counted once for each arm."""

from __future__ import annotations

import statistics
from typing import Any

import pytest

PARTS = ("generators_seconds", "images_seconds", "training_seconds")


def rows(result: Any) -> dict[str, dict[str, Any]]:
    return {row.arm: row for row in result.results.arm_costs}


def test_an_arm_costs_what_it_rests_on(ask: Any) -> None:
    result = ask(aug=["jitter", "invert", "invert+jitter@add=3"], add=4)
    content, found = result.results, rows(result)
    for arm, row in found.items():
        fits = [f.seconds for f in content.generators if f.arm == arm]
        cells = [c.seconds for c in content.cells if c.arm == arm]
        assert row.n == 2
        assert row.generators_seconds == pytest.approx(sum(fits) / 2)
        assert row.training_seconds == pytest.approx(statistics.mean(cells))
        assert row.seconds == pytest.approx(sum(getattr(row, part) for part in PARTS))
    made = {arm: row.images_seconds > 0 for arm, row in found.items()}
    assert [made[arm.name] for arm in content.arms] == [False, True, False, True]
    assert found["none"].generators_seconds == found["invert"].generators_seconds == 0


def test_a_shared_fit_counts_in_full_for_each_arm(ask: Any) -> None:
    result = ask(aug=["jitter@add=3", "jitter@add=6"])
    first, second = (row for row in rows(result).values() if row.arm != "none")
    assert first.generators_seconds == second.generators_seconds > 0
    once = result.results.cost.generators_seconds / 2  # of a repeat
    assert first.generators_seconds == pytest.approx(once)


def test_the_judge_of_a_filter_counts(ask: Any) -> None:
    result = ask(aug=["jitter@add=4,filter=agreement"])
    none, judged = rows(result).values()
    own = [c.seconds for c in result.results.cells if c.arm != "none"]
    both = none.training_seconds + statistics.mean(own)
    assert judged.training_seconds == pytest.approx(both)


def test_what_is_in_the_store_counts_as_when_it_was_made(ask: Any) -> None:
    before = rows(ask(aug=["jitter"], add=4, name="before"))
    after = rows(ask(aug=["jitter", "invert"], add=4, name="after"))
    assert {arm: after[arm] for arm in before} == before
