"""Both controls by themselves, and as arms of a run."""

from __future__ import annotations

import csv
from collections import Counter

import pytest
import torch

import neuplug
from neuplug import ImageSet, Result, TrainingSet


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
