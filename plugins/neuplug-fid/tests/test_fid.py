"""The component ``fid`` on a classifier's features, with planted answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
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
    InputError,
    NeuplugError,
    TrainingSet,
)
from neuplug_fid.measures import Unmeasurable, frechet_distance, kernel_distance
from neuplug_fid.sample import Sample, halve

from .flat import numbers

CLASSES = ("crazing", "patches")
CPU = torch.device("cpu")
SIDE = 8


def surface(n: int, seed: int, low: int = 0, high: int = 200) -> Tensor:
    """Grey noise images."""
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(low, high, (n, 1, SIDE, SIDE), dtype=torch.uint8, generator=rng)


def a_set(kind: type[ImageSet], images: Tensor, labels: Tensor | None = None) -> Any:
    if labels is None:
        labels = torch.arange(len(images)) % len(CLASSES)
    return kind(images, labels, CLASSES, tuple(f"{i:03d}" for i in range(len(images))))


def projection(images: Tensor) -> Tensor:
    """64 pixels to 16 features, always the same way."""
    rng = torch.Generator().manual_seed(0)
    pixels = images.flatten(1).float() / 255
    return pixels @ torch.randn(pixels.shape[1], 16, generator=rng)


def pixels(images: Tensor) -> Tensor:
    return images.flatten(1).float()


class Surfaces(Generator):
    """Draws what a perfect generator would: more of the same noise."""

    def fit(self, train: TrainingSet, context: neuplug.FitContext) -> neuplug.FitRecord:
        return neuplug.FitRecord()

    def sample(self, labels: Tensor, seed: int) -> Tensor:
        return surface(len(labels), seed)

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Any) -> None:
        pass


def evaluate(
    folder: Path,
    generated: Tensor,
    real: Tensor,
    embed: Callable[[Tensor], Tensor] = projection,
    labels: Tensor | None = None,
    test: Tensor | None = None,
    seed: int = 3,
    **options: Any,
) -> Evaluation:
    context = EvaluationContext(
        train=a_set(TrainingSet, real),
        test=a_set(HeldOutSet, real if test is None else test),
        generated=a_set(ImageSet, generated, labels),
        logits=None,
        device=CPU,
        seed=seed,
        folder=folder,
        generators={name: (ClassGenerator(Surfaces(), i),) for i, name in enumerate(CLASSES)},
        embedder=Embedder("smallcnn", embed),
    )
    evaluator = neuplug.load("fid", **options)
    assert isinstance(evaluator, neuplug.Evaluator)
    return evaluator.evaluate(context)


def test_identical_sets_are_at_no_distance(tmp_path: Path) -> None:
    images = surface(40, 1)
    metrics = numbers(evaluate(tmp_path, images, images))
    assert metrics["frechet[smallcnn]"] == pytest.approx(0, abs=1e-5)
    assert -1 < metrics["kernel[smallcnn]"] <= 0  # unbiased, so not above 0
    assert metrics["precision[smallcnn]"] == metrics["recall[smallcnn]"] == 1
    assert metrics["n"] == metrics["n real"] == 40


def test_a_shift_is_measured_to_its_square(tmp_path: Path) -> None:
    """The same images 10 grey levels lighter: covariances are equal, means differ by (10, ...)."""
    images = surface(30, 2)
    wanted = SIDE * SIDE * 10**2 / float(pixels(images).var(0, correction=0).mean())
    for factor in (1, 7):  # a classifier's features have no scale of their own
        metrics = numbers(
            evaluate(tmp_path, images + 10, images, lambda x, f=factor: f * pixels(x))
        )
        assert metrics["frechet[smallcnn]"] == pytest.approx(wanted, rel=1e-5)


def test_noise_is_far_above_the_floor_and_outside(tmp_path: Path) -> None:
    real, noise = surface(40, 1, 100, 120), surface(40, 2, 0, 255)
    metrics = numbers(evaluate(tmp_path, noise, real))
    for name in ("frechet", "kernel"):
        floor = metrics[f"{name}[smallcnn] floor"]
        assert metrics[f"{name}[smallcnn]"] > 10 * abs(floor)
    assert metrics["precision[smallcnn]"] == 0
    assert metrics["precision[smallcnn] floor"] > 0.5


def test_far_images_have_neither_precision_nor_recall(tmp_path: Path) -> None:
    metrics = numbers(evaluate(tmp_path, surface(20, 1, 0, 20), surface(20, 2, 230, 255)))
    assert metrics["precision[smallcnn]"] == metrics["recall[smallcnn]"] == 0


def test_more_of_the_same_meets_the_floor_at_its_count(tmp_path: Path) -> None:
    """At 60 images the distance is below the floor of 30: only ``at n floor`` compares."""
    metrics = numbers(evaluate(tmp_path, surface(60, 1), surface(60, 2), halvings=20))
    floor = metrics["frechet[smallcnn] floor"]
    assert metrics["n floor"] == 30
    assert metrics["frechet[smallcnn]"] < 0.7 * floor
    assert metrics["frechet[smallcnn] at n floor"] == pytest.approx(floor, rel=0.1)


def test_kernel_distance_of_few_images_is_the_definition() -> None:
    ours, theirs = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(1)).double()

    def kernel(x: Tensor, y: Tensor) -> float:
        return float((x @ y / 7 + 1) ** 3)

    def within(s: Tensor) -> float:
        return sum(kernel(s[i], s[j]) for i in range(5) for j in range(5) if i != j) / 20

    between = sum(kernel(x, y) for x in ours for y in theirs) / 25
    wanted = within(ours) + within(theirs) - 2 * between
    assert kernel_distance(ours, theirs, 100, 1000) == pytest.approx(wanted, rel=1e-9)


def test_fewer_dimensions_leave_the_frechet_distance_as_it_is() -> None:
    from torch_fidelity import metric_fid

    rng = torch.Generator().manual_seed(1)
    ours, theirs = torch.rand(9, 90, generator=rng), torch.rand(12, 90, generator=rng)
    whole = metric_fid.fid_statistics_to_metric(
        metric_fid.fid_features_to_statistics(ours),
        metric_fid.fid_features_to_statistics(theirs),
        verbose=False,
    )
    assert frechet_distance(ours, theirs) == pytest.approx(
        whole["frechet_inception_distance"], rel=1e-5
    )


def test_halves_are_disjoint_and_alike() -> None:
    labels = torch.tensor([0] * 7 + [1] * 4 + [2] * 6)
    real = Sample({"x": torch.arange(17.0).view(-1, 1)}, labels)
    generated = Sample({"x": 100 + torch.arange(17.0).view(-1, 1)}, labels.flip(0))
    halving = halve(real, generated.pick(generated.labels != 2), 1)
    parts = (halving.one, halving.other, halving.generated)
    for part in parts:
        assert part.labels.bincount(minlength=3).tolist() == [3, 2, 0]
        assert torch.equal(part.labels, halving.one.labels)
    values = torch.cat([p.features["x"] for p in parts]).flatten().tolist()
    assert len(set(values)) == 15
    assert min(halving.generated.features["x"]) >= 100
    other = halve(real, generated, 2)
    assert not torch.equal(halving.one.features["x"][:3], other.one.features["x"][:3])


def test_per_class(tmp_path: Path) -> None:
    """Only the second class is bad, and only its number says so."""
    real, generated = surface(40, 1, 90, 130), surface(40, 2, 90, 130)
    generated[1::2] = surface(20, 3, 0, 255)
    found = evaluate(tmp_path, generated, real, fid_per_class=True)
    metrics = numbers(found)
    assert any("of single classes, from 20 images on" in w for w in found.warnings)
    assert metrics["n patches"] == 20
    for name in ("frechet[smallcnn]", "kernel[smallcnn]"):
        assert metrics[f"{name} patches"] > 5 * metrics[f"{name} crazing"]
        assert f"{name} patches floor" in metrics
    names = numbers(evaluate(tmp_path, generated, real, kid_per_class=False))
    assert not [name for name in names if "patches" in name or "crazing" in name]


def test_real_images_of_classes_far_apart_are_at_0(tmp_path: Path) -> None:
    """Of both the distance and its floor, where torch-fidelity's on all of them is not."""

    def classes_apart(seed: int) -> Tensor:
        images = surface(24, seed, 0, 40)
        images[1::2] += 200
        return images

    found, usual = [], []
    for seed in range(20):
        ours, theirs = classes_apart(seed), classes_apart(100 + seed)
        metrics = numbers(evaluate(tmp_path, ours, theirs, pixels, fid=False, prc=False, dc=False))
        found.append([metrics["kernel[smallcnn]"], metrics["kernel[smallcnn] floor"]])
        a, b = (pixels(images).sub(110).div(100) for images in (ours, theirs))
        usual.append(kernel_distance(a, b, 1, 24))
        assert metrics["kernel[smallcnn] low"] < 0 < metrics["kernel[smallcnn] high"]
    values, pooled = torch.tensor(found), torch.tensor(usual)
    assert (values.mean(0).abs() < 3 * values.std(0) / 20**0.5).all()
    assert pooled.mean() < -10 * pooled.std() / 20**0.5


