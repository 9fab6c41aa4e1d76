"""Real data sets: NEU with its known pair of equal images, ETH-80 with its objects."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch

from neuplug import InputError
from neuplug.data.dataset import Dataset, load_dataset
from neuplug.data.splits import draw_split

CLASSES = ("crazing", "inclusion", "patches", "pitted_surface", "rolled-in_scale", "scratches")
PAIR = ("patches/patches_101.jpg", "patches/patches_105.jpg")


@pytest.fixture(scope="module")
def neu(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """NEU in class folders, in the order in which its files come."""
    root = tmp_path_factory.mktemp("neu")
    for name in CLASSES:
        (root / name).mkdir()
        for path in (shared_data / "neu-det" / "IMAGES").glob(f"{name}_*.jpg"):
            (root / name / path.name).symlink_to(path)
    return load_dataset(root, follow=True)


@pytest.fixture(scope="module")
def eth80(shared_data: Path) -> Dataset:
    return load_dataset(shared_data / "eth80")


@pytest.mark.slow
def test_all_of_neu_is_read(neu: Dataset) -> None:
    assert neu.images.images.shape == (1800, 1, 64, 64)
    assert neu.images.counts() == dict.fromkeys(CLASSES, 300)
    assert neu.report.skipped == ()
    assert neu.report.sizes == {"200x200": 1800}
    assert neu.report.modes == {"RGB holding grey": 1800}
    assert neu.images.ids[:3] == tuple(f"crazing/crazing_{n}.jpg" for n in (1, 2, 3))


@pytest.mark.slow
def test_the_pair_of_neu_is_found(neu: Dataset) -> None:
    assert neu.report.exact == (PAIR,)
    assert neu.report.conflicts == ()
    assert neu.report.crowded < 18
    groups = dict(zip(neu.images.ids, neu.groups, strict=True))
    assert groups[PAIR[0]] == groups[PAIR[1]]


def test_overlapping_crops_of_neu_are_bound(neu: Dataset) -> None:
    """``scratches_295`` is ``scratches_27`` turned by a quarter and a few pixels further."""
    near = {pair[:2] for pair in neu.report.near or ()}
    assert ("patches/patches_2.jpg", "patches/patches_5.jpg") in near
    assert ("scratches/scratches_27.jpg", "scratches/scratches_295.jpg") in near
    assert 30 <= len(near) <= 45


@pytest.mark.parametrize("options", [{"per_class": 40}, {"per_class": 150, "val": 0.2}, {}])
def test_the_pair_of_neu_is_never_divided(neu: Dataset, options: dict[str, float]) -> None:
    first, second = (neu.images.ids.index(id_) for id_ in PAIR)
    together = Counter()
    for seed in range(50):
        split = draw_split(neu, **options, seed=seed, repeat=0)
        parts = {
            name
            for name in ("train", "val", "test")
            for index in (first, second)
            if index in getattr(split, name)
        }
        assert len(parts) == 1
        together[parts.pop()] += 1
        assert len(split.left_out) <= 12  # at most one of each class and part
        counts = torch.bincount(neu.images.labels[split.train]).tolist()
        assert len(set(counts)) <= (1 if options else 2)
    assert together["train"]
    assert together["test"]


def test_eth80_objects_are_groups(eth80: Dataset) -> None:
    assert eth80.images.images.shape == (328, 3, 64, 64)
    assert eth80.images.classes == ("cow", "horse")
    objects = {f"{name}/{name}{n}" for name in ("cow", "horse") for n in range(1, 5)}
    assert set(eth80.groups) == objects
    assert all(id_.startswith(g) for id_, g in zip(eth80.images.ids, eth80.groups, strict=True))


def test_eth80_objects_are_never_divided(eth80: Dataset) -> None:
    for seed in range(50):
        split = draw_split(eth80, per_class=60, seed=seed, repeat=0)
        used = [{eth80.groups[i] for i in part} for part in (split.train, split.test)]
        assert not used[0] & used[1]
        assert len(split.train) == 120
        assert len(split.left_out) == 2 * (82 - 60)
    with pytest.raises(InputError, match=r"class cow: its 164 image\(s\) lie in 4 group\(s\)"):
        draw_split(eth80, per_class=124, seed=0, repeat=0)
