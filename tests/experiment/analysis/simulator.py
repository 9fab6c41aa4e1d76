"""Runs that never were: right and wrong answers with the errors that real ones have.

What a classifier answers to a test image follows from a latent number, as in a probit model with
two-way random effects: how easy the image is (and its group), how easy it is for this arm, how well
this repeat went for all arms and for this one, and chance. It is right where the number is above
zero, and else answers another class, a frequent one more often than a rare one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from neuplug.experiment.analysis.comparisons import AllScored, Scored, _Asked, _paired
from neuplug.experiment.analysis.influence import image_scores
from neuplug.experiment.analysis.statistics import paired_differences
from neuplug.experiment.analysis.verdicts import adjusted_for_all, verdict
from neuplug.experiment.decisive import read_metric
from neuplug.experiment.parts import CellId
from neuplug.experiment.results import PairedDifference

Right = NDArray[np.bool_]


@dataclass(frozen=True)
class Spread:
    """Standard deviations of the latent number's parts, that of chance being 1.

    Attributes:
        middle: The mean, from which accuracy follows.
        image: Of images, for all arms and repeats.
        arm_image: Of images, for one arm.
        repeat: Of repeats, for all arms and images.
        arm_repeat: Of repeats, for one arm.
        group: Of groups of images, for all arms; only where there are groups.
    """

    middle: float
    image: float
    arm_image: float
    repeat: float
    arm_repeat: float
    group: float = 0.0

    @property
    def whole(self) -> float:
        """The standard deviation of the whole."""
        parts = (1.0, self.image, self.arm_image, self.repeat, self.arm_repeat, self.group)
        return math.sqrt(sum(part**2 for part in parts))


def fit(right: Mapping[str, Right]) -> Spread:
    """The spread that real answers have, by their moments.

    Args:
        right: Of arms that do about as well: (repeats, images), of the same images in each repeat.
    """
    arms = list(right.values())
    mean = float(np.mean([each.mean() for each in arms]))
    quantile = float(stats.norm.ppf(mean))
    repeats, images = arms[0].shape

    def correlation(both: float) -> float:
        """Of two latent numbers that are both above zero so often."""

        def off(rho: float) -> float:
            joint = stats.multivariate_normal(cov=[[1, rho], [rho, 1]]).cdf([quantile, quantile])
            return float(joint) - both

        return float(optimize.brentq(off, 0.0, 0.999))

    other = [(a, b) for a in range(repeats) for b in range(repeats) if a != b]
    same = np.mean([(arm[a] & arm[b]).mean() for arm in arms for a, b in other])
    across = np.mean(
        [
            (one[a] & two[b]).mean()
            for one in arms
            for two in arms
            if one is not two
            for a, b in other
        ]
    )
    # accuracies of repeats, and of an arm less the mean of all: what is beyond that of so many
    # answers, as far as the latent number's density tells
    accuracy = np.array([each.mean(1) for each in arms])
    slope = float(stats.norm.pdf(quantile))
    chance = np.mean([each.var(0, ddof=1).mean() for each in arms]) / images
    own = accuracy - accuracy.mean(0)
    of_arm = max(0.0, own.var(1, ddof=1).mean() * len(arms) / (len(arms) - 1) - chance) / slope**2
    of_all = max(0.0, accuracy.mean(0).var(ddof=1) - chance / len(arms)) / slope**2
    of_all = max(0.0, of_all - of_arm / len(arms))
    shared = correlation(float(across))
    alone = max(0.0, correlation(float(same)) - shared)
    # as shares of the whole variance, of which chance has what is left
    whole = 1 / max(0.05, 1 - shared - alone - of_arm - of_all)
    sizes = [math.sqrt(share * whole) for share in (shared, alone, of_all, of_arm)]
    return Spread(quantile * math.sqrt(whole), *sizes)


@dataclass(frozen=True)
class Setting:
    """What is simulated.

    Attributes:
        spread: Of the latent number.
        repeats: How many.
        counts: Test images of each class.
        gains: Of each arm beside ``none``, in the latent number; one for each arm.
        wild: How many times as far the first arm varies from repeat to repeat.
        group: Images in a group, all of one class.
        metric: What verdicts go by.
    """

    spread: Spread
    repeats: int
    counts: Sequence[int]
    gains: Sequence[float]
    wild: float = 1.0
    group: int = 1
    metric: str = "accuracy"

    def with_gain(self, effect: float) -> Setting:
        """All arms gain so much of the metric, if that is accuracy."""
        spread, start = self.spread, float(stats.norm.cdf(self.spread.middle / self.spread.whole))
        gain = float(stats.norm.ppf(start + effect)) * spread.whole - spread.middle
        return replace(self, gains=[gain] * len(self.gains))


def answers(setting: Setting, rng: np.random.Generator) -> NDArray[np.int64]:
    """(arms, repeats, images), the classes that are answered; the first arm is ``none``."""
    spread, gains = setting.spread, np.array([0.0, *setting.gains])
    labels, arms = labels_of(setting), len(gains)
    shape = (arms, setting.repeats, len(labels))
    wild = np.ones(arms)
    wild[1:2] = setting.wild
    latent = rng.normal(size=shape)
    latent += spread.middle + gains[:, None, None]
    latent += spread.image * rng.normal(size=len(labels))
    latent += (spread.group * rng.normal(size=len(labels)))[groups_of(setting)]
    latent += spread.arm_image * rng.normal(size=(arms, 1, len(labels)))
    latent += spread.repeat * rng.normal(size=(1, setting.repeats, 1))
    latent += spread.arm_repeat * (wild * rng.normal(size=(setting.repeats, arms))).T[..., None]
    # a wrong answer is another class, by the sizes of classes
    shares = np.asarray(setting.counts) / sum(setting.counts)
    others = np.array(
        [np.where(np.arange(len(shares)) == c, 0, shares) for c in range(len(shares))]
    )
    steps = np.cumsum(others / others.sum(1, keepdims=True), axis=1)
    wrong = (rng.random(shape)[..., None] > steps[labels]).sum(-1).clip(max=len(shares) - 1)
    return np.where(latent > 0, labels, wrong)


def labels_of(setting: Setting) -> NDArray[np.int64]:
    """The classes of the test images."""
    return np.repeat(np.arange(len(setting.counts)), setting.counts)


def groups_of(setting: Setting) -> NDArray[np.int64]:
    """The groups of the test images, each within a class."""
    numbers = [np.arange(count) // setting.group for count in setting.counts]
    starts = np.cumsum([0, *(int(each[-1]) + 1 for each in numbers[:-1])])
    return np.concatenate([each + start for each, start in zip(numbers, starts, strict=True)])


def judged(
    setting: Setting, answered: NDArray[np.int64], lend: bool = True
) -> tuple[list[PairedDifference], list[str]]:
    """What a run says of each arm beside ``none``: by what it computes with real answers.

    Args:
        setting: What was simulated.
        answered: Of :func:`answers`.
        lend: Whether comparisons lend one another their errors of repeats.
    """
    metric = read_metric(setting.metric)
    labels, groups = labels_of(setting), groups_of(setting)
    strata = np.zeros(groups.max() + 1, dtype=np.int64)
    strata[groups] = labels
    names = [str(number) for number in range(len(setting.counts))]
    cells: dict[str, Scored] = {}
    groups_of_cells: dict[tuple[str, str], list[CellId]] = {}
    for arm, rows in enumerate(answered):
        for repeat, row in enumerate(rows):
            about = CellId(arm=str(arm), classifier="", repeat=repeat, key=f"{arm}-{repeat}")
            groups_of_cells.setdefault((str(arm), ""), []).append(about)
            logits = np.eye(len(names))[row]
            scores = image_scores(metric, logits, labels, names)
            cells[about.key] = Scored(scores, groups, logits, labels)
    scored = AllScored(metric, cells, strata, names)
    asked = [_Asked(str(arm), "", "none", "0", 1) for arm in range(1, len(answered))]
    family = [_paired(each, groups_of_cells, scored) for each in asked]
    count = len(family)
    if lend:
        found = paired_differences(family, strata=strata)
    else:
        found = [paired_differences([pair], comparisons=count, strata=strata)[0] for pair in family]
    adjusted = zip(
        adjusted_for_all([each.p for each in found]),
        adjusted_for_all([each.p_equivalent for each in found]),
        strict=True,
    )
    said = [verdict(d, *p, metric.sign) for d, p in zip(found, adjusted, strict=True)]
    return found, [*said]


# What is simulated ----------------------------------------------------------------------------

NEU = Spread(middle=2.59, image=1.56, arm_image=0.61, repeat=0.32, arm_repeat=0.23)
"""Of real answers: six classes of NEU at 48 pixels, 20 training images of each, eight repeats of
neuplug-smallcnn on ``none``, ``flip``, ``classical`` and ``randaugment`` (accuracy 88 to 92 %), by
:func:`fit` from the 958 images that all repeats test."""


def with_counts(
    spread: Spread, repeats: int, counts: Sequence[int], arms: int, **about: Any
) -> Setting:
    """A setting whose arms are all as good as ``none``."""
    return Setting(spread, repeats, counts, [0.0] * arms, **about)


def _settings() -> Iterator[tuple[str, Setting]]:
    """Of each kind of claim those in which it is the most likely to be wrong, or to be right."""
    even, rare = [67] * 6, [400, 20]
    for repeats in (3, 5, 10):
        for arms, words in ((1, "one arm"), (6, "six arms")):
            yield f"{words}, {repeats} repeats", with_counts(NEU, repeats, even, arms)
            large = with_counts(NEU, repeats, [134] * 6, arms).with_gain(0.02)
            yield f"at the margin, {words}, {repeats} repeats", large
        usual = with_counts(NEU, repeats, even, 6)
        yield f"one of six varies eight times as much, {repeats} repeats", replace(usual, wild=8.0)
        grouped = replace(usual, group=5, spread=replace(NEU, group=0.5))
        yield f"six arms, groups of five, {repeats} repeats", grouped
        for metric in ("macro_f1", "balanced_accuracy", "recall:1"):
            unequal = with_counts(NEU, repeats, rare, 6, metric=metric)
            yield f"six arms, {metric} at 20:1, {repeats} repeats", unequal
        for points in (3, 5):
            name = f"six arms, {points} points, {repeats} repeats"
            yield name, usual.with_gain(points / 100)


SETTINGS = dict(_settings())


@dataclass(frozen=True)
class Rates:
    """Shares of runs, and of arms.

    Attributes:
        different: Runs in which any arm *helps* or *harms*.
        equivalent: Runs in which any arm is *equivalent*.
        found: Arms that *help*.
        covered: Arms whose interval has the true difference.
    """

    different: float
    equivalent: float
    found: float
    covered: float


def rates(setting: Setting, runs: int, seed: int = 1, lend: bool = True) -> Rates:
    """What verdicts on so many runs come to."""
    rng = np.random.default_rng(seed)
    gain = stats.norm.cdf((setting.spread.middle + setting.gains[0]) / setting.spread.whole)
    true = float(gain - stats.norm.cdf(setting.spread.middle / setting.spread.whole))
    counts: Counter[str] = Counter()
    for _ in range(runs):
        found, said = judged(setting, answers(setting, rng), lend)
        counts["different"] += bool({"helps", "harms"} & {*said})
        counts["equivalent"] += "equivalent" in said
        counts["found"] += said.count("helps")
        counts["covered"] += sum(
            each.low is not None and each.high is not None and each.low <= true <= each.high
            for each in found
        )
    arms = runs * len(setting.gains)
    return Rates(
        counts["different"] / runs, counts["equivalent"] / runs,
        counts["found"] / arms, counts["covered"] / arms,
    )  # fmt: skip
