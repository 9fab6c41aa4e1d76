"""Spectral normalisation: the largest singular value of each layer is one."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from neuplug_gan.regularizers import normalize_spectra

from .regularized import Discriminator, images, trainer


def norms(network: nn.Module) -> list[float]:
    """Largest singular value of each layer's weight as a matrix."""
    return [
        float(torch.linalg.matrix_norm(module.weight.detach().flatten(1), 2))
        for module in network.modules()
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding)
    ]


def test_spectral_norm_of_every_layer_is_one() -> None:
    torch.manual_seed(0)
    network = Discriminator(classes=2)
    before = norms(network)
    assert min(abs(norm - 1) for norm in before) > 0.02
    normalize_spectra(network)
    labels = torch.zeros(6, dtype=torch.int64)
    for _ in range(30):  # each is a step of power iteration
        network(images(), labels)
    network.eval()
    assert norms(network) == pytest.approx([1.0] * 3, abs=1e-3)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_spectral_norm_in_training(precision: str) -> None:
    torch.manual_seed(0)
    found = {}
    for on in (False, True):
        network = Discriminator()
        with torch.no_grad():
            for module in network.modules():
                if isinstance(module, nn.Conv2d | nn.Linear):
                    module.weight.mul_(3)
        trainer(network, precision=precision, spectral_norm=on).run()
        found[on] = norms(network.eval())
    assert min(found[False]) > 1.5
    # power iteration runs after the weights
    assert found[True] == pytest.approx([1.0] * 2, abs=0.05)


def test_spectral_norm_of_the_networks_own_is_left_alone() -> None:
    network = nn.Sequential(
        nn.utils.parametrizations.spectral_norm(nn.Linear(64, 8)),
        nn.utils.spectral_norm(nn.Linear(8, 8)),
        nn.Linear(8, 1),
    )
    names = set(network.state_dict())
    normalize_spectra(network)
    added = {name for name in network.state_dict() if name not in names}
    assert added and all(name.startswith("2.") for name in added)
    assert network(images().flatten(1)).shape == (6, 1)
