"""The adversarial trainer on small real networks, with faults planted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import neuplug_gan.trainer as trainer_module
from neuplug import InputError, TrainingDiverged
from neuplug_gan.images import GreyRange
from neuplug_gan.options import GANOptions
from neuplug_gan.trainer import AdversarialTrainer

from .helpers import Memory, assert_same_networks, context, fit_until
from .tiny import ZEROS, TinyDiscriminator, TinyGAN, TinyGenerator, options, train_set


@pytest.mark.parametrize("loss", ["bce", "hinge"])
@pytest.mark.parametrize("channels", [1, 3])
def test_fit_and_sample(loss: str, channels: int) -> None:
    smooth = {"real_label": 0.9, "fake_label": 0.1} if loss == "bce" else {}
    gan = TinyGAN(options(loss=loss, d_steps=2, g_steps=2, **smooth))
    record = gan.fit(train_set(channels=channels), context())
    images = gan.sample(ZEROS, seed=1)
    assert images.shape == (5, channels, 8, 8) and images.dtype == torch.uint8
    assert torch.equal(images, gan.sample(ZEROS, seed=1))
    assert not torch.equal(images, gan.sample(ZEROS, seed=2))
    assert [step for step, _ in record.grids] == [20, 40, 60]
    assert record.curves["discriminator"][-1][0] == 60
    assert record.curves.keys() == {"discriminator", "generator"}


def test_training_learns_the_bar() -> None:
    gan = TinyGAN(options(steps=800, lr=2e-3, diffaugment="none"))
    gan.fit(train_set(64), context())
    images = gan.sample(torch.zeros(64, dtype=torch.int64), 0).float()
    rows = images.mean((1, 3))  # (N, 8)
    # one row stands out in a real image by about 100 grey levels; in noise by less than 20
    standing_out = (rows.max(1).values - rows.median(1).values).mean()
    assert standing_out > 50


def test_same_seed_same_images_whatever_the_global_state() -> None:
    torch.manual_seed(1)
    first = TinyGAN(options())
    first.fit(train_set(), context())
    torch.manual_seed(2)
    before = torch.get_rng_state()
    second = TinyGAN(options())
    second.fit(train_set(), context())
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.sample(ZEROS, 0), second.sample(ZEROS, 0))
    third = TinyGAN(options())
    third.fit(train_set(), context(seed=4))
    assert not torch.equal(first.sample(ZEROS, 0), third.sample(ZEROS, 0))


PUBLISHED = {"ema": 0.0, "diffaugment": "none"}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"steps": None, "epochs": 12, "checkpoints": (2, 7), "decay": 0.01, "input_noise": 0.1},
        {"steps": None, "epochs": 12, "checkpoints": (2, 7), "batch": 5, **PUBLISHED},
    ],
)
def test_interrupted_training_goes_on_exactly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changes: dict[str, Any]
) -> None:
    monkeypatch.setattr(trainer_module, "CHECKPOINT_SECONDS", 0.0)
    wanted = options(**changes)
    train = train_set(36)  # 5 loops an epoch of batches of 8; an order ends within a batch
    whole = TinyGAN(wanted)
    record = whole.fit(train, context())

    memory = Memory(tmp_path / "training.safetensors")
    fit_until(50, TinyGAN(wanted), train, memory)
    kept = memory.step
    assert 0 < kept < 50
    seen: list[int] = []
    resumed = TinyGAN(wanted)
    again = resumed.fit(
        train, context(checkpoint=memory, progress=lambda d, t, n="": seen.append(d))
    )
    assert seen[0] > kept  # did not start over
    assert again.curves == record.curves
    assert again.checkpoints == record.checkpoints
    assert [s for s, _ in again.grids] == [s for s, _ in record.grids]
    assert len(whole.state_dict()["kept"]) == len(wanted.checkpoints) + 1
    assert_same_networks(whole, resumed)


def test_state_gives_the_same_samples() -> None:
    gan = TinyGAN(options())
    gan.fit(train_set(), context())
    fresh = TinyGAN(options())
    fresh.load_state_dict(gan.state_dict())
    assert torch.equal(gan.sample(ZEROS, 7), fresh.sample(ZEROS, 7))
    with pytest.raises(RuntimeError):
        TinyGAN(options()).sample(ZEROS, 0)


def test_not_a_number_stops_with_a_sentence() -> None:
    with pytest.raises(TrainingDiverged, match=r"tiny for bar: the .* loss is .* step .*lr"):
        TinyGAN(options(lr=1e30, steps=100)).fit(train_set(), context())


def test_average_is_off_at_zero() -> None:
    averaged, plain = TinyGAN(options()), TinyGAN(options(ema=0.0))
    averaged.fit(train_set(), context())
    plain.fit(train_set(), context())
    assert not torch.equal(averaged.sample(ZEROS, 0), plain.sample(ZEROS, 0))


def test_decay_is_that_of_keras() -> None:
    """Plain gradient descent shows the rate: with d_steps 2, loop t has updates 2t and 2t + 1."""
    trainer = AdversarialTrainer(
        TinyGenerator(8, 1), TinyDiscriminator(1), train_set(), GreyRange(0, 255),
        options(steps=5, lr=0.1, d_lr=0.4, decay=0.5, d_steps=2, g_steps=3), context(),
    )  # fmt: skip
    rates: dict[str, list[float]] = {"d": [], "g": []}
    for name, optimizer in (("d", trainer.optimizer_d), ("g", trainer.optimizer_g)):
        optimizer.register_step_pre_hook(
            lambda o, a, k, name=name: rates[name].append(o.param_groups[0]["lr"])
        )
    trainer.run()
    assert rates["d"] == pytest.approx([0.4 / (1 + 0.5 * t) for t in range(10)])
    assert rates["g"] == pytest.approx([0.1 / (1 + 0.5 * t) for t in range(15)])


def test_grid_images() -> None:
    record = TinyGAN(options(grid_images=100, grids=2)).fit(train_set(), context())
    assert [tuple(images.shape) for _, images in record.grids] == [(100, 1, 8, 8)] * 2


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"diffaugment": "colour"}, "not a DiffAugment policy"),
        ({"loss": "wasserstein"}, "loss"),
        ({"batch": 0}, "batch"),
        ({"stepz": 5}, "Did you mean steps"),
        ({"steps": 5, "epochs": 5}, "steps or epochs, not both"),
        ({"real_label": 1.2}, "number from 0 to 1"),
        ({"fake_label": {"rust": "soft"}}, "number from 0 to 1"),
        ({"decay": -1}, "decay"),
        ({"spectral_norm": "often"}, "spectral_norm = 'often'"),
    ],
)
def test_options_out_of_range(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        GANOptions.parse(values, "tiny")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_fit_on_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(trainer_module, "CHECKPOINT_SECONDS", 0.0)
    gpu = torch.device("cuda")
    memory = Memory(tmp_path / "training.safetensors")
    gan = TinyGAN(options(input_noise=0.1, checkpoints=25, decay=0.01))
    record = gan.fit(train_set(), context(device=gpu, checkpoint=memory))
    assert gan.sample(ZEROS, 0).device.type == "cpu"
    assert len(record.checkpoints) == 2
    latents = torch.zeros(5, 8, device=gpu, requires_grad=True)
    images = gan.decode(latents, ZEROS)
    assert images.device.type == "cuda"
    images.sum().backward()
    assert latents.grad is not None and latents.grad.any()
    again = TinyGAN(gan.options).fit(train_set(), context(device=gpu, checkpoint=memory))
    assert again.checkpoints == record.checkpoints
