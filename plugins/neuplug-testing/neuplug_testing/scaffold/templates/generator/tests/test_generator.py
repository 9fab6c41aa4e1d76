"""What the component does; what every generator owes is in ``test_laws.py``."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

import neuplug

CPU = torch.device("cpu")


def stripes(n: int) -> neuplug.TrainingSet:
    """Grey images whose left half alone varies, from one to the next as a whole."""
    levels = torch.linspace(80, 160, n).round().to(torch.uint8)
    images = torch.full((n, 1, 8, 8), 120, dtype=torch.uint8)
    images[..., :4] = levels.view(-1, 1, 1, 1)
    return neuplug.TrainingSet(
        images=images,
        labels=torch.zeros(n, dtype=torch.int64),
        classes=("stripes",),
        ids=tuple(map(str, range(n))),
    )


def drawn(n: int, train: neuplug.TrainingSet, **options: Any) -> tuple[Tensor, neuplug.FitRecord]:
    generator = neuplug.load("THE_NAME", **options)
    assert isinstance(generator, neuplug.Generator)
    record = generator.fit(train, neuplug.FitContext(CPU, 0))
    return generator.sample(torch.zeros(n, dtype=torch.int64), 1), record


def test_it_has_the_mean_and_the_spread_of_the_training_images() -> None:
    train = stripes(40)
    images, record = drawn(400, train)
    assert (images.float().mean(0) - train.images.float().mean(0)).abs().max() < 5
    left = (images[:, 0, 0, 0].float().std(), train.images[:, 0, 0, 0].float().std())
    assert abs(left[0] / left[1] - 1) < 0.15
    assert (images[..., 4:] == 120).all()
    (first, share), *_ = record.curves["explained variance"]
    assert first == 1 and share > 0.99


def test_less_spread_is_nearer_the_mean() -> None:
    train = stripes(40)
    narrow, wide = (drawn(100, train, spread=s)[0].float().std() for s in (0.2, 1.0))
    assert narrow < wide / 3


def test_images_that_are_all_alike_are_told_of() -> None:
    _, record = drawn(2, stripes(1))
    assert "all alike" in record.warnings[0]
