"""Errors of repeats that comparisons share: by hand, and how often verdicts are wrong and right."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from neuplug.experiment.analysis.statistics import Paired, estimate_scores, paired_differences
from neuplug.experiment.analysis.variance import ErrorParts, error_parts, errors
from neuplug.experiment.analysis.verdicts import adjusted_for_all, verdict


def parts(repeats: float, images: float = 0.0, n: int = 3) -> ErrorParts:
    return ErrorParts(repeats, images, rest=0.0, n=n, images_freedom=99.0)


def test_a_single_comparison_keeps_its_own_error() -> None:
    [found] = errors([parts(4.0)])
    assert (found.standard, found.freedom) == (2.0, 2.0)


def test_what_two_comparisons_lend_each_other_by_hand() -> None:
    # two degrees of freedom each: psi(1) - ln 1 = -0.577216; the usual error, of variances 1 and 4,
    # is exp((ln 1 + ln 4) / 2 + 0.577216) = 2 * 1.781072; min(4, 1 * 2) = 2 degrees are lent
    usual = 2 * math.exp(0.5772156649)
    for own, found in zip((1.0, 4.0), errors([parts(1.0), parts(4.0)]), strict=True):
        assert found.standard**2 == pytest.approx((2 * usual + 2 * own) / 4)
        assert found.freedom == pytest.approx(4)


def test_comparisons_with_other_numbers_of_repeats_lend_as_of_one_repeat() -> None:
    # one and three degrees of freedom, of a repeat both 16: psi(d/2) - ln(d/2) is -1.270362 and
    # -0.368975, so that the usual error of a repeat is 16 * exp(0.819669); one degree is lent
    usual = 16 * math.exp(0.819669)
    few, many = errors([parts(8.0, n=2), parts(4.0, n=4)])
    assert few.standard**2 == pytest.approx((usual / 2 + 8.0) / 2, rel=1e-5)
    assert many.standard**2 == pytest.approx((usual / 4 + 3 * 4.0) / 4, rel=1e-5)
    assert (few.freedom, many.freedom) == (2, 4)


def test_one_that_varies_far_more_keeps_its_own_error() -> None:
    *calm, wild = errors([parts(1.0), parts(1.2), parts(0.9), parts(1000.0)])
    assert (wild.standard**2, wild.freedom) == (pytest.approx(1000.0), 2.0)
    assert all(each.freedom == 6 and each.standard**2 < 100 for each in calm)


@pytest.mark.parametrize(("factor", "freedom"), [(0.99, 6), (1.01, 2)])
def test_from_which_error_one_is_wild(factor: float, freedom: int) -> None:
    # five errors of 1 and one of x: x = F * usual, and ln usual = ln(x) / 6 + 0.577216
    limit = math.exp((math.log(stats.f(2, 4).ppf(0.9)) + 0.5772156649) * 6 / 5)
    assert errors([*[parts(1.0)] * 5, parts(limit * factor)])[-1].freedom == freedom


def test_arms_that_never_differ_borrow_and_lend_nothing() -> None:
    with_it = errors([parts(1.0), parts(2.0), parts(0.0)])
    without = errors([parts(1.0), parts(2.0)])
    assert with_it[:2] == without and 0 < with_it[2].standard < with_it[0].standard


def test_groups_of_unequal_size_count_as_fewer() -> None:
    scores = [np.arange(8.0), np.arange(8.0)]
    even = error_parts(scores, np.tile(np.arange(4).repeat(2), 2), 3.5)
    uneven = error_parts(scores, np.tile([0, 0, 0, 0, 0, 1, 2, 3], 2), 3.5)
    assert even.images_freedom == pytest.approx(4 - 1)
    assert uneven.images_freedom == pytest.approx(64 / (25 + 3) - 1)


def test_images_of_a_class_are_held_against_that_class() -> None:
    """Two classes that differ throughout say nothing of other images of the same classes."""
    labels = np.repeat([0, 1], 10)
    scores = [labels.astype(float), labels.astype(float)]
    images = np.tile(np.arange(20), 2)
    plain, within = (error_parts(scores, images, 0.5, strata) for strata in (None, labels))
    assert plain.images == pytest.approx(20 / 19 * 0.25 / 20) and within.images == 0
    scores[0] = scores[0] + np.tile([0.0, 0.1], 10)
    within = error_parts(scores, images, float(np.mean(scores)), labels)
    # of each class: ten parts of +-0.05 / 40 squared, times 10/9; nine degrees each
    assert within.images == pytest.approx(2 * 10 * (0.05 / 40) ** 2 * 10 / 9)
    assert within.images_freedom == pytest.approx(18)


def family(
    rng: np.random.Generator, repeats: int, images: int, effects: Sequence[float], wild: int = -1
) -> list[str]:
    """Verdicts on arms whose scores vary by repeat (sd 0.02; one 0.16), by image and by chance."""
    pairs = []
    for arm, effect in enumerate(effects):
        of_repeats = rng.normal(0, 0.16 if arm == wild else 0.02, repeats)
        of_images = rng.normal(0, 0.15, images)
        rows = [effect + r + of_images + rng.normal(0, 0.25, images) for r in of_repeats]
        pairs.append(Paired(rows, [np.arange(images)] * repeats))
    found = paired_differences(pairs)
    p_values = (
        adjusted_for_all([d.p for d in found]), adjusted_for_all([d.p_equivalent for d in found])
    )  # fmt: skip
    return [verdict(d, *p) for d, *p in zip(found, *p_values, strict=True)]


def rate(wrong: set[str], runs: int, seed: int, *about: object) -> float:
    """The share of runs in which any arm gets a verdict that it should not get."""
    rng = np.random.default_rng(seed)
    return sum(bool(wrong & {*family(rng, *about)}) for _ in range(runs)) / runs  # type: ignore[arg-type]


@pytest.mark.parametrize(("repeats", "wild"), [(3, -1), (3, 0), (5, 0)])
def test_six_equal_arms_are_rarely_told_from_none(repeats: int, wild: int) -> None:
    # 5 % and two standard errors of 300 runs
    assert rate({"helps", "harms"}, 300, 1, repeats, 200, [0.0] * 6, wild) <= 0.075


@pytest.mark.parametrize("effect", [0.02, -0.02])
def test_a_difference_of_the_margin_is_rarely_called_none(effect: float) -> None:
    assert rate({"equivalent"}, 300, 2, 5, 800, [effect] * 3) <= 0.075


def test_what_six_arms_lend_finds_what_single_ones_do_not() -> None:
    rng = np.random.default_rng(3)
    together = Counter(v for _ in range(40) for v in family(rng, 3, 400, [0.05] * 6))
    rng = np.random.default_rng(3)
    alone = Counter()
    for _ in range(40):
        for _ in range(6):
            of_repeats, of_images = rng.normal(0, 0.02, 3), rng.normal(0, 0.15, 400)
            rows = [0.05 + r + of_images + rng.normal(0, 0.25, 400) for r in of_repeats]
            [found] = paired_differences([Paired(rows, [np.arange(400)] * 3)], comparisons=6)
            alone[verdict(found, min(1.0, 6 * (found.p or 1.0)))] += 1
    assert together["helps"] > 2 * alone["helps"] > 0


def test_equal_arms_are_called_equivalent_with_enough_repeats() -> None:
    rng = np.random.default_rng(4)
    found = Counter(v for _ in range(40) for v in family(rng, 10, 1600, [0.0]))
    assert found["equivalent"] > 24


def test_scores_have_an_interval_for_other_images_too() -> None:
    """One over repeats alone would cover 76 of 100 with ten repeats of 100 images."""
    rng, covered = np.random.default_rng(5), 0
    for _ in range(400):
        easy = rng.beta(4, 1, 100)  # of mean 0.8
        right = [(rng.random(100) < easy).astype(float) for _ in range(10)]
        found = estimate_scores(right, [np.arange(100)] * 10)
        assert found.low is not None and found.high is not None
        covered += found.low <= 0.8 <= found.high
    assert 0.92 < covered / 400 < 0.98


def test_scores_that_are_all_alike_are_no_certainty() -> None:
    found = estimate_scores([np.ones(20)] * 3, [np.arange(20)] * 3)
    assert found.mean == 1 and found.low == pytest.approx(0.025 ** (1 / 20))
    assert estimate_scores([np.ones(20)], [np.arange(20)]).low is None
