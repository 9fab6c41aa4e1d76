"""Spectral normalisation: the largest singular value of each layer is one."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from neuplug_gan.spectral import SpectralNorm

from .regularized import Discriminator, images, trainer


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
