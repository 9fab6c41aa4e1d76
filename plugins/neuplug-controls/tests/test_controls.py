"""The controls by themselves, and as arms of a run."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

import neuplug
from neuplug import ImageSet, InputError, Result, TrainingSet


def a_set(n: int = 9) -> TrainingSet:
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (n, 3, 12, 10), generator=rng, dtype=torch.uint8)
    labels = torch.arange(n) % 2
    return TrainingSet(images, labels, ("a", "b"), tuple(map(str, range(n))))


def test_oversample_changes_nothing() -> None:
    oversample = neuplug.load("oversample")
    assert isinstance(oversample, neuplug.Augmenter)
    images = a_set().images
    out = oversample.augment(images, torch.Generator())
    assert torch.equal(out, images) and out is not images


def test_duplicate_draws_copies_of_the_class_it_is_asked_for() -> None:
    train = a_set()
    duplicate = neuplug.load("duplicate")
    assert isinstance(duplicate, neuplug.Generator)
    duplicate.fit(train, neuplug.FitContext(device=torch.device("cpu"), seed=0))
    loaded = neuplug.load("duplicate")
    assert isinstance(loaded, neuplug.Generator)
    loaded.load_state_dict(duplicate.state_dict())
    labels = torch.tensor([0, 1, 1, 0] * 20)
    drawn = loaded.sample(labels, seed=3)
    assert torch.equal(drawn, duplicate.sample(labels, seed=3))
    assert not torch.equal(drawn, duplicate.sample(labels, seed=4))
    for image, label in zip(drawn, labels, strict=True):
        same = (train.images == image).flatten(1).all(1)
        assert same.sum() == 1 and train.labels[same].item() == label
    used = {int((train.images == i).flatten(1).all(1).nonzero()) for i in drawn}
    assert used == set(range(len(train)))


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (60, 1, 16, 16), generator=rng, dtype=torch.uint8)
    images[::2] //= 2
    labels = torch.arange(60) % 2
    return neuplug.compose(
        ImageSet(images, labels, ("dark", "bright"), tuple(map(str, range(60)))),
        aug=["oversample", "oversample+flip", "duplicate", "flip"],
        clf=["smallcnn"],
        per_class=8,
        add=12,
        repeats=2,
        workers=0,
        project=tmp_path_factory.mktemp("runs"),
        training={"steps": 10},
    )


def test_as_arms(result: Result) -> None:
    rows = result.results.comparisons
    beside = {(c.arm, c.against, c.question) for c in rows}
    assert beside == {
        (arm, "none", "none") for arm in ("oversample", "oversample+flip", "duplicate", "flip")
    }
    counts: dict[str, Counter[str]] = {}
    with (result.folder / "manifest.csv").open() as file:
        for row in csv.DictReader(file):
            if row["repeat"] == "0" and row["split"] == "train":
                counts.setdefault(row["arm"], Counter())[row["origin"]] += 1
    assert counts["oversample"] == {"real": 16, "oversample": 24}
    assert counts["oversample+flip"] == {"real": 16, "oversample": 24}
    assert counts["duplicate"] == {"real": 16, "duplicate": 24}
    assert counts["flip"] == {"real": 16}


def test_every_image_is_oversampled_as_often(result: Result) -> None:
    with (result.folder / "manifest.csv").open() as file:
        parents = Counter(
            row["parent"]
            for row in csv.DictReader(file)
            if (row["arm"], row["repeat"], row["origin"]) == ("oversample", "0", "oversample")
        )
    assert sorted(parents.values()) == [1] * 8 + [2] * 8


# Classes of unequal size

SCARCE = {"limit": {"dark": 2}, "per_class": 8, "repeats": 2}


def some_images() -> ImageSet:
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (40, 1, 16, 16), generator=rng, dtype=torch.uint8)
    images[::2] //= 2
    return ImageSet(images, torch.arange(40) % 2, ("dark", "bright"), tuple(map(str, range(40))))


def ask(folder: Path, **settings: Any) -> Result:
    usual = {"clf": ["smallcnn"], "workers": 0, "report": False, "training": {"steps": 6}}
    return neuplug.compose(
        some_images(), **{**usual, **SCARCE, "project": folder / "runs", **settings}
    )


@pytest.fixture(scope="module")
def unequal(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return ask(
        tmp_path_factory.mktemp("unequal"),
        aug=["class_weights", "flip", "flip+class_weights", "b: class_weights+flip",
             "oversample@to=8", "duplicate@to=8", "duplicate@to=8+class_weights"],
        metric="macro_f1",
    )  # fmt: skip


def scores(result: Result) -> dict[str, list[float]]:
    """Losses on test images, by arm: equal ones are of the same training."""
    found: dict[str, list[float]] = {}
    for cell in result.results.cells:
        found.setdefault(cell.arm, []).append(cell.test.loss)
    return found


def test_class_weights_is_an_arm_beside_none(unequal: Result, tmp_path: Path) -> None:
    losses = scores(unequal)
    assert losses["class_weights"] != losses["none"]
    assert losses["flip+class_weights"] != losses["flip"]
    assert losses["b"] == losses["flip+class_weights"]  # wherever it stands
    # the arm of one run is the setting of another one, for all of its arms
    whole = ask(tmp_path, training={"steps": 6, "class_balance": "loss"})
    assert scores(whole)["none"] == losses["class_weights"]
    for arm in ("class_weights", "flip+class_weights"):
        against = {c.against for c in unequal.results.comparisons if c.arm == arm}
        assert against == {"none"}
    # of classes of the same size it changes nothing
    assert losses["duplicate@to=8+class_weights"] == losses["duplicate@to=8"]


def test_only_the_scarce_class_is_enlarged(unequal: Result) -> None:
    counts: dict[str, Counter[tuple[str, str]]] = {}
    with (unequal.folder / "manifest.csv").open() as file:
        for row in csv.DictReader(file):
            if row["repeat"] == "0" and row["split"] == "train":
                counts.setdefault(row["arm"], Counter())[row["class"], row["origin"]] += 1
    real = {("dark", "real"): 2, ("bright", "real"): 8}
    assert counts["none"] == counts["class_weights"] == counts["flip"] == real
    assert counts["oversample@to=8"] == {**real, ("dark", "oversample"): 6}
    assert counts["duplicate@to=8"] == {**real, ("dark", "duplicate"): 6}
    # and nothing is learnt of the other class
    tasks = json.loads((unequal.folder / "plan.json").read_text())["rounds"][0]
    fits = [task["label"] for task in tasks if task["kind"] == "fit"]
    assert fits == [f"duplicate, repeat {repeat}, dark" for repeat in (1, 2)]


@pytest.mark.parametrize(
    "arm", ["class_weights@to=8", "class_weights+duplicate", "flip+class_weights@add=3",
            "class_weights+flip@add=3", "class_weights+class_weights"],
)  # fmt: skip
def test_class_weights_makes_no_images(arm: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="class_weights: put one such control at the end"):
        ask(tmp_path, aug=[arm])


def test_class_weights_in_an_arm_of_one_s_own() -> None:
    images = some_images().subset([*range(0, 6), *range(7, 21, 2)])
    train = neuplug.TrainingSet(**vars(images))
    arm = neuplug.build_arm("flip+class_weights", train)
    assert (arm.class_balance, len(arm.train)) == ("loss", len(train))
    assert arm.augmenter is not None
    alone = neuplug.build_arm("class_weights", train)
    assert (alone.class_balance, alone.augmenter) == ("loss", None)
    assert neuplug.build_arm("flip", train).class_balance == "none"
    unchanged = neuplug.load("class_weights").augment(train.images, torch.Generator())
    assert torch.equal(unchanged, train.images)
