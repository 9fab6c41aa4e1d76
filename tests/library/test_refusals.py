"""What the steps say to images of the wrong kind or shape, and what else they take."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import neuplug

CPU = torch.device("cpu")


def fit(train: Any) -> Any:
    options = neuplug.TrainingOptions(steps=2)
    return neuplug.fit_classifier(
        neuplug.load("conv"), train, options, neuplug.FitContext(CPU, 0, "conv")
    )


@pytest.mark.parametrize(
    ("step", "who"),
    [
        (lambda images: neuplug.build_arm("echo@add=3", images), "arm echo@add=3"),
        (lambda images: neuplug.build_arm("none", images), "arm none"),
        (lambda images: neuplug.fit_generator("echo", images, device="cpu"), "echo"),
        (fit, "conv"),
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
