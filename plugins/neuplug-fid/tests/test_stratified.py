"""The kernel distance of classes whose numbers of images are given, with known answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor
from torch_fidelity.metric_kid import kernel_poly

from neuplug_fid.measures import Unmeasurable, kernel_distance
from neuplug_fid.sample import Sample
from neuplug_fid.stratified import (
    Points,
    distances,
    in_pairs,
    kernel_interval,
    stratified_kernel_distance,
)

DIMENSIONS = 16
Counts = tuple[int, ...]
Estimate = Callable[[Sample, Sample], float]


def far_apart(classes: int) -> Tensor:
    """The classes' means, about 5.7 apart with variances of 1."""
    return torch.randn(classes, DIMENSIONS, generator=torch.Generator().manual_seed(classes))


def draw(means: Tensor, counts: Sequence[int], seed: int) -> Sample:
    """So many images of each class, normal around its mean."""
    labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    noise = torch.randn(len(labels), DIMENSIONS, generator=torch.Generator().manual_seed(seed))
    return Sample({"x": means[labels] + noise}, labels)


def mean_kernel(a: Tensor, b: Tensor) -> Tensor:
    """The cubic kernel's expectation between normal distributions around a and b, exactly."""
    inner, d = a @ b.T, DIMENSIONS
    lengths = a.square().sum(1)[:, None] + b.square().sum(1)
    return (inner / d + 1) ** 3 + 3 * (inner / d + 1) * (lengths + d) / d**2 + 6 * inner / d**3


def true_distance(
    ours: Tensor, mine: Sequence[int], theirs: Tensor, others: Sequence[int]
) -> float:
    """Between the mixtures themselves."""
    a, b = ours.double(), theirs.double()
    p, q = (torch.tensor(counts).double() / sum(counts) for counts in (mine, others))
    within = p @ mean_kernel(a, a) @ p + q @ mean_kernel(b, b) @ q
    return float(within - 2 * p @ mean_kernel(a, b) @ q)


def stratified(ours: Sample, theirs: Sample) -> float:
    return stratified_kernel_distance(ours, theirs, "x")


def usual(ours: Sample, theirs: Sample) -> float:
    """torch-fidelity's, which does not know of classes."""
    size = min(len(ours), len(theirs))
    return kernel_distance(ours.features["x"], theirs.features["x"], 10, size)


def usual_interval(ours: Sample, theirs: Sample, seed: int) -> tuple[float, float]:
    """Of all pairs of different images, whatever their classes; resampled class by class."""
    rng = np.random.default_rng(seed)

    def resampled(sample: Sample) -> np.ndarray:
        rows = [np.flatnonzero(sample.labels == label) for label in sample.labels.unique()]
        drawn = np.concatenate([rng.choice(group, (1000, len(group))) for group in rows], axis=1)
        return np.stack([np.bincount(row, minlength=len(sample)) for row in drawn]).astype(float)

    def pairs(a: Tensor, b: Tensor, mine: np.ndarray, others: np.ndarray) -> np.ndarray:
        found: np.ndarray = mine @ kernel_poly(a.double().numpy(), b.double().numpy()) * others
        return found.sum(1)

    def within(points: Tensor, weights: np.ndarray) -> np.ndarray:
        x = points.double().numpy()
        same: np.ndarray = weights**2 @ np.diag(kernel_poly(x, x))
        different = weights.sum(1) ** 2 - (weights**2).sum(1)
        found: np.ndarray = (pairs(points, points, weights, weights) - same) / different
        return found

    a, b, mine, others = (
        ours.features["x"],
        theirs.features["x"],
        resampled(ours),
        resampled(theirs),
    )
    between = pairs(a, b, mine, others) / (len(ours) * len(theirs))
    low, high = np.quantile(within(a, mine) + within(b, others) - 2 * between, (0.025, 0.975))
    return float(low), float(high)


def held(
    interval: Callable[[Sample, Sample, int], tuple[float, float]], counts: Counts, draws: int = 100
) -> float:
    """In what part of the draws the interval of equal distributions holds 0."""
    means, found = far_apart(len(counts)), 0
    for seed in range(draws):
        low, high = interval(draw(means, counts, seed), draw(means, counts, 5000 + seed), seed)
        found += low <= 0 <= high
    return found / draws


