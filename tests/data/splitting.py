"""Small data sets to split, and the laws that every split keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from neuplug import ImageSet, InputError
from neuplug.data.dataset import Dataset
from neuplug.data.splits import Split, draw_split


def make(
    counts: dict[str, int],
    groups: Sequence[str | None] | None = None,
    splits: Sequence[Any] | None = None,
) -> Dataset:
    """A data set of different one-pixel images, class by class."""
    labels = [label for label, n in enumerate(counts.values()) for _ in range(n)]
    names = [name for name, n in counts.items() for _ in range(n)]
    numbers = [number for n in counts.values() for number in range(n)]
    pixels = torch.arange(len(labels) * 3).reshape(-1, 3, 1, 1)
    images = ImageSet(
        torch.cat([pixels % 251, pixels // 251], dim=-1).byte(),
        torch.tensor(labels),
        tuple(counts),
        tuple(f"{name}/{number}" for name, number in zip(names, numbers, strict=True)),
    )
    return Dataset.from_imageset(images, groups, splits)


def check_laws(dataset: Dataset, split: Split) -> None:
    """What holds for every split."""
    parts = {"train": split.train, "val": split.val, "test": split.test, "out": split.left_out}
    assert sorted(i for part in parts.values() for i in part) == list(range(len(dataset)))
    assert all(part == sorted(part) for part in parts.values())
    where: dict[str, set[str]] = {}
    for name in ("train", "val", "test"):
        for index in parts[name]:
            where.setdefault(dataset.groups[index], set()).add(name)
    assert all(len(names) == 1 for names in where.values())
    labels = dataset.images.labels
    for part in (split.train, split.test):
        assert set(labels[part].tolist()) == set(range(len(dataset.images.classes)))


def per_class(dataset: Dataset, indices: list[int]) -> dict[str, int]:
    counts = Counter(dataset.images.classes[int(dataset.images.labels[i])] for i in indices)
    return {name: counts[name] for name in dataset.images.classes}


def names(dataset: Dataset, indices: list[int], prefix: str = "") -> list[str]:
    return [i for i in (dataset.images.ids[n] for n in indices) if i.startswith(prefix)]


def refusal(dataset: Dataset, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        draw_split(dataset, **{"seed": 0, "repeat": 0, **options})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def given(*parts: tuple[str | None, int]) -> list[str | None]:
    return [part for part, number in parts for _ in range(number)]


def copied(change: Callable[[torch.Tensor], torch.Tensor]) -> Dataset:
    """Noise with given parts, where a test image of b is a changed training image of a."""
    rng = np.random.default_rng(0)
    pixels = torch.from_numpy(rng.integers(0, 200, (20, 1, 24, 24), dtype=np.uint8))
    pixels[17] = change(pixels[4])
    labels = torch.tensor([0] * 10 + [1] * 10)
    images = ImageSet(pixels, labels, ("a", "b"), tuple(f"{n}.png" for n in range(20)))
    return Dataset.from_imageset(images, splits=given(("train", 5), ("test", 5)) * 2)
