"""Spectral normalisation of a discriminator.

Miyato, Kataoka, Koyama, Yoshida: Spectral Normalization for Generative Adversarial Networks, 2018
(arXiv:1802.05957). PyTorch's own normalises a weight anew whenever it is used, three times in a
training step, and renames it; here it is done once in an update, as in the paper's Algorithm 1.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F
from torch.nn.utils import parametrize

# Steps of power iteration that a new weight's vectors begin with
FIRST = 15
LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear, nn.Embedding)


class SpectralNorm(nn.Module):
    """A discriminator whose weights are divided by their largest singular values.

    The weight of a convolution or a linear layer is taken as a matrix, output channels by all else.
    The embedding of a projection discriminator is normalised, too (Miyato and Koyama 2018,
    arXiv:1802.05637). One that is normalised already, by a parametrisation or the older
    ``torch.nn.utils.spectral_norm``, is left as it is.

    The paper's discriminators have no batch normalisation. Where one has it, it stays, and its
    scale is not bounded.

    Args:
        network: The discriminator, where it is to be trained. Its parameters are not changed and
            keep their names.

    Attributes:
        weights: What it is called with, by name; see :meth:`normalize`.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.weights: dict[str, Tensor] = {}
        self._names: list[str] = []
        for name, weight in _weights(network):
            self._names.append(name)
            matrix = _matrix(network.get_submodule(name), weight.detach())
            left = F.normalize(torch.randn(len(matrix)), dim=0).to(weight.device)
            right = left.new_empty(matrix.shape[1])
            for _ in range(FIRST):
                right = F.normalize(matrix.T @ left, dim=0)
                left = F.normalize(matrix @ right, dim=0)
            self.register_buffer(f"left{len(self._names)}", left)
            self.register_buffer(f"right{len(self._names)}", right)

    def normalize(self, follow: bool) -> None:
        """Divide the weights, as they are now, by their norms; gradients flow through.

        Args:
            follow: Whether the vectors take a step of power iteration: once in each update of the
                discriminator.
        """
        # in bfloat16 a power iteration is coarse
        with torch.autocast(next(self.network.parameters()).device.type, enabled=False):
            for number, name in enumerate(self._names, 1):
                weight = self.network.get_parameter(f"{name}.weight")
                matrix = _matrix(self.network.get_submodule(name), weight)
                left, right = (self.get_buffer(f"{side}{number}") for side in ("left", "right"))
                if follow:  # in place, as a captured step must; the last update is over
                    right.copy_(F.normalize(matrix.detach().T @ left, dim=0))
                turned = matrix @ right
                if follow:
                    left.copy_(F.normalize(turned.detach(), dim=0))
                self.weights[f"{name}.weight"] = weight / torch.dot(left, turned)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """What the network says with the weights of the last :meth:`normalize`."""
        logits: Tensor = functional_call(self.network, self.weights, (images, labels))
        return logits


def _weights(network: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """The layers to normalise, by name, with their weights."""
    for name, module in network.named_modules():
        own = dict(module.named_parameters(recurse=False))
        if (
            isinstance(module, LAYERS)
            and "weight" in own
            and not parametrize.is_parametrized(module)
        ):
            yield name, own["weight"]


def _matrix(layer: nn.Module, weight: Tensor) -> Tensor:
    """A weight as output channels by all else; a view where it lies channels last."""
    if isinstance(layer, nn.ConvTranspose2d):
        weight = weight.transpose(0, 1)
    return weight.movedim(1, -1).flatten(1) if weight.dim() > 2 else weight