def errors(
    estimate: Estimate, ours: Tensor, mine: Counts, theirs: Tensor, others: Counts
) -> tuple[float, float]:
    """Mean over 300 draws of what the estimate is off, and its standard error."""
    truth = true_distance(ours, mine, theirs, others)
    found = [
        estimate(draw(ours, mine, seed), draw(theirs, others, 5000 + seed)) - truth
        for seed in range(300)
    ]
    return float(np.mean(found)), float(np.std(found, ddof=1) / len(found) ** 0.5)


# The estimate.


def test_by_hand() -> None:
    """One feature, so that the kernel is (xy + 1)³."""
    ours = Sample({"x": torch.tensor([[0.0], [1], [-1], [2]])}, torch.tensor([0, 0, 1, 1]))
    theirs = Sample({"x": torch.tensor([[0.0], [2], [1], [1], [0]])}, torch.tensor([0, 0, 1, 1, 1]))
    # shares 1/2 and 1/2; means 1 in the first class, -1 in the second, 29/4 between them
    within_ours = 1 / 4 * 1 + 1 / 4 * -1 + 2 * 1 / 4 * 29 / 4
    # shares 2/5 and 3/5; means 1, (8 + 1 + 1)/3, and (1 + 1 + 1 + 27 + 27 + 1)/6 between them
    within_theirs = 4 / 25 * 1 + 9 / 25 * 10 / 3 + 2 * 6 / 25 * 58 / 6
    between = (5 + 45 + 1 + 181) / 20
    assert (within_ours, within_theirs, between) == pytest.approx((3.625, 6, 11.6))
    assert stratified(ours, theirs) == pytest.approx(3.625 + 6 - 2 * 11.6, rel=1e-12)


@pytest.mark.parametrize(
    ("mine", "others"),
    [((5, 5), (5, 5)), ((5,) * 6, (5,) * 6), ((2, 2, 2), (9, 9, 9)), ((3, 6, 9), (5, 10, 15))],
)
def test_equal_distributions_are_at_0_on_average(mine: Counts, others: Counts) -> None:
    """The usual estimate fails the same check by far."""
    means = far_apart(len(mine))
    mean, error = errors(stratified, means, mine, means, others)
    assert abs(mean) < 3 * error
    mean, error = errors(usual, means, mine, means, others)
    assert mean < -10 * error


@pytest.mark.parametrize("others", [(5, 5, 5), (12, 4, 4)])
def test_other_distributions_are_at_their_distance_on_average(others: Counts) -> None:
    """Other classes, and the same ones in other shares."""
    means = far_apart(3)
    for theirs in (means, means + torch.tensor([0.0, 0.5, 1.0])[:, None]):
        mean, error = errors(stratified, means, (5, 5, 5), theirs, others)
        assert abs(mean) < 3 * error


def test_a_single_class_has_the_usual_estimate() -> None:
    means = far_apart(1)
    ours, theirs = draw(means, (12,), 1), draw(means, (12,), 2)
    assert stratified(ours, theirs) == pytest.approx(usual(ours, theirs), rel=1e-4)


def test_the_order_of_the_images_is_of_no_account() -> None:
    means = far_apart(3)
    ours, theirs = draw(means, (4, 2, 6), 1), draw(means, (3, 5, 2), 2)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(1))
    assert stratified(ours.pick(order), theirs) == pytest.approx(stratified(ours, theirs))


def test_a_class_without_pairs_does_not_count() -> None:
    """Missing on one side, or there with one image alone."""
    means = far_apart(4)
    ours, theirs = draw(means, (3, 1, 0, 4), 1), draw(means, (5, 6, 7, 2), 2)
    ours, theirs = in_pairs(ours, theirs)
    assert ours.labels.bincount().tolist() == [3, 0, 0, 4]
    assert theirs.labels.bincount().tolist() == [5, 0, 0, 2]
    with pytest.raises(Unmeasurable, match="no class has two images on each side"):
        in_pairs(draw(means, (1, 5, 0, 1), 1), draw(means, (5, 1, 9, 1), 2))


def test_more_images_than_fit_at_once() -> None:
    """The kernel is taken some rows at a time; here all of it, weighted."""
    means = far_apart(2)
    theirs, ours = draw(means, (20, 30), 1), draw(means, (1100, 60), 2)
    x, y = (s.features["x"].double() for s in (ours, theirs))

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.T / DIMENSIONS + 1) ** 3

    def within(points: Tensor, labels: Tensor) -> float:
        matrix = kernel(points, points)
        count = labels.bincount()[labels].double()  # n_c (n_c - 1) pairs of a class stand for n_c²
        weights = torch.where(labels[:, None] == labels, (count / (count - 1))[:, None], 1.0)
        return float((matrix * weights.fill_diagonal_(0)).sum()) / len(points) ** 2

    wanted = within(x, ours.labels) + within(y, theirs.labels) - 2 * float(kernel(x, y).mean())
    assert stratified(ours, theirs) == pytest.approx(wanted, rel=1e-9)


