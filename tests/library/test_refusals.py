"""What the steps say to images of the wrong kind or shape, and what else they take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import neuplug

CPU = torch.device("cpu")


def fit(train: Any) -> Any:
    options = neuplug.TrainingOptions(steps=2)
    return neuplug.fit_classifier(
        neuplug.load("smallcnn"), train, options, neuplug.FitContext(CPU, 0, "smallcnn")
    )


@pytest.mark.parametrize(
    ("step", "who"),
    [
        (lambda images: neuplug.build_arm("duplicate@add=3", images), "arm duplicate@add=3"),
        (lambda images: neuplug.build_arm("none", images), "arm none"),
        (lambda images: neuplug.fit_generator("duplicate", images, device="cpu"), "duplicate"),
        (fit, "smallcnn"),
    ],
)
def test_nothing_learns_from_held_out_images(
    bars: neuplug.TrainingSet, step: Any, who: str
) -> None:
    plain = neuplug.ImageSet(bars.images, bars.labels, bars.classes, bars.ids)
    for images, kind in ((neuplug.held_out(bars), "HeldOutSet"), (plain, "ImageSet")):
        with pytest.raises(neuplug.InputError) as raised:
            step(images)
        assert str(raised.value).startswith(
            f"{who} learns from a neuplug.TrainingSet, not a {kind}: give "
        )
    assert step(bars)


def test_swapped_parts_are_told(bars: neuplug.TrainingSet) -> None:
    parts: dict[str, Any] = {"train": bars, "test": neuplug.held_out(bars)}
    by_pixels = neuplug.load("memorization", features=False)
    swapped = {"train": parts["test"], "test": parts["train"]}
    for wrong, sentence in (
        (swapped, "train must be a neuplug.TrainingSet, not a HeldOutSet"),
        ({**parts, "test": bars}, "test must be a neuplug.HeldOutSet, not a TrainingSet"),
    ):
        with pytest.raises(neuplug.InputError, match=sentence):
            neuplug.evaluate(by_pixels, generated=bars, device="cpu", **wrong)
    assert neuplug.evaluate(by_pixels, generated=bars, device="cpu", **parts).metrics


def test_a_network_with_a_logit_too_many_is_refused(bars: neuplug.TrainingSet) -> None:
    class Spare(type(neuplug.load("smallcnn"))):  # type: ignore[misc]
        def build(self, num_classes: int, *others: Any) -> Any:
            return super().build(num_classes + 1, *others)

    with pytest.raises(TypeError, match=r"logits of shape \(\d+, 3\) instead of \(\d+, 2\)"):
        neuplug.fit_classifier(
            Spare(), bars, neuplug.TrainingOptions(steps=2), neuplug.FitContext(CPU, 0)
        )


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        ((4, 1, 32, 30), r"\(N, H, W, C\) .*not \(4, 1, 32, 30\); .*torch\.from_numpy"),
        ((4, 3, 32, 30), r"\(N, H, W, C\) .*not \(4, 3, 32, 30\); .*torch\.from_numpy"),
        ((4, 32, 30, 4), r"\(N, H, W, C\) with C 1 or 3, not \(4, 32, 30, 4\)$"),
    ],
)
def test_arrays_with_channels_elsewhere(shape: tuple[int, ...], sentence: str) -> None:
    images = np.zeros(shape, dtype=np.uint8)
    with pytest.raises(ValueError, match=sentence):
        neuplug.training_set(images, [0, 1] * 2)
    with pytest.raises(ValueError, match=sentence):
        neuplug.ImageClassifier("smallcnn", device="cpu").fit(images, [0, 1] * 2)
    if shape[1] in (1, 3):  # what the sentence says to do
        taken = neuplug.training_set(torch.from_numpy(images), [0, 1] * 2)
        assert taken.images.shape == shape


def test_the_last_axis_is_the_channels_where_both_could_be() -> None:
    images = np.zeros((4, 3, 32, 3), dtype=np.uint8)
    assert neuplug.training_set(images, [0, 1] * 2).images.shape == (4, 3, 3, 32)
    assert neuplug.training_set(torch.from_numpy(images), [0, 1] * 2).images.shape == images.shape


def test_other_types_are_refused_in_a_sentence(bars: neuplug.TrainingSet) -> None:
    fitted, _ = fit(bars)
    wrong: Any = bars.images
    with pytest.raises(TypeError, match=r"predict takes a neuplug\.ImageSet, not Tensor: classify"):
        fitted.predict(wrong)
    assert torch.equal(fitted.predict(bars), fitted.classify(bars.images))
    images: Any = bars
    with pytest.raises(TypeError, match=r"not TrainingSet: .*neuplug\.Dataset\.from_imageset"):
        neuplug.draw_split(images, seed=0, repeat=0)
    data = neuplug.Dataset.from_imageset(bars)
    assert neuplug.draw_split(data, seed=0, repeat=0).train


def test_one_number_is_both_sides() -> None:
    one, two = (neuplug.load_dataset("demo", imgsz=size) for size in (32, (32, 32)))
    assert one.images.image_size == (32, 32) and one.key == two.key
    with pytest.raises(neuplug.InputError, match="image size 0x0"):
        neuplug.load_dataset("demo", imgsz=0)


def test_a_run_folder_may_be_a_text(bars: neuplug.TrainingSet, tmp_path: Path) -> None:
    result = neuplug.compose(
        bars,
        clf=["smallcnn"],
        per_class=4,
        repeats=1,
        workers=0,
        project=tmp_path,
        training={"steps": 2},
    )
    text = str(result.folder)
    assert neuplug.read_results(text) == neuplug.read_results(result.folder)
    assert neuplug.FinishedRun.read(text).results == result.results
