"""What the arms cost, and what a point gained costs: never a number without its doubt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from neuplug.experiment.summary.wording import METRICS
from neuplug.experiment.summary.wording import MISSING as NO
from neuplug_report.costs import per_point

Make = Callable[..., dict[str, Any]]
Show = Callable[[dict[str, Any]], Any]


def priced(results: dict[str, Any], **gain: Any) -> dict[str, Any]:
    """The results with the costs of both arms, and another gain of dcgan."""
    (comparison,) = results["comparisons"]
    comparison |= gain
    rows = []
    for arm, seconds in (("none", 30.0), ("dcgan", 90.0)):
        made = seconds - 30
        rows.append(
            {"arm": arm, "classifier": "smallcnn", "n": comparison["n"], "seconds": seconds}
            | {"generators_seconds": made, "images_seconds": made / 1e6, "training_seconds": 30.0}
        )
    return results | {"arm_costs": rows}


def cost_row(page: Any, arm: str) -> str:
    """The arm's row in the table of costs."""
    rows = [" ".join(row.split()) for row in page.rows]
    start = next(i for i, row in enumerate(rows) if "Generators" in row)
    return next(row for row in rows[start:] if row.startswith(arm))


P_VALUES = ("p", "p_equivalent", "adjusted_p", "adjusted_equivalent")
ONE = dict.fromkeys(["low", "high", *P_VALUES, "detectable"])
CLEAR = {"effect": 0.03, "low": 0.01, "high": 0.05, "verdict": "helps"}


def test_a_clear_gain_has_a_price_with_its_interval(make: Make, show: Show) -> None:
    page = show(priced(make(repeats=3), **CLEAR))
    # 1.5 minutes over 3 points, from 5 points to 1
    assert cost_row(page, "dcgan") == "dcgan 1.0 < 0.001 0.50 1.5 +3.0 ± 2.0 0.50 (0.30 … 1.5) 3"
    assert cost_row(page, "none") == f"none {NO} {NO} 0.50 0.50 {NO} {NO} the baseline 3"
    assert "counts with the time that it took when it was made" in page.text


@pytest.mark.parametrize(
    ("gain", "shown"),
    [
        (
            {"low": -0.01, "high": 0.07, "verdict": "no evidence"},
            "0.50 (from 0.21) no upper end: the gain's interval holds zero",
        ),
        (
            {"verdict": "no evidence", "family": 7},
            "0.50 (0.30 … 1.5) not clear among 7 comparisons",
        ),
        (ONE | {"verdict": "one repeat"}, "0.50 one repeat: no interval"),
        (
            {"effect": 0.0, "low": -0.02, "high": 0.02, "verdict": "no evidence"},
            f"{NO} nothing gained",
        ),
        (
            {"effect": -0.03, "low": -0.05, "high": -0.01, "verdict": "harms"},
            f"{NO} nothing gained",
        ),
    ],
)
def test_a_doubtful_price_says_why(
    make: Make, show: Show, gain: dict[str, Any], shown: str
) -> None:
    page = show(priced(make(repeats=3), **(CLEAR | gain)))
    assert cost_row(page, "dcgan").endswith(f" {shown} 3")


def test_without_costs_there_is_no_such_table(make: Make, show: Show) -> None:
    assert "for a point gained" not in show(make(repeats=1)).text


def test_of_amounts_that_were_tried_it_is_said_that_they_do_not_count(
    make: Make, show: Show
) -> None:
    results = priced(make(repeats=3), **CLEAR)
    said = "amounts that were tried and not chosen do not count"
    assert said not in show(results).text
    arm = {"family": "dcgan", "arm": "dcgan", "classifier": "smallcnn", "n": 3, "chosen": True}
    none = {"family": "none", "arm": "none", "classifier": "smallcnn", "n": 3, "chosen": True}
    means = {"mean": 0.8, "low": 0.7, "high": 0.9}
    results["doses"] = [
        {**none, **means, "amount": "", "value": None},
        {**arm, **means, "amount": "add", "value": 20},
        {**arm, **means, "amount": "add", "value": 40, "chosen": False},
    ]
    assert said in show(results).text


@pytest.mark.parametrize(
    ("gain", "expected"), [(0.04, 0.5), (0.08, 0.25), (0.0, None), (-0.02, None), (None, None)]
)
def test_minutes_for_a_point(gain: float | None, expected: float | None) -> None:
    assert per_point(120.0, gain, METRICS["accuracy"]) == expected
    loss = None if gain is None else -100 * gain
    assert per_point(120.0, loss, METRICS["loss"]) == expected


def test_by_log_loss_a_nat_has_the_price(make: Make, show: Show) -> None:
    results = priced(make(repeats=3), effect=-0.3, low=-0.5, high=-0.1, verdict="helps")
    (comparison,) = results["comparisons"]
    comparison["metric"] = results["metric"] = "log_loss"
    page = show(results)
    assert "minutes for a nat gained" in page.text and "For a nat min" in page.text
    assert "sum over the nats of test loss gained beside none" in page.text
    # 1.5 minutes over 0.3 nats, from 0.5 to 0.1
    assert cost_row(page, "dcgan").endswith("5.0 (3.0 … 15.0) 3")
    assert "point" not in " ".join(page.rows) and "for a point" not in page.text
