"""Noise on what the discriminator sees."""

from __future__ import annotations

from typing import ClassVar

import pytest
import torch
from torch import Tensor

from neuplug_gan.images import GreyRange
from neuplug_gan.trainer import AdversarialTrainer

from .helpers import context
from .tiny import ZEROS, ConstantGenerator, TinyDiscriminator, TinyGAN, options, train_set


def test_input_noise_is_a_training_matter() -> None:
    silent, noisy = TinyGAN(options()), TinyGAN(options(input_noise=0.5))
    silent.fit(train_set(), context())
    noisy.fit(train_set(), context())
    again = TinyGAN(options(input_noise=0.5))
    again.fit(train_set(), context())
    assert not torch.equal(silent.sample(ZEROS, 0), noisy.sample(ZEROS, 0))
    assert torch.equal(noisy.sample(ZEROS, 0), again.sample(ZEROS, 0))


class Watcher(TinyDiscriminator):
    """Always says 0: its loss tells the targets, and it keeps what it was shown."""

    seen: ClassVar[list[Tensor]] = []

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        self.seen.append(images.detach())
        return super().forward(images, labels)


def test_input_noise_has_its_deviation() -> None:
    Watcher.seen.clear()
    AdversarialTrainer(
        ConstantGenerator(1), Watcher(1), train_set(), GreyRange(0, 255),
        options(steps=20, lr=1e-12, input_noise=0.3, diffaugment="none"), context(),
    ).run()  # fmt: skip
    fakes = torch.cat(Watcher.seen[1::3] + Watcher.seen[2::3])  # grey 0 without the noise
    assert float(fakes.std()) == pytest.approx(0.3, rel=0.02)
    assert abs(float(fakes.mean())) < 0.01
