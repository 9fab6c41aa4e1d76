"""``--repeats auto`` in simulated runs: how often it is wrong, how often and how soon it decides.

The arms' scores are right or wrong by image, with effects of repeat and of image that are an arm's
own. Each look has what the run would give it: the functions are those that decide in a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytest

from neuplug.experiment.analysis.comparisons import AllScored, Scored, compare, verdicts
from neuplug.experiment.arms import Arm, Selection
from neuplug.experiment.config import ComposeConfig, resolve
from neuplug.experiment.decisive import Decisive
from neuplug.experiment.looks import PLANNED
from neuplug.experiment.parts import CellId
from neuplug.experiment.results import Comparison


class Study(NamedTuple):
    """Arms to simulate, and what they are asked."""

    config: ComposeConfig
    arms: Sequence[Arm]


def study(count: int, generator: bool = False) -> Study:
    aug = [f"mirror@odds={number / 10}" for number in range(count)]
    asked = {"aug": aug + ["jitter"] * generator, "clf": ["linear"], "repeats": "auto"}
    config = resolve(None, asked, (), {})
    return Study(config, Selection(config).arms)


class Simulated:
    """A run in which the arms after ``none`` differ from it by ``gains`` on average."""

    def __init__(
        self, of: Study, rng: np.random.Generator, gains: Sequence[float], images: int = 400
    ) -> None:
        self.of, self.rng, self.images = of, rng, np.arange(images)
        easy = rng.beta(6, 1.5, images)
        self.chances = {
            arm.name: easy + gain + (rng.normal(0, 0.08, images) if gain is not None else 0)
            for arm, gain in zip(of.arms, (0.0, *gains), strict=True)
        }
        self.scored: dict[str, Scored] = {}
        self.cells: list[CellId] = []

    def train(self, arms: set[str], repeats: range) -> None:
        for repeat in repeats:
            for arm in self.of.arms:
                if arm.name in arms:
                    key = f"{arm.name}/{repeat}"
                    chance = self.chances[arm.name] + self.rng.normal(0, 0.02)
                    right = self.rng.random(len(self.images)) < chance
                    labels = np.ones(len(self.images), dtype=np.int64)
                    answers = np.eye(2)[right.astype(np.int64)]
                    self.scored[key] = Scored(right.astype(float), self.images, answers, labels)
                    self.cells.append(
                        CellId(arm=arm.name, classifier="linear", repeat=repeat, key=key)
                    )

    def known(self) -> AllScored:
        strata = np.zeros(len(self.images), dtype=np.int64)
        return AllScored(Decisive("accuracy", "accuracy"), self.scored, strata, ("no", "yes"))

    def verdicts(self) -> list[Comparison]:
        return verdicts(self.cells, self.of.arms, self.known(), self.of.config)

    def whole(self) -> list[Comparison]:
        """Train and look as a run does."""
        wanted, done, found = {arm.name for arm in self.of.arms}, 0, []
        for look in PLANNED:
            self.train(wanted, range(done, look.repeats))
            done, found = look.repeats, self.verdicts()
            wanted = {
                name for c in found if c.verdict == "no evidence" for name in (c.arm, c.against)
            }
            if not wanted:
                break
        return found


def runs(of: Study, gains: Sequence[float], count: int, images: int) -> list[list[Comparison]]:
    rng = np.random.default_rng(len(gains))
    return [Simulated(of, rng, gains, images).whole() for _ in range(count)]


def rate(found: list[list[Comparison]], *wrong: str) -> float:
    """The share of runs with any such verdict."""
    return sum(any(c.verdict in wrong for c in run) for run in found) / len(found)


def most(count: int) -> float:
    """5 % and two standard errors of so many runs."""
    return 0.05 + 2 * (0.05 * 0.95 / count) ** 0.5


@pytest.mark.parametrize(
    ("arms", "count"),
    [(1, 200), (6, 50), pytest.param(6, 400, marks=pytest.mark.slow)],
)
def test_equal_arms_are_rarely_told_apart_at_any_look(lab: object, arms: int, count: int) -> None:
    found = runs(study(arms), [0.0] * arms, count, images=200)
    assert rate(found, "helps", "harms") <= most(count)
    assert {c.n for run in found for c in run} >= {12}  # so that all looks were taken


@pytest.mark.parametrize("count", [100, pytest.param(400, marks=pytest.mark.slow)])
def test_a_difference_of_the_margin_is_rarely_called_none(lab: object, count: int) -> None:
    found = runs(study(1), [0.02], count, images=1600)
    assert rate(found, "equivalent") <= most(count)


def test_five_points_are_found_and_soon(lab: object) -> None:
    """With 800 test images 9 of 10 are, and as a rule before the last repeat."""
    found = [c for run in runs(study(1), [0.05], 60, images=800) for c in run]
    assert np.mean([c.verdict == "helps" for c in found]) > 0.85
    assert np.mean([c.n for c in found]) < 10
    assert {c.verdict for c in found} <= {"helps", "no evidence"}


@pytest.mark.slow
def test_three_of_six_arms_that_differ_are_found(lab: object) -> None:
    found = runs(study(6), [0.05, 0.05, 0.05, 0.0, 0.0, 0.0], 100, images=800)
    assert np.mean([c.verdict == "helps" for run in found for c in run[:3]]) > 0.85
    assert np.mean([c.n for run in found for c in run[:3]]) < 10
    assert rate([run[3:] for run in found], "helps", "harms") <= most(100)


@pytest.mark.slow
def test_as_many_looks_at_5_percent_each_would_be_wrong_more_often(lab: object) -> None:
    """The same runs, looked at after 5, 8 and 12 repeats as if each look were the only one."""
    rng, of, wrong = np.random.default_rng(1), study(1), 0
    for _ in range(200):
        one = Simulated(of, rng, [0.0], 200)
        one.train({"none", of.arms[1].name}, range(12))
        looks = [[c for c in one.cells if c.repeat < look.repeats] for look in PLANNED]
        found = [compare(cells, of.arms, one.known(), 0.02) for cells in looks]
        wrong += any(c.verdict in ("helps", "harms") for row in found for c in row)
    planned = rate(runs(of, [0.0], 200, images=200), "helps", "harms")
    assert wrong / 200 > planned


def test_what_is_decided_stays_decided(lab: object) -> None:
    """Whatever later repeats would say, and it still counts in the corrections."""
    of = study(2)
    one = Simulated(of, np.random.default_rng(2), [0.2, 0.0])
    names = [arm.name for arm in of.arms]
    one.train({*names}, range(5))
    first, still = one.verdicts()
    assert (first.verdict, first.n, first.level) == (
        "helps",
        5,
        0.01,
    ) and still.verdict == "no evidence"
    one.chances[names[1]] = one.chances[names[0]] - 0.3
    one.train({*names}, range(5, 8))
    again, later = one.verdicts()
    assert again == first and (later.n, later.level, later.family) == (8, 0.015, 2)
    alone = [cell for cell in one.cells if cell.arm != names[1]]
    (single,) = compare(alone, of.arms[:1] + of.arms[2:], one.known(), 0.02)
    # the error that the decided one lends is that of its five repeats
    assert single.n == later.n and single.effect == later.effect and single.low != later.low


def test_the_best_classical_arm_is_that_of_the_first_look(lab: object) -> None:
    of = study(2, generator=True)
    one = Simulated(of, np.random.default_rng(3), [0.03, 0.0, 0.0])
    names = [arm.name for arm in of.arms]
    one.train({*names}, range(5))
    before = {c.arm: c for c in one.verdicts() if c.question == "best classical"}
    one.chances[names[2]] = one.chances[names[2]] + 0.4
    one.train({*names}, range(5, 8))
    after = {c.arm: c for c in one.verdicts() if c.question == "best classical"}
    assert before["jitter"].against == after["jitter"].against == names[1]
    assert after["jitter"].candidates == 2
