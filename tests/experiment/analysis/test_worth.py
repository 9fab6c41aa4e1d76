"""Learning curves: by hand, and how often forecasts and worths of known curves hold."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special

from neuplug.experiment.analysis import worth
from neuplug.experiment.analysis.comparisons import AllScored, Scored
from neuplug.experiment.analysis.influence import image_scores
from neuplug.experiment.analysis.variance import error_parts
from neuplug.experiment.analysis.worth import Curve, line
from neuplug.experiment.decisive import read_metric
from neuplug.experiment.parts import AtCount

COUNTS = np.array([10.0, 20.0, 40.0])
Wrong = NDArray[np.bool_]


def curve_of(wrong: Sequence[Sequence[Wrong]], counts: NDArray[np.float64] = COUNTS) -> Curve:
    """Of each number and repeat which images are wrong; all are of one class."""
    rows = [[scored_of(repeat) for repeat in row] for row in wrong]
    images = len(rows[0][0].scores)
    everything = AllScored(read_metric("accuracy"), {}, np.zeros(images, int), ("a", "b"))
    return Curve(counts, rows, everything)


def scored_of(wrong: Wrong) -> Scored:
    labels = np.zeros(len(wrong), dtype=int)
    return Scored(1.0 - wrong, np.arange(len(wrong)), np.eye(2)[wrong.astype(int)], labels)


def draw(
    rng: np.random.Generator, errors: Sequence[float], repeats: int, images: int
) -> list[list[Wrong]]:
    """Wrong answers with these errors: images differ in difficulty, repeats in luck."""
    spread = {"image": 2.0, "repeat": 0.15, "cell": 0.1}
    limits = special.ndtri(errors) * math.sqrt(1 + sum(s**2 for s in spread.values()))
    hard = rng.normal(0, spread["image"], images)
    luck = rng.normal(0, spread["repeat"], repeats)
    return [
        [
            limit + luck[r] + rng.normal(0, spread["cell"]) + hard + rng.normal(size=images) > 0
            for r in range(repeats)
        ]
        for limit in limits
    ]


def at(curve: Curve, count: float) -> AtCount:
    """What is expected with so many photographs."""
    return next(e for e in curve.expected() if e.photographs == pytest.approx(count))


def holds(found: AtCount, error: float) -> bool:
    assert found.low is not None and found.high is not None
    return found.low <= 1 - error <= found.high


def test_a_line_runs_through_the_last_count_with_the_slope_of_least_squares() -> None:
    weights = line(COUNTS, 80.0, -1)
    assert weights == pytest.approx([-0.5, 0.0, 1.5])
    assert line(COUNTS, 20.0, 1) == pytest.approx([0, 1, 0])
    power = np.log(0.8 * COUNTS**-0.6)
    assert math.exp(weights @ power) == pytest.approx(0.8 * 80**-0.6)


def test_a_parabola_through_three_counts_is_exact() -> None:
    at_ = np.log(COUNTS)
    logs = 1 - 2 * at_ + 0.3 * at_**2
    for anchor in range(3):
        told = line(COUNTS, 70.0, anchor, 2) @ logs
        assert told == pytest.approx(1 - 2 * math.log(70) + 0.3 * math.log(70) ** 2)


def test_the_forecast_is_that_of_mean_errors_and_measured_at_the_largest_count() -> None:
    rng = np.random.default_rng(0)
    wrong = draw(rng, [0.3, 0.2, 0.15], 4, 200)
    means = [np.mean([each.mean() for each in row]) for row in wrong]
    curve = curve_of(wrong)
    assert at(curve, 40).value == pytest.approx(1 - means[2])
    assert at(curve, 80).value == pytest.approx(1 - means[2] ** 1.5 / means[0] ** 0.5)
    assert [e.photographs for e in curve.expected()][-4:] == [50, 60, 70, 80]


def test_the_error_of_a_forecast_is_that_of_a_bootstrap_over_repeats() -> None:
    rng = np.random.default_rng(3)
    wrong = np.array(draw(rng, [0.3, 0.2, 0.14], 12, 400))  # (counts, repeats, images)
    curve = curve_of(wrong)
    scores, _ = curve.at(80.0, 2)
    middle = float(np.mean([each.mean() for each in scores]))
    parts = error_parts(scores, np.tile(np.arange(400), 12), middle)
    drawn = []
    for _ in range(400):
        means = wrong[:, rng.integers(0, 12, 12)].mean((1, 2))
        drawn.append(math.exp(line(COUNTS, 80.0, -1) @ np.log(means)))
    assert np.std(drawn) * math.sqrt(12 / 11) == pytest.approx(math.sqrt(parts.repeats), rel=0.15)


def test_worth_is_where_the_curve_reaches_the_arm() -> None:
    rng = np.random.default_rng(1)
    *plain, arm = draw(rng, [0.4, 0.2, 0.1, 0.085], 12, 2000)
    curve = curve_of(plain)
    found = curve.worth([scored_of(each) for each in arm], 2)
    error = np.mean([each.mean() for each in arm])
    number = found["photographs"]
    assert number is not None and found["low"] is not None and found["high"] is not None
    assert 0 < found["low"] < number < found["high"] <= 40
    first, last = (np.mean([each.mean() for each in row]) for row in (plain[0], plain[2]))
    exponent = math.log(first / last) / math.log(4)
    assert 40 + number == pytest.approx(40 * (last / error) ** (1 / exponent), rel=0.01)


def test_an_arm_that_is_none_is_worth_nothing_and_that_is_not_certain() -> None:
    """Of two arms that answer alike other images may tell another story."""
    plain = draw(np.random.default_rng(1), [0.3, 0.2, 0.14], 5, 400)
    found = curve_of(plain).worth([scored_of(each) for each in plain[2]], 2)
    assert found["photographs"] == pytest.approx(0, abs=0.2)
    assert found["low"] is not None and found["low"] < -1 and found["high"] is not None
    assert found["high"] > 1


def test_an_arm_with_fewer_photographs_is_held_against_none_with_as_few() -> None:
    rng = np.random.default_rng(2)
    *plain, arm = draw(rng, [0.3, 0.2, 0.14, 0.2], 5, 2000)
    curve = curve_of(plain)
    first, _, last, own = (np.mean([e.mean() for e in row]) for row in (*plain, arm))
    exponent = math.log(first / last) / math.log(4)
    for place, error in ((0, first), (2, last)):
        number = curve.worth([scored_of(e) for e in arm], place)["photographs"]
        assert number is not None
        expected = COUNTS[place] * (error / own) ** (1 / exponent)
        assert COUNTS[place] + number == pytest.approx(expected, rel=0.01)


def test_what_the_curve_cannot_tell_is_open() -> None:
    rng = np.random.default_rng(4)
    *plain, far, poor = draw(rng, [0.3, 0.2, 0.14, 0.02, 0.6], 5, 2000)
    curve = curve_of(plain)
    found = curve.worth([scored_of(e) for e in far], 2)
    assert found["photographs"] is None and found["high"] is None
    assert found["low"] == pytest.approx(40, rel=0.1)
    found = curve.worth([scored_of(e) for e in poor], 2)
    assert (found["photographs"], found["low"]) == (None, None)
    assert found["high"] == pytest.approx(-30, rel=0.1)


@pytest.mark.parametrize("errors", [[0.2, 0.2, 0.2], [0.1, 0.2, 0.3], [0.2, 0.12, 0.2]])
def test_of_a_curve_that_does_not_fall_no_worth_is_told(errors: list[float]) -> None:
    *plain, arm = draw(np.random.default_rng(5), [*errors, 0.18], 5, 400)
    curve = curve_of(plain)
    found = curve.worth([scored_of(e) for e in arm], 2)
    assert found["low"] is None and found["high"] is None
    forecast = at(curve, 80)
    assert forecast.low is not None and forecast.high is not None
    assert forecast.high - forecast.low > 0.1


def test_one_repeat_has_no_interval() -> None:
    *plain, arm = draw(np.random.default_rng(6), [0.3, 0.2, 0.14, 0.12], 1, 400)
    curve = curve_of(plain)
    assert {(e.low, e.high) for e in curve.expected()} == {(None, None)}
    found = curve.worth([scored_of(e) for e in arm], 2)
    assert found["photographs"] is not None and found["low"] is None and found["high"] is None


def test_where_all_is_right_as_much_may_be_wrong_as_so_many_images_can_hide() -> None:
    none_wrong = [[np.zeros(100, bool)] * 3] * 3
    curve = curve_of(none_wrong)
    forecast = at(curve, 80)
    assert forecast.low is not None and forecast.high is not None
    assert forecast.low < 1 - 3.6 / 100 < forecast.high  # 3.7 / N with no event
    found = curve.worth([scored_of(each) for each in none_wrong[0]], 2)
    assert found["low"] is None and found["high"] is None


def test_a_repeat_without_errors_needs_no_half_error() -> None:
    some = np.arange(100) < 8
    right = np.zeros(100, bool)
    curve = curve_of([[some] * 2, [some, right], [some, right]])
    assert curve.means.tolist() == pytest.approx([0.08, 0.04, 0.04])


def test_log_loss_is_its_own_error() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300)
    rows = []
    for sharp in (0.5, 1.0, 2.0):
        row = []
        for _ in range(3):
            logits = np.eye(2)[labels] * sharp + rng.normal(0, 0.5, (300, 2))
            scores = image_scores(read_metric("log_loss"), logits, labels, ("a", "b"))
            row.append(Scored(scores, np.arange(300), logits, labels))
        rows.append(row)
    curve = Curve(COUNTS, rows, AllScored(read_metric("log_loss"), {}, labels, ("a", "b")))
    losses = [np.mean([each.scores.mean() for each in row]) for row in rows]
    assert at(curve, 40).value == pytest.approx(losses[2])
    assert at(curve, 80).value == pytest.approx(losses[2] ** 1.5 / losses[0] ** 0.5)
    forecast = at(curve, 80)
    assert forecast.low is not None and 0 < forecast.low < forecast.value


CURVES: dict[str, Callable[[Any], Any]] = {
    "a line": lambda n: 0.9 * n**-0.5,
    "steep": lambda n: 6 * n**-1.5,
    "levels off": lambda n: 0.1 + 1.5 / n,
    "flat": lambda n: 0.2 + 0 * n,
    "one class of ten lags": lambda n: 0.81 * n**-0.9 + 0.05 * n**-0.05,
    "falls ever faster": lambda n: np.exp(
        -0.7 - 0.25 * np.log2(n / 10) - 0.06 * np.log2(n / 10) ** 2
    ),
    "not monotone": lambda n: np.where(n == 20, 0.22, 0.9 * n**-0.5),
}


def covered(error: Callable[[Any], Any], repeats: int, images: int, draws: int) -> list[float]:
    """How often the forecasts from 10, 20 and 40 to 60 and 80 hold."""
    rng, held = np.random.default_rng(7), np.zeros(2)
    for _ in range(draws):
        curve = curve_of(draw(rng, error(COUNTS), repeats, images))
        held += [holds(at(curve, count), error(np.float64(count))) for count in (60, 80)]
    return list(held / draws)


@pytest.mark.parametrize("name", ["a line", "levels off", "not monotone"])
def test_forecasts_of_known_curves_hold(name: str) -> None:
    assert min(covered(CURVES[name], 5, 100, 25)) >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize(("repeats", "images"), [(3, 100), (5, 400), (10, 1000)])
@pytest.mark.parametrize("name", CURVES)
def test_forecasts_of_known_curves_hold_throughout(name: str, repeats: int, images: int) -> None:
    assert min(covered(CURVES[name], repeats, images, 200)) >= 0.95


@pytest.mark.slow
def test_without_room_for_other_forms_they_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worth, "_BEND", 0.0)
    monkeypatch.setattr(worth, "_PER_DOUBLING", 0.0)
    for name in ("levels off", "falls ever faster"):
        assert covered(CURVES[name], 10, 1000, 100)[1] < 0.75


@pytest.mark.slow
@pytest.mark.parametrize("gain", [-15, 0, 20])
def test_worths_of_known_curves_hold(gain: int) -> None:
    rng, held, error = np.random.default_rng(8), 0, CURVES["a line"]
    for _ in range(200):
        *plain, arm = draw(rng, [*error(COUNTS), error(40.0 + gain)], 5, 400)
        found = curve_of(plain).worth([scored_of(each) for each in arm], 2)
        low, high = (found[end] for end in ("low", "high"))
        held += (low is None or low <= gain) and (high is None or gain <= high)
    assert held >= 0.97 * 200


# Real images of which the truth can be looked up.


@functools.cache
def digits() -> tuple[NDArray[Any], NDArray[Any]]:
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return images / 16, labels


def first_of_each(order: NDArray[Any], number: int) -> NDArray[Any]:
    labels = digits()[1][order]
    return np.concatenate([order[labels == c][:number] for c in range(10)])


def answers(learner: str, train: NDArray[Any], test: NDArray[Any]) -> NDArray[Any]:
    from sklearn.linear_model import RidgeClassifier
    from sklearn.neighbors import KNeighborsClassifier

    images, labels = digits()
    model = KNeighborsClassifier(1) if learner == "neighbour" else RidgeClassifier(1.0)
    found: NDArray[Any] = model.fit(images[train], labels[train]).predict(images[test])
    return found


def looked_up(learner: str, number: int) -> float:
    """The accuracy with so many of each digit, the mean over draws from all images."""
    rng, labels, found = np.random.default_rng(number), digits()[1], []
    for _ in range(60):
        order = rng.permutation(len(labels))
        train = first_of_each(order, number)
        test = np.setdiff1d(order, train)
        found.append(np.mean(answers(learner, train, test) == labels[test]))
    return float(np.mean(found))


def run_on(learner: str, rng: np.random.Generator, images: int, repeats: int) -> Curve:
    """A run on so many images of each digit, 40 of them for training in each repeat."""
    labels = digits()[1]
    own = first_of_each(rng.permutation(len(labels)), images)
    rows: list[list[Scored]] = [[], [], []]
    for _ in range(repeats):
        order = rng.permutation(own)
        test = np.setdiff1d(order, first_of_each(order, 40))
        for row, count in zip(rows, (10, 20, 40), strict=True):
            found = answers(learner, first_of_each(order, count), test)
            right = (found == labels[test]).astype(float)
            row.append(Scored(right, test, np.eye(10)[found], labels[test]))
    scored = AllScored(read_metric("accuracy"), {}, labels, tuple(map(str, range(10))))
    return Curve(COUNTS, rows, scored)


@pytest.mark.slow
@pytest.mark.parametrize("learner", ["neighbour", "ridge"])
@pytest.mark.parametrize("images", [80, 120])
def test_forecasts_on_digits_hold(learner: str, images: int) -> None:
    """Looked up with 60 and 80 of each digit, in 200 runs on images of their own."""
    rng, held = np.random.default_rng(9), np.zeros(2)
    truth = [1 - looked_up(learner, number) for number in (60, 80)]
    for _ in range(200):
        curve = run_on(learner, rng, images, 5)
        held += [holds(at(curve, n), error) for n, error in zip((60, 80), truth, strict=True)]
    assert min(held) >= 0.97 * 200