def test_a_single_class_has_torch_fidelitys_kernel_distance(tmp_path: Path) -> None:
    """With as many subsets as asked for, where one side has more images."""
    real, generated = surface(30, 1), surface(12, 2)
    labels = torch.zeros(12, dtype=torch.int64)
    metrics = numbers(evaluate(tmp_path, generated, real, labels=labels, kid_subsets=7))
    points = [Sample({"x": projection(images)}, torch.zeros(1)) for images in (generated, real)]
    ours, theirs = (s.standardised(points[1]).features["x"] for s in points)
    wanted = kernel_distance(ours, theirs[::2], 7, 1000)
    assert metrics["kernel[smallcnn]"] == pytest.approx(wanted, rel=1e-5)
    assert metrics["kernel[smallcnn]"] == metrics["kernel[smallcnn] crazing"]


def test_a_class_with_one_image_is_named_as_left_out(tmp_path: Path) -> None:
    real, generated = surface(20, 1), surface(9, 2)
    labels = torch.tensor([0] * 8 + [1])
    found = evaluate(tmp_path, generated, real, labels=labels)
    sentence = "leaves out patches: it takes two images of a class on each side."
    assert f"kernel[smallcnn] {sentence}" in found.warnings
    assert f"kernel[smallcnn] floor {sentence}" in found.warnings
    assert numbers(found)["kernel[smallcnn]"] == numbers(found)["kernel[smallcnn] crazing"]
    whole = evaluate(tmp_path, surface(20, 2), real)
    assert not [warning for warning in whole.warnings if "leaves out" in warning]


