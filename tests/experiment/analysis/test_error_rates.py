"""How often verdicts are wrong, and how often right, over a thousand simulated runs of each kind.

``tests/benchmarks/verdicts.py`` prints the same figures as the table of docs/results/verdicts.md.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from .simulator import NEU, SETTINGS, Spread, answers, fit, labels_of, rates, with_counts

RUNS = 1000
NULL = {name: setting for name, setting in SETTINGS.items() if not any(setting.gains)}
MARGIN = {name: setting for name, setting in SETTINGS.items() if name.startswith("at the margin")}


def beyond(rate: float, runs: int = RUNS) -> float:
    """What a share stays below in 98 % of cases if it is this one."""
    return rate + 2 * math.sqrt(rate * (1 - rate) / runs)


def test_the_spread_of_answers_is_found_again() -> None:
    setting = with_counts(NEU, repeats=12, counts=[300] * 6, arms=4)
    answered = answers(setting, np.random.default_rng(0))
    right = {str(arm): rows == labels_of(setting) for arm, rows in enumerate(answered)}
    found = fit(right)
    assert found.middle == pytest.approx(NEU.middle, rel=0.1)
    for part in ("image", "arm_image", "repeat", "arm_repeat"):
        assert getattr(found, part) == pytest.approx(getattr(NEU, part), abs=0.15), part
    assert fit({n: rows[:, :900] for n, rows in right.items()}) != found  # it does depend on them


def test_answers_are_as_right_as_they_are_to_be() -> None:
    calm = Spread(1.0, 0.5, 0.3, 0.0, 0.0)
    setting = with_counts(calm, repeats=4, counts=[4000, 4000], arms=1).with_gain(0.05)
    right = (answers(setting, np.random.default_rng(1)) == labels_of(setting)).mean((1, 2))
    assert right[1] - right[0] == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "recall:1"])
def test_what_is_plain_is_found_by_any_metric(metric: str) -> None:
    setting = replace(SETTINGS["six arms, 5 points, 10 repeats"], metric=metric)
    found = rates(setting.with_gain(0.08), 3)
    assert found.found > 0.5 and found.different == 1
    assert rates(setting.with_gain(-0.3), 3).found == 0


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", NULL)
def test_equal_arms_are_rarely_told_apart(name: str) -> None:
    found = rates(NULL[name], RUNS)
    assert found.different <= beyond(0.055)
    assert found.covered >= 0.93 - 2 * math.sqrt(0.93 * 0.07 / RUNS)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", MARGIN)
def test_a_difference_of_the_margin_is_rarely_called_equivalent(name: str) -> None:
    assert rates(MARGIN[name], RUNS).equivalent <= beyond(0.055)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["six arms, 3 points, 3 repeats", "six arms, 3 points, 5 repeats"])
def test_lending_finds_more(name: str) -> None:
    lent, alone = rates(SETTINGS[name], RUNS), rates(SETTINGS[name], RUNS, lend=False)
    assert lent.found > 1.2 * alone.found
