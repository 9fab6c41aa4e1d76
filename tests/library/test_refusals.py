"""What the steps say to images of the wrong kind or shape, and what else they take."""

from __future__ import annotations

from dataclasses import replace
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


def composed(images: neuplug.ImageSet) -> Any:
    return neuplug.compose(images, aug="echo", clf="conv", report=False)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda images: neuplug.load(5), "a component's name must be text such as flip, not int."),
        (lambda images: neuplug.build_arm(5, images), "arm must be text such as flip@add=3, not i"),
        (lambda images: neuplug.fit_generator(5, images), "int is not a generator."),
        (lambda images: neuplug.Arm(5), "an arm must be a list of stages, not int."),
        (lambda images: neuplug.Arm([5]), "a stage of an arm must be text or a component, not int"),
        (lambda images: neuplug.compose(None), "compose.data is a path or an ImageSet, not NoneTy"),
        (
            lambda images: neuplug.compose(images, aug="echo", clf="conv", on_event=5),
            "on_event must be a function of an event, not int.",
        ),
        (
            lambda images: neuplug.compose(images, aug="echo", clf="conv", imgsz=64, strict=True),
            "imgsz and strict are for images in files, and those in memory are taken as they are",
        ),
        (lambda images: neuplug.load_dataset(5), "data must be a path, or demo, not int."),
        (lambda images: neuplug.load_dataset("x", imgsz="x"), "imgsz = 'x': give pixels, such as"),
        (
            lambda images: neuplug.load_dataset("http://a/b"),
            "there is no file or folder http://a/b",
        ),
        (lambda images: neuplug.read_results(5), "a run's folder must be a path, not int."),
        (lambda images: neuplug.compare(5), "scores must be a mapping of arms to arrays, not int."),
        (lambda images: replace(images, labels=[0]), "labels must be a Tensor; neuplug.training_s"),
        (lambda images: replace(images, ids=None), "ids must be a tuple; neuplug.training_set mak"),
        (
            lambda images: replace(images, classes=(1, 2)),
            "classes and ids of images must be text.",
        ),
        (
            lambda images: replace(images, ids=tuple(range(len(images)))),
            "classes and ids of images must be text.",
        ),
        (
            lambda images: composed(replace(images, ids=("x",) * len(images))),
            "'x' is the id of several images: give each its own.",
        ),
        (
            lambda images: neuplug.fit_classifier("conv", images, None, None),
            "classifier must be a neuplug.Classifier, as neuplug.load returns it, not str.",
        ),
        (
            lambda images: neuplug.fit_classifier(neuplug.load("conv"), images, {}, None),
            "options must be neuplug.TrainingOptions, not dict.",
        ),
    ],
)
def test_arguments_of_other_types_are_refused(
    bars: neuplug.TrainingSet, call: Any, sentence: str
) -> None:
    with pytest.raises(neuplug.InputError) as raised:
        call(bars)
    assert str(raised.value).startswith(sentence)


def test_a_fitted_generator_has_the_components_name(bars: neuplug.TrainingSet) -> None:
    for given in ("jitter", "neuplug-lab:jitter", neuplug.load("jitter", steps=2)):
        assert neuplug.fit_generator(given, bars, device="cpu").name == "jitter"


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
