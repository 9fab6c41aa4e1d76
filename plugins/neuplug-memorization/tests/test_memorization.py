"""The component ``memorization``: generators that copy, that do not, and that copy at times."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import neuplug
from neuplug import Embedder, Evaluation, EvaluationContext, HeldOutSet, ImageSet, TrainingSet

CLASSES = ("fine", "coarse")


def textures(n: int, seed: int, label: int) -> Tensor:
    """Blurred noise: no two alike."""
    rng = torch.Generator().manual_seed(seed)
    noise = torch.rand(n, 1, 16, 16, generator=rng)
    wide = 3 if label == 0 else 7
    smooth = torch.nn.functional.avg_pool2d(noise, wide, 1, wide // 2, count_include_pad=False)
    return ((smooth - 0.5) * 300 * wide / 3 + 128).clamp(0, 255).to(torch.uint8)


def images(kind: type[ImageSet], n: int, seed: int) -> ImageSet:
    pixels = torch.cat([textures(n, seed + label, label) for label in range(2)])
    labels = torch.arange(2).repeat_interleave(n)
    return kind(pixels, labels, CLASSES, tuple(f"{seed}/{i}" for i in range(2 * n)))


TRAIN = images(TrainingSet, 30, 0)
TEST = images(HeldOutSet, 120, 10)


def evaluate(
    folder: Path, generated: ImageSet, test: ImageSet = TEST, **options: object
) -> Evaluation:
    folder.mkdir(exist_ok=True)
    evaluator = neuplug.load("memorization", **options)
    assert isinstance(evaluator, neuplug.Evaluator)
    assert isinstance(TRAIN, TrainingSet) and isinstance(test, HeldOutSet)
    context = EvaluationContext(
        train=TRAIN,
        test=test,
        generated=generated,
        logits=None,
        device=torch.device("cpu"),
        seed=0,
        folder=folder,
        embedder=Embedder(
            "pooled", lambda x: torch.nn.functional.avg_pool2d(x.float(), 4).flatten(1)
        ),
    )
    return evaluator.evaluate(context)


def copies(n: int, noise: float) -> ImageSet:
    """Training images with some noise."""
    rng = torch.Generator().manual_seed(5)
    index = torch.cat([torch.arange(30).repeat(n)[:n] + 30 * label for label in range(2)])
    pixels = TRAIN.images[index].float() + noise * torch.randn(2 * n, 1, 16, 16, generator=rng)
    pixels = pixels.round().clamp(0, 255).to(torch.uint8)
    return ImageSet(pixels, TRAIN.labels[index], CLASSES, tuple(map(str, range(2 * n))))


@pytest.mark.parametrize("noise", [0.0, 4.0])
def test_copies_are_found_out(tmp_path: Path, noise: float) -> None:
    found = evaluate(tmp_path, copies(60, noise))
    assert sum(m.n for m in found.metrics if m.name == "copies, pixels" and m.class_name) == 120
    for space in ("pixels", "features"):
        assert found.metric(f"copies, {space}").value == 1
        assert found.metric(f"copying, {space}").value == 1
        assert found.metric(f"nearer to training, {space}").value == 1
        assert found.metric(f"copies, {space}", "coarse").value == 1
    assert len(found.warnings) == 2
    assert "100 % of the generated images of fine are copies" in found.warnings[0]


def test_new_images_of_the_same_kind_are_no_copies(tmp_path: Path) -> None:
    found = evaluate(tmp_path, images(ImageSet, 300, 20))
    for space in ("pixels", "features"):
        assert found.metric(f"copies, {space}").value < 0.05
        assert found.metric(f"copying, {space}").value == pytest.approx(0.5, abs=0.06)
        assert found.metric(f"nearer to training, {space}").value == pytest.approx(0.5, abs=0.12)
        assert found.metric(f"nearer to training, {space}").reference == pytest.approx(0.5, abs=0.2)
    assert found.warnings == ()


def test_a_few_copies_among_new_images_are_counted(tmp_path: Path) -> None:
    new, old = images(ImageSet, 100, 20), copies(10, 3.0)
    mixed = ImageSet(
        torch.cat([new.images, old.images]),
        torch.cat([new.labels, old.labels]),
        CLASSES,
        tuple(map(str, range(220))),
    )
    found = evaluate(tmp_path, mixed)
    assert found.metric("copies, pixels").value == pytest.approx(10 / 110, abs=0.03)


ALTERED: dict[str, Callable[[Tensor], Tensor]] = {
    "brighter": lambda x: x + 25,
    "paler": lambda x: 0.5 * x + 64,
    "blurred": lambda x: torch.nn.functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False),
}


@pytest.mark.parametrize("how", ALTERED)
def test_altered_copies_are_found_out_by_pixels(tmp_path: Path, how: str) -> None:
    same = copies(60, 0.0)
    pixels = ALTERED[how](same.images.float()).round().clamp(0, 255).to(torch.uint8)
    found = evaluate(tmp_path, ImageSet(pixels, same.labels, CLASSES, same.ids), features=False)
    assert found.metric("copies, pixels").value > 0.7
    assert len(found.warnings) == 2


SMOOTH: dict[str, Callable[[Tensor], Tensor]] = {
    "blurred": lambda x: torch.nn.functional.avg_pool2d(x, 5, 1, 2, count_include_pad=False),
    "blurred more": lambda x: torch.nn.functional.avg_pool2d(x, 11, 1, 5, count_include_pad=False),
    "flat": lambda x: x.mean((2, 3), keepdim=True).expand_as(x),
    "pale": lambda x: 0.3 * x + 0.7 * x.mean((2, 3), keepdim=True),
}


@pytest.mark.parametrize("how", SMOOTH)
def test_new_images_without_detail_are_no_copies(tmp_path: Path, how: str) -> None:
    """Though by distance most are nearer to a training image than any real image is."""
    new = images(ImageSet, 150, 20)
    pixels = SMOOTH[how](new.images.float()).round().clamp(0, 255).to(torch.uint8)
    fine = new.labels == 0
    ways = [
        neuplug.nearest(x[fine].flatten(1), TRAIN.images[:30].flatten(1))[0]
        for x in (pixels, new.images)
    ]
    assert ways[0].median() < ways[1].min()
    found = evaluate(tmp_path, ImageSet(pixels, new.labels, CLASSES, new.ids), features=False)
    assert found.metric("copies, pixels").value < 0.05
    assert found.metric("copying, pixels").value < 0.75
    assert found.warnings == ()


def test_images_like_nothing_are_no_copies(tmp_path: Path) -> None:
    rng = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, (40, 1, 16, 16), generator=rng, dtype=torch.uint8)
    far = ImageSet(noise, torch.arange(40) % 2, CLASSES, tuple(map(str, range(40))))
    found = evaluate(tmp_path, far, features=False)
    assert found.metric("copies, pixels").value == 0
    assert found.metric("copying, pixels").value < 0.5
    assert not any("features" in metric.name for metric in found.metrics)


def test_the_closest_pair_is_in_the_figure(tmp_path: Path) -> None:
    """One planted copy among new images stands first, above its training image."""
    new = images(ImageSet, 20, 20)
    pixels = new.images.clone()
    pixels[7] = TRAIN.images[11]
    found = evaluate(tmp_path, ImageSet(pixels, new.labels, CLASSES, new.ids), pairs=3)
    assert [f.name for f in found.figures] == [
        "0-fine-closest-pairs.png",
        "1-coarse-closest-pairs.png",
    ]
    with Image.open(found.figures[0]) as opened:
        page = torch.from_numpy(np.asarray(opened.convert("L")).copy()).float()
    # the first image and the one below it are the same pixels
    side = round((4.2 - 0.16 - 2 * 0.03) / 3 * 200)
    left = round(0.08 * 200)
    top, below = round(0.72 * 200), round((0.72 + 0.22 + 0.03) * 200) + side
    first, second = (
        page[y + 4 : y + side - 4, left + 4 : left + side - 4].float() for y in (top, below)
    )
    assert (first - second).abs().mean() < 4 < first.std()


def test_the_same_seed_gives_the_same(tmp_path: Path) -> None:
    new = images(ImageSet, 20, 20)
    one, other = evaluate(tmp_path / "a", new), evaluate(tmp_path / "b", new)
    assert one.metrics == other.metrics
    assert [f.read_bytes() for f in one.figures] == [f.read_bytes() for f in other.figures]


def test_classes_that_cannot_be_measured_are_named(tmp_path: Path) -> None:
    lone = TEST.subset([0, 120, 121])
    test = HeldOutSet(lone.images, lone.labels, lone.classes, lone.ids)
    found = evaluate(tmp_path, images(ImageSet, 5, 20), test)
    assert "memorization left out fine" in found.warnings[0]
    assert {metric.class_name for metric in found.metrics} == {None, "coarse"}


def test_in_a_run_the_control_is_found_out(tmp_path: Path) -> None:
    result = neuplug.compose(
        ImageSet(
            torch.cat([TRAIN.images, TEST.images]),
            torch.cat([TRAIN.labels, TEST.labels]),
            CLASSES,
            tuple(map(str, range(300))),
        ),
        aug=["duplicate"],
        clf=["smallcnn"],
        eval=["memorization"],
        per_class=30,
        add=20,
        repeats=1,
        workers=0,
        project=tmp_path,
        training={"steps": 5},
    )
    (row,) = result.results.evaluations
    assert (
        row.error is None and row.metrics[0].name == "copies, pixels" and row.metrics[0].value == 1
    )
    assert any("are copies of training images" in w for w in result.results.warnings)