def test_names_say_whose_features(tmp_path: Path) -> None:
    images = surface(12, 1)
    metrics = numbers(evaluate(tmp_path, images, images))
    assert not [name for name in metrics if name.split()[0] in ("fid", "kid")]
    off = {"prc": False, "kid": "false", "dc": False}
    few = numbers(evaluate(tmp_path, images, images, halvings=0, **off))
    assert set(few) == {"n", "n real", "frechet[smallcnn]", "n: frechet[smallcnn]"}


def test_several_sets(tmp_path: Path) -> None:
    options = {"sets": 4, "halvings": 3, "kid": False}
    found = evaluate(tmp_path, surface(6, 1), surface(20, 2), **options)
    metrics = numbers(found)
    assert metrics["n"] == metrics["n real"] == 20  # as large as the real one
    assert 0 < metrics["frechet[smallcnn] std"] < metrics["frechet[smallcnn]"]
    assert metrics == numbers(evaluate(tmp_path, surface(6, 1), surface(20, 2), **options))
    other = numbers(evaluate(tmp_path, surface(6, 1), surface(20, 2), seed=4, **options))
    assert metrics["frechet[smallcnn]"] != other["frechet[smallcnn]"]


def test_what_it_needs() -> None:
    def needs(**options: Any) -> frozenset[str]:
        evaluator = neuplug.load("fid", **options)
        assert isinstance(evaluator, neuplug.Evaluator)
        return evaluator.needs

    assert needs() == {"generated", "embedder"}
    assert needs(sets="10") == {"generated", "embedder", "generators"}


def test_against_augmented_images(tmp_path: Path) -> None:
    """Generated images that are the real ones mirrored: the augmented set, and not the real."""
    real = surface(24, 1) // 4 + torch.arange(0, 80, 10, dtype=torch.uint8)
    options = {"augmenter": "flip", "augmenter_options": {"horizontal": 1.0, "vertical": 0.0}}
    metrics = numbers(evaluate(tmp_path, real.flip(3), real, against="both", **options))
    assert metrics["frechet[smallcnn] vs augmented"] == pytest.approx(0, abs=1e-5)
    assert metrics["frechet[smallcnn]"] > metrics["frechet[smallcnn] floor"]
    alone = numbers(evaluate(tmp_path, real.flip(3), real, against="augmented", **options))
    assert "frechet[smallcnn]" not in alone
    assert alone["kernel[smallcnn] vs augmented patches"] <= 0


def test_the_reference_may_be_the_test_images(tmp_path: Path) -> None:
    train, test = surface(20, 1), surface(16, 2, 0, 90)
    metrics = numbers(evaluate(tmp_path, test, train, test=test, reference="test"))
    assert metrics["frechet[smallcnn]"] == pytest.approx(0, abs=1e-5)
    assert metrics["n real"] == 16


