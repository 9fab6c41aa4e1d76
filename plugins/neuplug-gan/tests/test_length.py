"""How long a training is, in steps and in epochs."""

from __future__ import annotations

import pytest
import torch

from neuplug import InputError
from neuplug_gan.images import ShuffledStream
from neuplug_gan.options import GANOptions

from .helpers import context
from .tiny import ZEROS, PlainGAN, TinyGAN, options, train_set


def test_default_length_follows_the_size() -> None:
    assert GANOptions().length((64, 64)) == 1500
    assert GANOptions().length((128, 64)) == 3000
    assert GANOptions(steps=7).length((64, 64)) == 7


def test_length_in_epochs() -> None:
    gan = TinyGAN(options(steps=None, epochs=7, checkpoints=2, grids=7))
    record = gan.fit(train_set(21), context())
    assert record.epoch_steps == 3  # 21 images in batches of 8
    assert [step for step, _ in record.grids] == [3, 6, 9, 12, 15, 18, 21]
    assert [step for step, _ in record.checkpoints] == [6, 21]
    in_steps = TinyGAN(options(steps=21))
    assert in_steps.fit(train_set(21), context()).epoch_steps is None
    assert torch.equal(gan.sample(ZEROS, 0), in_steps.sample(ZEROS, 0))


def test_every_image_once_before_any_again() -> None:
    stream = ShuffledStream(10, torch.Generator().manual_seed(0))
    drawn = torch.cat([stream.take(4) for _ in range(15)]).view(6, 10)
    assert (drawn.sort(1).values == torch.arange(10)).all()
    assert len({tuple(order.tolist()) for order in drawn}) == 6
    assert ShuffledStream(3, torch.Generator().manual_seed(0)).take(8).bincount().min() >= 2


def test_no_images() -> None:
    with pytest.raises(InputError, match="no images to learn from"):
        PlainGAN(options()).fit(train_set(0), context())


def test_batch_of_one() -> None:
    gan = PlainGAN(options(steps=None, epochs=2, batch=1, ema=0, diffaugment="none"))
    record = gan.fit(train_set(9), context())
    assert record.epoch_steps == 9 and record.curves["generator"][-1][0] == 18
    assert gan.sample(ZEROS, 0).shape == (5, 1, 8, 8)
