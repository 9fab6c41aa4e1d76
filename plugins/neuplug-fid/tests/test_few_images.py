"""What few images call for: the extrapolated distance, intervals, density and coverage."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import neuplug
from neuplug import (
    ClassGenerator,
    Embedder,
    Evaluation,
    EvaluationContext,
    Generator,
    HeldOutSet,
    ImageSet,
    TrainingSet,
)
from neuplug_fid.extrapolation import PER_DIMENSION, Extrapolation, extrapolate
from neuplug_fid.measures import (
    Unmeasurable,
    density_coverage,
    expected_coverage,
    fitted_neighborhood,
    frechet_distance,
    kernel_distance,
)
from neuplug_fid.sample import Sample
from neuplug_fid.stratified import kernel_interval

from .flat import numbers

CLASSES = ("crazing", "patches")


def points(n: int, dimensions: int, seed: int, shift: float = 0.0) -> Tensor:
    """Of a normal distribution with unit variances."""
    return torch.randn(n, dimensions, generator=torch.Generator().manual_seed(seed)) + shift


def no_classes(n: int) -> Tensor:
    return torch.zeros(n, dtype=torch.int64)


def line(generated: Tensor, real: Tensor, resamples: int = 0, seed: int = 1) -> Extrapolation:
    return extrapolate(generated, no_classes(len(generated)), real, seed, resamples)


def true_distance(real: Tensor, shift: float) -> float:
    """Between the generating distribution itself and these real images, with all their chance."""
    x = real.double()
    covariance = torch.cov(x.T)
    length = float((x.mean(0) - shift).square().sum())
    roots = torch.linalg.eigvalsh(covariance).sqrt().sum()
    return length + real.shape[1] + float(covariance.trace() - 2 * roots)


# The Fréchet distance at infinity.


def test_its_first_point_is_torch_fidelitys_distance() -> None:
    """Also where the real images leave most of the dimensions empty."""
    for dimensions, real in ((6, 40), (50, 9)):
        ours, theirs = points(90, dimensions, 1, 0.3), points(real, dimensions, 2)
        found = line(ours, theirs)
        assert found.distances[0] == pytest.approx(frechet_distance(ours, theirs), rel=1e-4)
        assert found.inverse_counts[:3] == pytest.approx((1 / 90, 2 / 90, 3 / 90))


def test_the_line_meets_infinity_at_the_true_distance() -> None:
    """Where the distance itself comes out too high."""
    errors, excess, held = [], [], 0
    for seed in range(30):
        real, shift = points(40, 6, 1000 + seed), 0.2 * (seed % 3)
        found = line(points(60, 6, seed, shift), real, resamples=40)
        truth = true_distance(real, shift)
        errors.append(found.intercept - truth)
        excess.append(found.distances[0] - truth)
        held += found.low <= truth <= found.high
    assert np.mean(excess) > 0.15
    assert abs(np.mean(errors)) < 0.25 * np.mean(excess)
    assert held >= 25


def test_every_part_has_its_share_of_each_class() -> None:
    """Classes 100 apart: a part with other shares of them would be far off the line."""
    labels = torch.arange(96) % 3
    far = 100.0 * labels[:, None]
    real = points(60, 2, 1) + 100 * (torch.arange(60) % 3)[:, None]
    found = extrapolate(points(96, 2, 2) + far, labels, real, 1, 50)
    assert max(found.distances) < 300  # thousands with random parts
    assert found.high - found.low < 100


def test_too_few_images_for_the_dimensions_are_refused() -> None:
    fewest = int(np.ceil(3 * PER_DIMENSION * 8))
    line(points(fewest, 8, 1), points(50, 8, 2))
    with pytest.raises(Unmeasurable, match=f"8 dimensions it needs {fewest} .* are {fewest - 1}$"):
        line(points(fewest - 1, 8, 1), points(50, 8, 2))
    # five real images differ in four dimensions only
    assert len(line(points(30, 8, 1), points(5, 8, 2)).distances) == 3


# Interval of the kernel distance.


def bounds(ours: Tensor, theirs: Tensor, seed: int = 1) -> tuple[float, float]:
    samples = [Sample({"x": part}, torch.arange(len(part)) % 2) for part in (ours, theirs)]
    return kernel_interval(samples[0], samples[1], "x", seed)


def test_the_interval_holds_nothing_for_equal_distributions() -> None:
    """Were pairs of the same image counted, every resample would lie above 0."""
    for seed in range(10):
        low, high = bounds(points(20, 8, seed), points(30, 8, 100 + seed))
        assert low < 0 < high


def test_the_interval_holds_the_true_distance() -> None:
    many = kernel_distance(points(4000, 8, 1, 0.5), points(4000, 8, 2), 1, 4000)
    held = 0
    for seed in range(20):
        low, high = bounds(points(50, 8, seed, 0.5), points(40, 8, 100 + seed))
        held += low <= many <= high
        assert low > 0
    assert held >= 17


def test_fewer_images_have_wider_intervals() -> None:
    def width(n: int) -> float:
        low, high = bounds(points(n, 8, 3, 0.5), points(n, 8, 4))
        return high - low

    assert width(20) > 1.5 * width(80) > 2 * width(320)


def test_classes_with_one_image() -> None:
    samples = [Sample({"x": points(12, 3, i)}, torch.tensor([0] * 11 + [1])) for i in (1, 2)]
    low, high = kernel_interval(samples[0], samples[1], "x", 1)
    assert low < high
    alone = Sample({"x": points(12, 3, 1)}, torch.arange(12))
    with pytest.raises(Unmeasurable, match="no class has two images"):
        kernel_interval(alone, alone, "x", 1)


# Density and coverage.


def test_density_and_coverage_by_hand() -> None:
    """Real images at 0, 1 and 3; of two generated ones, one lies among them and one far away."""
    real, generated = (torch.tensor(p)[:, None] for p in ([0.0, 1.0, 3.0], [0.5, 10.0]))
    # k = 1: the neighbourhoods are 0±1, 1±1 and 3±2, and the first two hold 0.5
    assert density_coverage(generated, real, 1) == pytest.approx((2 / (1 * 2), 2 / 3))
    # k = 2: 0±3, 1±2 and 3±3, and all three hold it
    assert density_coverage(generated, real, 2) == pytest.approx((3 / (2 * 2), 1))
    # copies are inside, and so is what lies at the very distance of the neighbour: two of each
    assert density_coverage(real, real, 1) == pytest.approx((6 / (1 * 3), 1))


def test_more_real_images_than_fit_at_once() -> None:
    real, generated = points(1100, 3, 1), points(70, 3, 2)
    distances = torch.cdist(real.double(), real.double())
    radius = distances.kthvalue(5, dim=1).values[:, None]  # the first is the image itself
    near = torch.cdist(real.double(), generated.double()) <= radius
    wanted = (float(near.sum()) / (4 * 70), float(near.any(1).double().mean()))
    assert density_coverage(generated, real, 4) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(("real", "generated", "k"), [(20, 20, 3), (30, 12, 5), (12, 60, 1)])
def test_equal_distributions_have_the_expected_values(real: int, generated: int, k: int) -> None:
    found = [
        density_coverage(points(generated, 3, seed), points(real, 3, 9000 + seed), k)
        for seed in range(300)
    ]
    density, coverage = np.mean(found, axis=0)
    assert density == pytest.approx(1, abs=0.08)
    assert coverage == pytest.approx(expected_coverage(real, generated, k), abs=0.02)


def test_the_neighbourhood_is_fitted_to_the_counts() -> None:
    assert expected_coverage(10**6, 10**6, 5) == pytest.approx(1 - 2**-5, abs=1e-4)
    assert fitted_neighborhood(10**6, 10**6) == 5  # as the paper has it
    assert fitted_neighborhood(240, 1800) == 2
    for real, generated in ((10, 10), (240, 60), (30, 300)):
        k = fitted_neighborhood(real, generated)
        assert expected_coverage(real, generated, k) >= 0.95
        assert k == 1 or expected_coverage(real, generated, k - 1) < 0.95
    with pytest.raises(Unmeasurable, match="2 generated and 4 real images"):
        fitted_neighborhood(4, 2)


# All of it in the component.


class Noise(Generator):
    """Draws what a perfect generator would."""

    def fit(self, train: TrainingSet, context: neuplug.FitContext) -> neuplug.FitRecord:
        return neuplug.FitRecord()

    def sample(self, labels: Tensor, seed: int) -> Tensor:
        return noise(len(labels), seed)

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Any) -> None:
        pass


def noise(n: int, seed: int, high: int = 200) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, high, (n, 1, 4, 4), dtype=torch.uint8, generator=rng)


def quarters(images: Tensor) -> Tensor:
    """Sixteen pixels to four features."""
    return images.float().view(len(images), 4, 4).mean(2)


def evaluate(folder: Path, generated: Tensor, real: Tensor, **options: Any) -> Evaluation:
    def a_set(kind: type[ImageSet], images: Tensor) -> Any:
        ids = tuple(map(str, range(len(images))))
        return kind(images, torch.arange(len(images)) % 2, CLASSES, ids)

    context = EvaluationContext(
        train=a_set(TrainingSet, real),
        test=a_set(HeldOutSet, real),
        generated=a_set(ImageSet, generated),
        logits=None,
        device=torch.device("cpu"),
        seed=3,
        folder=folder,
        generators={name: (ClassGenerator(Noise(), i),) for i, name in enumerate(CLASSES)},
        embedder=Embedder("smallcnn", quarters),
    )
    evaluator = neuplug.load("fid", **options)
    assert isinstance(evaluator, neuplug.Evaluator)
    return evaluator.evaluate(context)


def test_all_of_it_stands_beside(tmp_path: Path) -> None:
    found = evaluate(tmp_path, noise(80, 1), noise(60, 2))
    metrics, at = numbers(found), "frechet[smallcnn] at infinity"
    assert metrics[f"n: {at}"] == metrics["n"] == 80
    assert metrics[f"{at} low"] < metrics[at] < metrics[f"{at} high"]
    assert metrics[at] < metrics["frechet[smallcnn]"]  # the bias is gone
    assert metrics[f"{at} floor"] == pytest.approx(metrics[f"{at} at n floor"], abs=0.5)
    for name in ("kernel[smallcnn]", "kernel[smallcnn] patches"):
        assert metrics[f"{name} low"] < metrics[name] < metrics[f"{name} high"]
    assert metrics["density[smallcnn]"] == pytest.approx(1, abs=0.3)
    assert metrics["coverage[smallcnn]"] > 0.85
    assert {f"{m}[smallcnn] floor" for m in ("density", "coverage")} < set(metrics)
    figure, drawing = found.figures
    assert "at infinity" in drawing.read_text("utf-8")
    with Image.open(figure) as drawn:
        assert figure.parent == tmp_path and drawn.size == (840, 640)


def test_the_same_seed_gives_the_same_numbers(tmp_path: Path) -> None:
    first, again = (evaluate(tmp_path, noise(80, 1), noise(60, 2)) for _ in range(2))
    assert numbers(first) == numbers(again)


def test_a_collapse_is_dense_and_covers_little(tmp_path: Path) -> None:
    real = noise(60, 2)
    metrics = numbers(evaluate(tmp_path, real[:2].repeat(30, 1, 1, 1), real))
    assert metrics["density[smallcnn]"] > 0.7
    assert metrics["coverage[smallcnn]"] < 0.4


def test_too_few_images_are_no_line_but_a_sentence(tmp_path: Path) -> None:
    found = evaluate(tmp_path, noise(20, 1), noise(60, 2))
    assert not [name for name in numbers(found) if "infinity" in name]
    assert not found.figures
    sentence = (
        "frechet[smallcnn] at infinity was not measured: against real images of 4 dimensions it "
        "needs 30 generated ones, and there are 20."
    )
    assert sentence in found.warnings
    halves = evaluate(tmp_path, noise(40, 1), noise(40, 2))
    assert any(re.search(r"at infinity has no floor: .* are 20\.", w) for w in halves.warnings)


def test_several_sets_are_one_line(tmp_path: Path) -> None:
    metrics = numbers(evaluate(tmp_path, noise(4, 1), noise(20, 2), sets=3))
    assert (metrics["n"], metrics["n: frechet[smallcnn] at infinity"]) == (20, 60)
    assert "frechet[smallcnn] at infinity" in metrics


def test_few_images_have_no_interval_but_a_sentence(tmp_path: Path) -> None:
    found = evaluate(tmp_path, noise(16, 1), noise(60, 2))
    assert "kernel[smallcnn] low" in numbers(found)
    assert "kernel[smallcnn] patches low" not in numbers(found)
    assert (
        "kernel[smallcnn] patches has no interval: it needs 10 images on each side; there are "
        "8 and 30." in found.warnings
    )


def test_what_is_not_wanted_is_left_out(tmp_path: Path) -> None:
    some = numbers(evaluate(tmp_path, noise(80, 1), noise(60, 2), intervals=False))
    assert "frechet[smallcnn] at infinity" in some
    assert not [name for name in some if name.endswith((" low", " high"))]
    none = evaluate(tmp_path, noise(80, 1), noise(60, 2), extrapolate=False, dc=False)
    assert not [n for n in numbers(none) if "infinity" in n or "density" in n]
    assert not none.figures


def test_against_augmented_images_there_are_two_lines(tmp_path: Path) -> None:
    found = evaluate(
        tmp_path, noise(80, 1), noise(60, 2), against="both", augmenter="flip", kid=False
    )
    assert "frechet[smallcnn] vs augmented at infinity high" in numbers(found)
    assert len({file.stem for file in found.figures}) == 2
