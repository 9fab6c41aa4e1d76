"""Spectral normalisation of a discriminator: every layer's weights divided by their norm.

Miyato, Kataoka, Koyama, Yoshida: Spectral Normalization for Generative Adversarial Networks, 2018
(arXiv:1802.05957). A weight is taken as a matrix, output channels by all else, and its largest
singular value is followed by one step of power iteration whenever the layer is used in training.
The embedding of a projection discriminator is normalised, too (Miyato and Koyama 2018,
arXiv:1802.05637).

The paper's discriminators have no batch normalisation. Where one has it, it stays, and its scale is
not bounded.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear, nn.Embedding)


class _InFloat32(nn.Module):
    """Keeps the power iteration out of autocast: in bfloat16 it is coarse, and mixes dtypes."""

    def __init__(self, normalization: nn.Module) -> None:
        super().__init__()
        self.normalization = normalization

    def forward(self, weight: Tensor) -> Tensor:
        with torch.autocast(weight.device.type, enabled=False):
            normalized: Tensor = self.normalization(weight)
        return normalized


def normalize_spectra(network: nn.Module) -> None:
    """Put spectral normalisation on every layer of :data:`LAYERS`, in place.

    The weights and the vectors of the power iteration are in the network's ``state_dict``; the
    latter begin at random, from torch's current state. A weight that another parametrisation or
    the older ``torch.nn.utils.spectral_norm`` computes is left as it is.

    Args:
        network: Before its optimiser is made, since the parameters are new ones.
    """
    for module in list(network.modules()):
        own = dict(module.named_parameters(recurse=False))
        if isinstance(module, LAYERS) and "weight" in own:
            spectral_norm(module)
            chain = cast(nn.ModuleList, module.get_submodule("parametrizations.weight"))
            chain[0] = _InFloat32(chain[0])
