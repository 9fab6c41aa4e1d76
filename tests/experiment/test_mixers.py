"""Mixers in arms: where they stand, what they are given, and what comes of what they return."""

from __future__ import annotations

import csv
import hashlib
from typing import Any

import pytest
import torch
from neuplug_tests.bars import draw_bars
from neuplug_tests.hearing import Hearing
from neuplug_tests.lab import Log

import neuplug
from neuplug import ImageSet, InputError, Mixer, PluginError

NONSENSE = [
    (
        "blend@add=3",
        r"blend@add=3: blend is a mixer\. It mixes each batch anew and makes",
    ),
    ("mirror+blend@to=30", r"blend@to=30: blend is a mixer"),
    ("blend@replace", "leave amounts, keep=, only=, except=, runs= and filter= out"),
    ("blend@keep=real", "blend is a mixer"),
    ("blend@only=lying", "blend is a mixer"),
    ("blend@except=lying", "blend is a mixer"),
    ("blend@runs=2", "blend is a mixer"),
    ("blend@filter=copies", "blend is a mixer"),
    ("blend+mirror", r"blend\+mirror: the mixer blend must be the last stage"),
    ("blend+mirror@add=3", "the mixer blend must be the last stage"),
    ("blend+jitter", "the mixer blend must be the last stage"),
    ("blend+blend@weight=0.2", "an arm has one mixer at most"),
    ("mirror+blend+mixed-sum", "an arm has one mixer at most"),
    ("blend@weigth=0.2", r"neither an amount nor an option\. Did you mean weight"),
    ("blend@weight=2", r"blend\.weight = 2: input should be less than"),
]


def test_a_mixer_that_makes_no_sense(ask: Any) -> None:
    for arm, sentence in NONSENSE:
        with pytest.raises(InputError, match=sentence):
            ask(aug=[arm])


def test_amounts_without_anything_that_makes_images(ask: Any) -> None:
    for wanted in ({"add": 3}, {"save_generated": True}):
        with pytest.raises(InputError, match="has no effect, since no arm makes images by it"):
            ask(aug=["mirror+blend"], **wanted)


def digests(images: torch.Tensor) -> set[str]:
    return {hashlib.sha256(image.contiguous().numpy()).hexdigest() for image in images}


