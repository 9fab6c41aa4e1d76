"""Adaptive augmentation: how its probability moves."""

from __future__ import annotations

from dataclasses import asdict

import pytest
import torch
from torch import Tensor

from neuplug import InputError, TrainingSet
from neuplug_gan.diffaugment import AdaptiveProbability

from .helpers import context
from .regularized import GAN, Discriminator, options, trainer

SURE, TORN = torch.ones(16), torch.tensor([1.0, -1.0]).repeat(8)


def test_ada_rises_and_falls_at_its_rate() -> None:
    ada = AdaptiveProbability(images=640)  # 4 updates of 16 are a tenth
    seen = []
    for logits in [SURE] * 12 + [TORN] * 8:
        ada.update(logits)
        seen.append(ada.p)
    assert seen[:3] == [0, 0, 0]
    assert seen[3::4] == pytest.approx([0.1, 0.2, 0.3, 0.2, 0.1])


def test_ada_stays_between_0_and_1() -> None:
    ada = AdaptiveProbability(images=100)
    for _ in range(12):
        ada.update(SURE)
    assert ada.p == 1
    for _ in range(12):
        ada.update(TORN)
    assert ada.p == 0


def test_ada_rests_at_its_target() -> None:
    ada = AdaptiveProbability(images=100)
    for _ in range(4):
        ada.update(torch.tensor([2.0, 3.0, 1.0, 5.0, -1.0]))  # r = 3 / 5
    assert ada.p == 0


def test_ada_goes_on_from_its_state() -> None:
    whole, first = (AdaptiveProbability(images=640) for _ in range(2))
    second = first
    for i in range(13):
        whole.update(SURE if i % 3 else TORN)
        (first if i < 6 else second).update(SURE if i % 3 else TORN)
        if i == 5:
            second = AdaptiveProbability(**asdict(first))
    assert second == whole and whole.p > 0


class Certain(Discriminator):
    """Takes everything for real."""

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        return super().forward(images, labels) * 1e-3 + 5


def test_ada_in_training_is_recorded() -> None:
    adaptive = trainer(Certain(), ada=True, ada_images=240, lr=1e-6)  # 4 updates of 6: a tenth
    record = adaptive.run()
    curve = record.curves["augmentation probability"]
    assert record.units == {"augmentation probability": "probability"}  # an axis of its own
    assert [step for step, _ in curve] == [20, 25, 40, 50, 60]
    assert [p for _, p in curve] == pytest.approx([0.5, 0.6, 1.0, 1.0, 1.0])


def test_ada_without_policies_is_refused_before_training() -> None:
    n = 1000
    many = TrainingSet(
        torch.zeros(n, 1, 8, 8, dtype=torch.uint8),
        torch.zeros(n, dtype=torch.int64),
        ("bar",),
        tuple(map(str, range(n))),
    )
    with pytest.raises(InputError, match=r"tiny for bar: ada .* 1000 images or more, here 1000"):
        GAN(options(ada=True)).fit(many, context())