def test_few_images_are_said_to_be_few(tmp_path: Path) -> None:
    found = evaluate(tmp_path, surface(6, 1), surface(6, 2))
    text = " ".join(found.warnings)
    assert "6 generated and 6 real images are fewer than 2048, so it comes out too high" in text
    assert "precision[smallcnn] and recall[smallcnn] has no floor: it needs 4 images" in text
    assert "precision[smallcnn]" in numbers(found)
    two = evaluate(tmp_path, surface(2, 1), surface(2, 2))
    assert "recall[smallcnn] was not measured: it needs 4 images on each side" in " ".join(
        two.warnings
    )
    assert "frechet[smallcnn]" in numbers(two)
    assert "kernel[smallcnn]" not in numbers(two)
    sentence = "kernel[smallcnn] was not measured: no class has two images on each side."
    assert sentence in two.warnings
    four = evaluate(tmp_path, surface(4, 1), surface(4, 2))
    assert "kernel[smallcnn]" in numbers(four)
    sentence = "kernel[smallcnn] has no floor: no class has two images on each side."
    assert sentence in four.warnings


def test_classes_without_partners(tmp_path: Path) -> None:
    real = surface(20, 1)
    only = evaluate(tmp_path, real[::2], real, labels=torch.zeros(10, dtype=torch.int64))
    assert numbers(only)["frechet[smallcnn]"] == pytest.approx(0, abs=1e-5)  # of that class alone
    assert numbers(only)["n real"] == 10
    assert "fid left out patches: it has no generated images to compare." in only.warnings
    skewed = evaluate(tmp_path, real, real, labels=torch.tensor([0] * 15 + [1] * 5))
    assert any("other shares of the generated" in w for w in skewed.warnings)


def test_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(NeuplugError, match="no class has both real and generated images"):
        evaluate(tmp_path, surface(0, 1), surface(4, 1))


def test_features_that_are_not_finite(tmp_path: Path) -> None:
    with pytest.raises(NeuplugError, match="features of smallcnn are not finite"):
        evaluate(tmp_path, surface(8, 1), surface(8, 1), lambda x: pixels(x) / 0)


def test_features_too_large_for_the_kernel(tmp_path: Path) -> None:
    def bright(images: Tensor, value: float = 1e20) -> Tensor:
        return torch.where(images > 200, value, pixels(images).view(images.shape)).flatten(1)

    found = evaluate(tmp_path, surface(8, 1, 0, 255), surface(8, 2), bright)
    assert numbers(found)["kernel[smallcnn]"] > 1e90  # in float64; torch-fidelity takes float32
    for name in CLASSES:
        assert f"kernel[smallcnn] {name}" not in numbers(found)
        sentence = f"kernel[smallcnn] {name} was not measured: its value is not finite."
        assert sentence in found.warnings
    assert numbers(found)["frechet[smallcnn]"] > 0
    larger = evaluate(
        *(tmp_path, surface(8, 1, 0, 255), surface(8, 2, 0, 255), lambda x: bright(x, 3e38)),
        **{"fid": False, "prc": False, "dc": False, "kid_per_class": False},
    )
    assert "kernel[smallcnn]" not in numbers(larger)
    assert "kernel[smallcnn] was not measured: its value is not finite." in larger.warnings


def test_a_failing_square_root_is_a_sentence() -> None:
    with pytest.raises(Unmeasurable, match="matrix square root failed"):
        frechet_distance(torch.full((3, 2), torch.nan), torch.zeros(3, 2))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"extractor": "inception"}, r"There are: classifier, inception-v3-compat, vgg16, clip-"),
        ({"extractor": "vgg-16"}, r"Did you mean vgg16\?"),
        ({"fid": 0, "kid": 0, "prc": 0, "dc": 0}, r"fid: there is nothing to measure"),
        ({"weights": "x.pth"}, r"extractor=classifier is trained in the run"),
        ({"layer": "2048"}, r"extractor=classifier is trained in the run"),
        ({"sets": 0}, r"fid\.sets = 0"),
        ({"against": "augmented", "reference": "test"}, r"add reference=train"),
        ({"augmenter_options": {"x": 1}}, r"with against=augmented or both"),
        ({"against": "both", "augmenter": "flop"}, r"Did you mean flip\?"),
        ({"against": "both", "augmenter": "smallcnn"}, r"fid\.augmenter = smallcnn: that is no"),
        (
            {"against": "both", "augmenter": "flip", "augmenter_options": {"horizontal": 2}},
            r"flip\.horizontal = 2",
        ),
    ],
)
def test_bad_options(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        neuplug.load("fid", **options).check_images(1, (64, 64))