def test_it_mixes_training_images_after_the_augmenters(ask: Any, lab: Log, bars: ImageSet) -> None:
    result = ask(aug=["invert+blend"], repeats=1)
    with (result.folder / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    train = [bars.ids.index(r["id"]) for r in rows if r["split"] == "train" and r["arm"] == "none"]
    seen = [entry for entry in lab() if entry["what"] == "mix"]
    assert len(train) == 12 and len(seen) == 10  # steps
    given = {image for entry in seen for image in entry["images"]}
    assert given == digests(255 - bars.images[train])  # no validation or test image among them
    assert {tuple(row) for entry in seen for row in entry["targets"]} == {(1.0, 0.0), (0.0, 1.0)}


def test_which_images_make_a_batch_is_all_that_the_manifest_tells(ask: Any) -> None:
    result = ask(aug=["blend", "jitter@add=2+mirror+blend"], repeats=1)
    made = [c.train_images for c in result.results.cells]
    assert made == [{"real": 12}, {"real": 12}, {"real": 12, "jitter": 4}]
    kinds = {arm.name: [(s.kind, s.amount) for s in arm.stages] for arm in result.results.arms}
    assert kinds == {
        "none": [],
        "blend": [("mixer", "on each batch")],
        "jitter@add=2+mirror+blend": [
            ("generator", "add=2"),
            ("augmenter", "on each batch"),
            ("mixer", "on each batch"),
        ],
    }


def test_options_are_part_of_the_key(ask: Any) -> None:
    hearing = Hearing()
    ask(aug=["blend"], repeats=1)
    ask(aug=["blend@weight=0.5", "mirror"], repeats=1, name="same", on_event=hearing)
    assert hearing.done == ["train"]  # of mirror
    ask(aug=["blend@weight=0.25"], repeats=1, name="other", on_event=hearing)
    assert hearing.done == ["train", "train"]


def test_a_mixer_decides_results_and_leaves_those_of_other_arms(ask: Any) -> None:
    alone, both = ask(aug=["mirror"], name="a"), ask(aug=["mirror", "mirror+blend"], name="b")
    for metric in ("accuracy", "loss"):
        assert alone.mean("mirror", "linear", metric) == both.mean("mirror", "linear", metric)
    assert both.mean("mirror+blend", "linear", "loss") != both.mean("mirror", "linear", "loss")


FAULTS = {
    "images": r"returned torch\.float32 instead of uint8 images",
    "size": r"returned images of shape \(4, 1, 28, 27\) instead of \(4, 1, 28, 28\)",
    "floats": r"returned torch\.float64 instead of float32 targets",
    "type": "returned NoneType instead of float32 targets",
    "count": r"returned targets of shape \(3, 2\) instead of \(4, 2\)",
    "range": "returned targets that are not from 0 to 1",
    "nan": "returned targets that are not from 0 to 1",
    "sum": r"returned a row of targets that sums to 0\.5000 instead of 1",
    "one": "returned a Tensor, not images and targets",
    "raises": r"RuntimeError: planted \(faults\.py, line \d+\)",
}


def test_what_it_returns_is_checked(ask: Any) -> None:
    for fault, sentence in FAULTS.items():
        named = rf"mixed-{fault} of neuplug-lab 1\.0 failed: .*{sentence}"
        with pytest.raises(PluginError, match=named):
            ask(aug=[f"mixed-{fault}"], repeats=1, training={"steps": 1, "batch": 4})


def test_a_mixer_that_does_not_say_so(ask: Any) -> None:
    sentence = (
        r"unsaid of neuplug-lab 1\.0: .*Unsaid is not a neuplug\.Augmenter \(a Mixer's Component"
    )
    with pytest.raises(PluginError, match=sentence):
        ask(aug=["unsaid"])


class Darkest(Mixer):
    """A class as somebody writes it in a notebook."""

    def mix(
        self, images: torch.Tensor, targets: torch.Tensor, rng: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        order = torch.randperm(len(images), generator=rng)
        return torch.minimum(images, images[order]), (targets + targets[order]) / 2


class Brightest(Darkest):
    """The same in a cell that has been edited since."""

    def mix(
        self, images: torch.Tensor, targets: torch.Tensor, rng: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        order = torch.randperm(len(images), generator=rng)
        return torch.maximum(images, images[order]), (targets + targets[order]) / 2


Brightest.__name__ = "Darkest"


def test_its_code_is_part_of_the_key(ask: Any) -> None:
    ask(aug=[Darkest()], repeats=1)
    hearing = Hearing()
    ask(aug=[Darkest()], repeats=1, name="same", on_event=hearing)
    assert hearing.done == []
    ask(aug=[Brightest()], repeats=1, name="other", on_event=hearing)
    assert hearing.done == ["train"]


def test_instances_and_arms_of_them(ask: Any) -> None:
    arms = [Darkest(), neuplug.Arm(["mirror", neuplug.load("blend", weight=0.25)], "both")]
    result = ask(aug=arms, repeats=1)
    assert [arm.name for arm in result.results.arms] == ["none", "darkest", "both"]
    (_, mixer) = result.results.arms[2].stages
    assert (mixer.kind, mixer.options) == ("mixer", {"blend": {"weight": 0.25}})


def test_a_prepared_arm_has_it(lab: Log) -> None:
    train = draw_bars(8, 0)
    arm = neuplug.build_arm("mirror+blend", train, device="cpu")
    assert arm.augmenter is not None and arm.mixer is not None
    assert neuplug.build_arm("mirror", train, device="cpu").mixer is None
    targets = torch.eye(2)[train.labels]
    _, mixed = arm.mixer.mix(train.images, targets, torch.Generator().manual_seed(0))
    assert set(mixed.flatten().tolist()) == {0.0, 0.5, 1.0}