# The interval.


def test_a_resample_is_its_images_without_pairs_of_the_same_one() -> None:
    """Image by image, with all pairs of places."""
    means, rng = far_apart(2), np.random.default_rng(1)
    samples = draw(means, (5, 4), 1), draw(means, (4, 6), 2)
    drawn = [
        np.concatenate([rng.choice(np.flatnonzero(s.labels == c), int((s.labels == c).sum()))
                        for c in (0, 1)])
        for s in samples
    ]  # fmt: skip
    x, y = (s.features["x"].double().numpy()[rows] for s, rows in zip(samples, drawn, strict=True))

    def within(points: np.ndarray, rows: np.ndarray, labels: Tensor) -> float:
        matrix, truth = kernel_poly(points, points), labels.numpy()[rows]
        total = 0.0
        for c in (0, 1):
            for e in (0, 1):
                chosen = np.outer(truth == c, truth == e) & (rows[:, None] != rows)
                share = (truth == c).mean() * (truth == e).mean()
                total += share * matrix[chosen].mean()
        return total

    wanted = sum(
        within(p, rows, s.labels) for p, rows, s in zip((x, y), drawn, samples, strict=True)
    ) - 2 * float(kernel_poly(x, y).mean())
    points = [Points(s.features["x"], s.labels) for s in samples]
    weights = [
        np.bincount(rows, minlength=len(s))[None].astype(float)
        for rows, s in zip(drawn, samples, strict=True)
    ]
    assert max(w.max() for w in weights) > 1
    assert distances(*points, *weights)[0] == pytest.approx(wanted, rel=1e-9)


def test_a_class_drawn_as_one_image_alone_keeps_its_mean() -> None:
    """One feature, by hand; of the first class the second image is drawn twice."""
    values, labels = torch.tensor([[0.0], [1], [-1], [2]]), torch.tensor([0, 0, 1, 1])
    points = Points(values, labels)
    within = (
        1 / 4 * 1 + 1 / 4 * -1 + 2 * 1 / 4 * (0 + 27) / 2
    )  # the first class's own: (0 · 1 + 1)³
    between = (36 + 36 + 8 + 152) / 16
    found = distances(points, points, np.array([[0.0, 2, 1, 1]]), np.ones((1, 4)))
    assert found[0] == pytest.approx(within + 3.625 - 2 * between)


def test_the_resamples_are_around_the_estimate() -> None:
    """Each pair of different images counts as much as any other, on average."""
    means = far_apart(3)
    ours, theirs = draw(means, (2, 3, 5), 1), draw(means + 0.3, (4, 2, 6), 2)
    rng = np.random.default_rng(1)

    def resampled(sample: Sample) -> np.ndarray:
        counts = sample.labels.bincount().tolist()
        rows = [rng.multinomial(n, np.full(n, 1 / n), 20000) for n in counts]
        return np.concatenate(rows, axis=1).astype(float)

    points = [Points(s.features["x"], s.labels) for s in (ours, theirs)]
    found = distances(*points, resampled(ours), resampled(theirs))
    error = found.std() / len(found) ** 0.5
    assert abs(found.mean() - stratified(ours, theirs)) < 3 * error


@pytest.mark.parametrize("counts", [(5, 5), (5,) * 6, (3, 6, 9)])
def test_the_interval_of_equal_distributions_holds_0(counts: Counts) -> None:
    """That of the usual estimate fails the same check."""
    assert held(lambda a, b, seed: kernel_interval(a, b, "x", seed), counts) >= 0.95
    assert held(usual_interval, counts, 40) < 0.85


@pytest.mark.parametrize(("mine", "others"), [((10, 10, 10), (10, 10, 10)), ((8, 16), (20, 10))])
def test_the_interval_holds_the_true_distance(mine: Counts, others: Counts) -> None:
    means = far_apart(len(mine))
    truth, found = true_distance(means, mine, means + 0.5, others), 0
    for seed in range(100):
        ours, theirs = draw(means, mine, seed), draw(means + 0.5, others, 5000 + seed)
        low, high = kernel_interval(ours, theirs, "x", seed)
        found += low <= truth <= high
    assert found >= 88
