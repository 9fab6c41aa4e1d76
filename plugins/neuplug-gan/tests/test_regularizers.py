"""All regularizers together, and none of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import neuplug_gan.trainer as trainer_module
from neuplug import InputError, derive_seed
from neuplug_gan.diffaugment import diffaugment
from neuplug_gan.images import GreyRange, ShuffledStream
from neuplug_gan.losses import discriminator_loss, generator_loss
from neuplug_gan.options import GANOptions
from neuplug_gan.trainer import AdversarialTrainer

from .helpers import CPU, Memory, assert_same_networks, context, fit_until
from .regularized import GAN, Discriminator, Generator, options, train_set

OPTIONS: dict[str, dict[str, Any]] = {
    "spectral_norm": {"spectral_norm": True},
    "minibatch_std": {"minibatch_std": True},
    "consistency": {"consistency": 1.0},
    "ada": {"ada": True, "ada_images": 300},
}


ALL = {name: value for one in OPTIONS.values() for name, value in one.items()}


@pytest.mark.parametrize(
    ("loss", "precision"),
    [
        ("bce", "fp32"),
        ("hinge", "bf16"),
        pytest.param("bce", "bf16", marks=pytest.mark.slow),
        pytest.param("hinge", "fp32", marks=pytest.mark.slow),
    ],
)
def test_interrupted_training_goes_on_exactly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loss: str, precision: str
) -> None:
    monkeypatch.setattr(trainer_module, "CHECKPOINT_SECONDS", 0.0)
    changes = {"loss": loss, "precision": precision, "conditional": True, "checkpoints": "50"}
    wanted = options(**ALL, **changes, input_noise=0.1, batch=12, lr=1e-2)
    whole = GAN(wanted)
    record = whole.fit(train_set(), context())
    assert 0 < dict(record.curves["augmentation probability"])[25] < 1

    memory = Memory(tmp_path / "training.safetensors")
    fit_until(40, GAN(wanted), train_set(), memory)
    assert memory.step == 25  # between two steps of p
    resumed = GAN(wanted)
    again = resumed.fit(train_set(), context(checkpoint=memory))
    assert again.curves == record.curves and again.checkpoints == record.checkpoints
    assert_same_networks(whole, resumed)


def test_with_all_off_it_is_the_plain_loop() -> None:
    """Bit for bit what the loop is without any of them, written out here."""
    changes = {"diffaugment": "color,translation", "input_noise": 0.1, "precision": "fp32"}
    wanted = options(steps=7, ema=0, grids=0, **changes)
    train = train_set()
    torch.manual_seed(1)
    network_g, network_d = Generator(8, 0), Discriminator()
    trained = AdversarialTrainer(
        network_g, network_d, train, GreyRange.of(train.images), wanted, context()
    )
    trained.run()

    torch.manual_seed(1)
    g = Generator(8, 0).to(memory_format=torch.channels_last)
    d = Discriminator().to(memory_format=torch.channels_last)
    rng = torch.Generator().manual_seed(derive_seed(3, "loop"))
    noise_rng = torch.Generator().manual_seed(derive_seed(3, "input noise"))
    stream = ShuffledStream(len(train), rng)
    real_images = GreyRange.of(train.images).to_unit(train.images, CPU)
    adam_g = torch.optim.Adam(g.parameters(), 2e-4, (0.5, 0.999), fused=True)
    adam_d = torch.optim.Adam(d.parameters(), 2e-4, (0.5, 0.999), fused=True)
    one, zero = torch.ones(6), torch.zeros(6)

    def judge(shown: Tensor) -> Tensor:
        shown = diffaugment(shown, ["color", "translation"], rng)
        shown = shown + 0.1 * torch.randn(shown.shape, generator=noise_rng)
        logits: Tensor = d(shown, train.labels)
        return logits

    for _ in range(7):
        real = real_images[stream.take(6)].contiguous(memory_format=torch.channels_last)
        fake = g(torch.randn((6, 8), generator=rng), train.labels)
        adam_d.zero_grad()
        discriminator_loss(judge(real), judge(fake.detach()), "bce", one, zero).backward()
        adam_d.step()
        adam_g.zero_grad()
        generator_loss(judge(fake), "bce").backward()
        adam_g.step()
    for ours, plain in ((network_g, g), (network_d, d)):
        assert ours.state_dict().keys() == plain.state_dict().keys()
        for name, value in plain.state_dict().items():
            assert torch.equal(ours.state_dict()[name], value), name


def test_all_are_off_by_default() -> None:
    defaults = options()
    assert not any(getattr(defaults, name) for name in OPTIONS)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"consistency": -1}, "consistency = -1: .*greater than or equal to 0"),
        ({"consistency": "inf"}, "consistency = 'inf': .*finite"),
        ({"ada_images": 0}, "ada_images = 0"),
        ({"spectral_norm": "often"}, "spectral_norm = 'often'"),
        ({"ada": True, "diffaugment": "none"}, "diffaugment = none: leave ada off, or write"),
    ],
)
def test_options_out_of_range(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        GANOptions.parse(values, "gan")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_all_on_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, precision: str) -> None:
    monkeypatch.setattr(trainer_module, "CHECKPOINT_SECONDS", 0.0)
    memory = Memory(tmp_path / "training.safetensors")
    gpu = context(device=torch.device("cuda"), checkpoint=memory)
    wanted = options(**ALL, precision=precision, conditional=True)
    record = GAN(wanted).fit(train_set(), gpu)
    assert GAN(wanted).fit(train_set(), gpu).curves == record.curves  # from the state at the end
