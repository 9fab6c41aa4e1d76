"""Spectral normalisation: the largest singular value of each layer is one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import neuplug_gan.trainer as trainer_module
from neuplug_gan.spectral import SpectralNorm

from .convolutional import GAN, Discriminator, images, options, train_set, trainer
from .helpers import Memory, assert_same_networks, context, fit_until


def norms(network: SpectralNorm) -> list[float]:
    """Largest singular value of each normalised weight as a matrix."""
    return [
        float(torch.linalg.matrix_norm(weight.detach().flatten(1), 2))
        for weight in network.weights.values()
    ]


def test_spectral_norm_of_every_layer_is_one() -> None:
    torch.manual_seed(0)
    network = Discriminator(classes=2)
    normalized = SpectralNorm(network)
    for _ in range(30):  # each is a step of power iteration
        normalized.normalize(follow=True)
    assert set(normalized.weights) == {
        "features.0.weight", "head.last.1.weight", "head.embedding.weight",
    }  # fmt: skip
    assert norms(normalized) == pytest.approx([1.0] * 3, abs=1e-3)


def test_its_logits_and_gradients_are_those_of_pytorch_s_own() -> None:
    class Chain(nn.Sequential):
        def forward(self, input: Tensor, labels: Tensor | None = None) -> Tensor:
            return super().forward(input).flatten()

    def chain() -> Chain:
        torch.manual_seed(3)
        layers = [nn.Conv2d(1, 4, 4, 2, 1), nn.ConvTranspose2d(4, 2, 2, 2), nn.Flatten()]
        return Chain(*layers, nn.Linear(128, 1))

    ours, theirs = chain(), chain()
    normalized = SpectralNorm(ours)
    for layer in (theirs[0], theirs[1], theirs[3]):
        nn.utils.parametrizations.spectral_norm(layer, n_power_iterations=50)
    for _ in range(200):
        normalized.normalize(follow=True)
    labels = torch.zeros(6, dtype=torch.int64)
    one, other = normalized(images(), labels), theirs(images())
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
    one.sum().backward()
    other.sum().backward()
    for mine, yours in zip(ours.parameters(), sorted_like(ours, theirs), strict=True):
        torch.testing.assert_close(mine.grad, yours, rtol=1e-3, atol=1e-3)


def sorted_like(ours: nn.Module, theirs: nn.Module) -> list[Tensor | None]:
    """The gradients of a network with parametrisations, in the order of one without."""
    named = {
        name.replace("parametrizations.", "").replace(".original", ""): p.grad
        for name, p in theirs.named_parameters()
    }
    return [named[name] for name, _ in ours.named_parameters()]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_spectral_norm_in_training(precision: str) -> None:
    torch.manual_seed(0)
    network = Discriminator()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.weight.mul_(3)
    trained = trainer(network, precision=precision, spectral_norm=True)
    trained.run()
    assert trained.normalized is not None
    trained.normalized.normalize(follow=False)
    # power iteration runs after the weights
    assert norms(trained.normalized) == pytest.approx([1.0] * 2, abs=0.05)


def test_spectral_norm_of_the_networks_own_is_left_alone() -> None:
    network = nn.Sequential(
        nn.utils.parametrizations.spectral_norm(nn.Linear(64, 8)),
        nn.utils.spectral_norm(nn.Linear(8, 8)),
        nn.Linear(8, 1),
    )
    normalized = SpectralNorm(network)
    normalized.normalize(follow=True)
    assert set(normalized.weights) == {"2.weight"}


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
    wanted = options(
        spectral_norm=True, loss=loss, precision=precision, conditional=True, checkpoints="50",
        input_noise=0.1, batch=12, lr=1e-2,
    )  # fmt: skip
    whole = GAN(wanted)
    record = whole.fit(train_set(), context())

    memory = Memory(tmp_path / "training.safetensors")
    fit_until(40, GAN(wanted), train_set(), memory)
    assert memory.step == 25
    resumed = GAN(wanted)
    again = resumed.fit(train_set(), context(checkpoint=memory))
    assert again.curves == record.curves and again.checkpoints == record.checkpoints
    assert_same_networks(whole, resumed)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_spectral_norm_on_gpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, precision: str
) -> None:
    monkeypatch.setattr(trainer_module, "CHECKPOINT_SECONDS", 0.0)
    memory = Memory(tmp_path / "training.safetensors")
    gpu = context(device=torch.device("cuda"), checkpoint=memory)
    wanted = options(spectral_norm=True, precision=precision, conditional=True)
    record = GAN(wanted).fit(train_set(), gpu)
    assert GAN(wanted).fit(train_set(), gpu).curves == record.curves  # from the state at the end
