"""Intervals and verdicts against cases with known answers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from neuplug.experiment.analysis.statistics import (
    Paired,
    estimate,
    paired_difference,
    paired_differences,
)
from neuplug.experiment.analysis.verdicts import holm, verdict
from neuplug.experiment.results import PairedDifference


def test_interval_of_a_textbook_case() -> None:
    # n 5, mean 3, s = sqrt(2.5), t(0.975, 4) = 2.776445
    e = estimate([1, 2, 3, 4, 5])
    assert e.mean == 3 and e.n == 5
    assert e.low == pytest.approx(3 - 2.776445 * (2.5 / 5) ** 0.5, abs=1e-5)
    assert e.high == pytest.approx(3 + 2.776445 * (2.5 / 5) ** 0.5, abs=1e-5)


def test_one_value_has_no_interval() -> None:
    e = estimate([0.9])
    assert (e.mean, e.low, e.high, e.n) == (0.9, None, None, 1)


def test_equal_values_have_a_point() -> None:
    e = estimate([0.5, 0.5, 0.5])
    assert e.low == e.high == 0.5


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(2000):
        e = estimate(rng.normal(0.3, 1.0, 4).tolist())
        assert e.low is not None and e.high is not None
        covered += e.low <= 0.3 <= e.high
    assert 0.93 < covered / 2000 < 0.97


def scores(rows: list[list[float]]) -> tuple[list[NDArray[np.float64]], list[NDArray[np.int64]]]:
    """Differences by repeat, all on the same images."""
    return [np.array(row) for row in rows], [np.arange(len(row)) for row in rows]


def test_the_standard_error_by_hand() -> None:
    # two repeats, three images; d = [[1, 0, 1], [0, 0, 1]], mean 1/2, parts (d - 1/2) / 6
    # repeats: ((1/12)^2 + (-1/12)^2) * 2 = 1/36; images: (0, -1/6, 1/6) -> (2/36) * 3/2 = 1/12;
    # what is left: +-(2, -1, -1) / 36 -> (12/1296) * 2 * 3/2 = 1/36; 1/36 + 1/12 - 1/36 = 1/12
    found = paired_difference(*scores([[1, 0, 1], [0, 0, 1]]))
    assert (found.effect, found.n, found.items) == (0.5, 2, 3)
    # Satterthwaite: (1/12)^2 / ((1/36)^2 / 1 + (1/18)^2 / 2) = 3, at most twice one
    half = 4.302653 * (1 / 12) ** 0.5  # t(0.975, 2)
    assert found.low == pytest.approx(0.5 - half, abs=1e-3)
    assert found.high == pytest.approx(0.5 + half, abs=1e-3)
    # with two degrees of freedom p = 1 - t / sqrt(2 + t^2), and t = 0.5 * sqrt(12) = sqrt(3), which
    # makes 0.225; but of two images that differ both do so the same way in one of two cases
    assert found.p == 0.5
    # four of each image: t = 0.5 / sqrt(1/36 + 1/66 - 1/198) with 1.8374 degrees of freedom
    found = paired_difference(*scores([[1, 0, 1] * 4, [0, 0, 1] * 4]))
    assert found.p == pytest.approx(2 * stats.t(1.8374).sf(2.56904), abs=1e-4)


def test_images_that_differ_between_repeats_are_not_taken_for_the_same() -> None:
    rows, _ = scores([[1, 0, 1, 0], [1, 0, 1, 0], [1, 0, 0, 0]])
    same = paired_difference(rows, [np.arange(4)] * 3)
    apart = paired_difference(rows, [np.arange(4) + 4 * i for i in range(3)])
    assert (same.items, apart.items) == (4, 12)
    assert same.effect == apart.effect
    assert same.high is not None and apart.high is not None and same.high > apart.high


def test_pairing_sees_what_unpaired_means_do_not() -> None:
    """Repeats differ by 30 points, the arms by 10; image by image the difference is clear."""
    rng = np.random.default_rng(1)
    differences = []
    for share in (0.6, 0.75, 0.9):
        right = (rng.random(400) < share).astype(float)
        also = right.copy()
        wrong = np.flatnonzero(right == 0)
        also[rng.choice(wrong, 40, replace=False)] = 1
        differences.append(also - right)
    found = paired_difference(differences, [np.arange(400)] * 3)
    assert found.effect == pytest.approx(0.1)
    assert verdict(found, found.p) == "helps"
    against = paired_difference([-d for d in differences], [np.arange(400)] * 3)
    assert verdict(against, against.p) == "harms"


@pytest.mark.parametrize(("images", "bound"), [(2, 0.842), (30, 0.1157), (300, 0.01222)])
def test_arms_that_never_differ_may_differ_on_other_images(images: int, bound: float) -> None:
    """After N images without an event it may befall 3.7 / N of all."""
    equal = paired_difference([np.zeros(images)] * 2, [np.arange(images)] * 2)
    assert (equal.effect, equal.p, verdict(equal, equal.p)) == (0, 1, "no evidence")
    assert -equal.low == equal.high == pytest.approx(bound, rel=1e-3)
    assert equal.detectable is not None and equal.high < equal.detectable


def test_arms_that_always_differ() -> None:
    found = paired_difference([np.ones(50)] * 5, [np.arange(50)] * 5)
    assert found.effect == 1 and found.p == pytest.approx(2 * 0.5**50)
    assert verdict(found, found.p) == "helps" and found.low == pytest.approx(0.858, abs=1e-3)
    few = paired_difference([np.full(4, -1.0)] * 3, [np.arange(4)] * 3)
    assert few.p == pytest.approx(2 / 16) and verdict(few, few.p) == "no evidence"


def test_few_images_that_differ_are_not_much_more_than_none() -> None:
    """One image in one of five repeats: its variance alone would allow for 0.25 points."""

    def differing(*where: tuple[int, int]) -> PairedDifference:
        rows = np.zeros((5, 300))
        for repeat, image in where:
            rows[repeat, image] = 1
        return paired_difference(list(rows), [np.arange(300)] * 5)

    nothing, once = differing(), differing((0, 7))
    assert once.high - once.low >= nothing.high - nothing.low
    assert once.detectable == nothing.detectable and once.p == 1
    always = differing(*((repeat, 7) for repeat in range(5)))
    assert always.low < 0 and always.high - always.low >= once.high - once.low
    # each in another repeat, so that repeats agree as if they were many
    five = differing(*((i, i) for i in range(5)))
    assert five.low < 0 and five.p == 2 / 2**5
    many = differing(*((i % 5, i) for i in range(20)))
    assert many.low > 0 and many.p is not None and many.p < 0.005


@pytest.mark.parametrize(("true", "images"), [(0.03, 30), (0.1, 20), (0.5, 5)])
def test_certainty_that_is_chance(true: float, images: int) -> None:
    """All scores are equal by chance: one arm is right a little more often than the other."""
    rng = np.random.default_rng(1)
    missed = found = 0
    for _ in range(4000):
        row = (rng.random(images) < true).astype(float)
        if len(set(row)) == 1:
            found += 1
            one = paired_difference([row, row], [np.arange(images)] * 2)
            missed += not one.low <= true <= one.high
    assert found > 100 and missed / 4000 < 0.05


def test_what_is_detectable_where_nothing_differs() -> None:
    """80 of 100 runs with that difference show it on enough images to be called one."""

    def limit(images: int, comparisons: int = 1) -> float:
        equal = paired_difference(
            [np.zeros(images)] * 2, [np.arange(images)] * 2, comparisons=comparisons
        )
        assert equal.detectable is not None
        return equal.detectable

    rng = np.random.default_rng(0)
    differing = rng.binomial(100, limit(100), 20_000)
    assert np.mean(2 * 0.5**differing < 0.05) == pytest.approx(0.8, abs=0.02)
    assert limit(2) == 1 and limit(100, 8) > limit(100) > limit(1000)


def test_single_repeats() -> None:
    single = paired_difference(*scores([[1, 1, 0]]))
    assert (single.low, single.high, single.p, single.detectable) == (None,) * 4
    assert verdict(single, single.p) == "one repeat"


def crossed(
    rng: np.random.Generator,
    repeats: int,
    images: int,
    effect: float,
    by_image: float,
    comparisons: int = 1,
) -> PairedDifference:
    """Scores that vary by repeat (sd 0.03), by image and by chance (sd 0.3)."""
    of_images = rng.normal(0, by_image, images)
    rows = [
        effect + rng.normal(0, 0.03) + of_images + rng.normal(0, 0.3, images)
        for _ in range(repeats)
    ]
    return paired_difference(rows, [np.arange(images)] * repeats, comparisons=comparisons)


@pytest.mark.parametrize(("repeats", "by_image"), [(3, 0.0), (5, 0.0), (5, 0.5), (10, 0.5)])
def test_it_covers_the_truth_for_new_repeats_and_new_images(repeats: int, by_image: float) -> None:
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(1000):
        found = crossed(rng, repeats, 200, 0.02, by_image)
        assert found.low is not None and found.high is not None
        covered += found.low <= 0.02 <= found.high
    assert covered / 1000 >= 0.935  # 95 % less two standard errors of 1000 trials


def test_images_of_one_group_are_one_piece_of_evidence() -> None:
    """Eight animals, thirty views of each that share their fate: no thirty animals each."""
    rng = np.random.default_rng(6)
    single = grouped = 0
    for _ in range(500):
        of_animals = np.repeat(rng.normal(0, 0.3, 8), 30)
        rows = [of_animals + rng.normal(0, 0.3, 240) for _ in range(10)]
        for items in (np.arange(240), np.repeat(np.arange(8), 30)):
            found = paired_difference(rows, [items] * 10)
            assert found.low is not None and found.high is not None
            if found.items == 8:
                grouped += found.low <= 0 <= found.high
            else:
                single += found.low <= 0 <= found.high
    assert grouped / 500 >= 0.93 and single / 500 < 0.6


def test_an_interval_over_repeats_alone_would_not() -> None:
    """What the images add is no ornament: without it one interval in five would miss."""
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(1000):
        of_images = rng.normal(0, 0.5, 200)
        means = [
            float(np.mean(0.02 + rng.normal(0, 0.03) + of_images + rng.normal(0, 0.3, 200)))
            for _ in range(10)
        ]
        e = estimate(means)
        assert e.low is not None and e.high is not None
        covered += e.low <= 0.02 <= e.high
    assert covered / 1000 < 0.8


def test_what_is_called_detectable_is_found_in_80_of_100_cases() -> None:
    rng = np.random.default_rng(3)
    alike = [crossed(rng, 5, 300, 0.0, 0.2).detectable for _ in range(400)]
    typical = np.mean(np.square(np.array(alike, dtype=float))) ** 0.5
    found = sum(
        verdict(d, d.p) == "helps"
        for d in (crossed(rng, 5, 300, float(typical), 0.2) for _ in range(500))
    )
    assert 0.75 < found / 500 < 0.9


def test_what_is_detectable_as_the_clearest_of_several() -> None:
    rng = np.random.default_rng(3)
    cases = [crossed(rng, 5, 300, 0.0, 0.2, comparisons=10) for _ in range(400)]
    typical = np.mean(np.square([case.detectable or 0 for case in cases])) ** 0.5
    found = sum(
        (d.p or 1.0) < 0.05 / 10
        for d in (crossed(rng, 5, 300, float(typical), 0.2) for _ in range(500))
    )
    assert 0.75 < found / 500 < 0.9


def test_scores_that_cancel_out_are_no_certainty() -> None:
    """Each repeat and each image comes to nothing, and yet half of the scores differ."""
    rows = [np.array([1.0, -1, 0, 0]), np.array([-1.0, 1, 0, 0])]
    found = paired_difference(rows, [np.arange(4)] * 2)
    assert found.low is not None and found.low < 0 < (found.high or 0)


def test_holm_by_hand() -> None:
    # sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1, and never less than one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_keeps_mistakes_rare_where_single_tests_do_not() -> None:
    rng = np.random.default_rng(4)
    plain = corrected = 0
    for _ in range(2000):
        p_values = rng.random(10).tolist()
        plain += min(p_values) < 0.05
        corrected += min(holm(p_values)) < 0.05
    assert plain / 2000 > 0.3 and corrected / 2000 < 0.06


def test_wrong_input() -> None:
    with pytest.raises(ValueError, match="no values"):
        estimate([])
    with pytest.raises(ValueError, match="needs test images"):
        paired_difference([], [])
    with pytest.raises(ValueError, match="needs test images"):
        paired_difference([np.array([])], [np.array([])])
    with pytest.raises(ValueError, match="do not match"):
        paired_difference([np.zeros(3), np.zeros(2)], [np.arange(3), np.arange(3)])
    for wrong in (np.nan, np.inf):
        with pytest.raises(ValueError, match="not a finite number"):
            paired_difference([np.zeros(2), np.array([0, wrong])], [np.arange(2)] * 2)
        with pytest.raises(ValueError, match="from 0 to 1"):
            holm([0.01, wrong])


def test_the_order_of_repeats_and_images_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    rows = [rng.integers(-1, 2, 30).astype(float) for _ in range(4)]
    names = [rng.permutation(40)[:30] for _ in range(4)]
    reference = paired_difference(rows, names)
    for order in itertools.islice(itertools.permutations(range(4)), 1, None, 7):
        turned = [rng.permutation(30) for _ in range(4)]
        found = paired_difference(
            [rows[i][turned[i]] for i in order], [names[i][turned[i]] for i in order]
        )
        assert found.low == pytest.approx(reference.low)


def test_more_repeats_never_decide_what_too_few_images_have_shown() -> None:
    """Of 48 images that never differ no number of repeats would say that 2 points are too many."""
    few = paired_difference([np.zeros(48)] * 5, [np.arange(48)] * 5)
    assert few.p_equivalent == pytest.approx(0.98**48)
    assert few.enough_repeats is None and few.enough_images == 150  # ln 0.05 / ln 0.98 = 148.3
    most = paired_difference([np.zeros(48)] * 5, [np.arange(48)] * 5, comparisons=6)
    assert most.enough_images == 240  # ln (0.05 / 6) / ln 0.98 = 237
    enough = paired_difference([np.zeros(150)] * 5, [np.arange(150)] * 5)
    assert enough.p_equivalent is not None and enough.p_equivalent < 0.05


def test_a_look_that_is_stricter_needs_a_larger_difference() -> None:
    rng = np.random.default_rng(6)
    rows = [rng.choice([-1.0, 0, 1], 300, p=[0.1, 0.8, 0.1]) for _ in range(5)]
    family = [Paired(rows, [np.arange(300)] * 5)]
    usual, strict = (paired_differences(family, level=level)[0] for level in (0.05, 0.01))
    assert (usual.p, usual.low, usual.high) == (strict.p, strict.low, strict.high)
    assert usual.detectable is not None and strict.detectable is not None
    assert strict.detectable > 1.2 * usual.detectable
    assert (strict.enough_repeats or 1000) > (usual.enough_repeats or 1000)
