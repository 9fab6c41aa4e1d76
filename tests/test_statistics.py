"""Intervals and verdicts against cases with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from neuplug.statistics import estimate, paired_verdict


def test_interval_of_a_textbook_case() -> None:
    # n 5, mean 3, s = sqrt(2.5), t(0.975, 4) = 2.776445
    e = estimate([1, 2, 3, 4, 5])
    assert e.mean == 3 and e.n == 5
    assert e.low == pytest.approx(3 - 2.776445 * (2.5 / 5) ** 0.5, abs=1e-5)
    assert e.high == pytest.approx(3 + 2.776445 * (2.5 / 5) ** 0.5, abs=1e-5)


def test_one_value_has_no_interval() -> None:
    e = estimate([0.9])
    assert (e.mean, e.low, e.high, e.n) == (0.9, None, None, 1)
    assert paired_verdict([0.9], [0.8])[1] == "one repeat"


def test_equal_values_have_a_point() -> None:
    e = estimate([0.5, 0.5, 0.5])
    assert e.low == e.high == 0.5
    assert paired_verdict([1.0, 1.0], [1.0, 1.0])[1] == "no evidence"
    # two equal differences, as small test sets give by chance, leave no spread to judge by
    assert paired_verdict([0.60, 0.62], [0.59, 0.61])[1] == "no evidence"


def test_pairing_sees_what_unpaired_means_do_not() -> None:
    """Repeats differ far more than arms; the paired difference is still clear."""
    base = [0.60, 0.75, 0.90]
    better = [b + d for b, d in zip(base, (0.020, 0.021, 0.022), strict=True)]
    effect, verdict = paired_verdict(better, base)
    assert verdict == "helps" and effect.mean == pytest.approx(0.021)
    assert paired_verdict(base, better)[1] == "harms"
    assert paired_verdict([0.9, 0.7, 0.8], [0.8, 0.9, 0.7])[1] == "no evidence"


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(2000):
        e = estimate(rng.normal(0.3, 1.0, 4).tolist())
        assert e.low is not None and e.high is not None
        covered += e.low <= 0.3 <= e.high
    assert 0.93 < covered / 2000 < 0.97


def test_wrong_input() -> None:
    with pytest.raises(ValueError, match="no values"):
        estimate([])
    with pytest.raises(ValueError, match="pair up"):
        paired_verdict([1, 2], [1])
