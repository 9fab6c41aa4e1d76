"""Layers that torchvision's networks have in common."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class Pointwise(nn.Conv2d):
    """A 1x1 convolution that is trained as the matrix product over pixels that it is.

    On a processor that takes half the time, forward and backward, where images are in the format
    ``channels_last``.
    """

    def forward(self, images: Tensor) -> Tensor:
        """See :class:`torch.nn.Conv2d`."""
        if images.is_cuda or not self.training:
            return super().forward(images)
        down, right = self.stride
        pixels = images[:, :, ::down, ::right].movedim(1, -1)
        return F.linear(pixels, self.weight.flatten(1), self.bias).movedim(-1, 1)


def with_pointwise(network: nn.Module) -> None:
    """Let the 1x1 convolutions of a network be :class:`Pointwise`; its weights stay."""
    for layer in network.modules():
        if type(layer) is nn.Conv2d and layer.kernel_size == (1, 1) and layer.groups == 1:
            layer.__class__ = Pointwise


def with_channels(convolution: nn.Conv2d, in_chans: int) -> nn.Conv2d:
    """A first convolution for images of ``in_chans`` channels, initialised as torchvision does.

    Args:
        convolution: torchvision's, made for RGB; returned as it is where ``in_chans`` is 3.
        in_chans: Image channels.
    """
    if in_chans == convolution.in_channels:
        return convolution
    new = nn.Conv2d(
        in_chans,
        convolution.out_channels,
        convolution.kernel_size,  # type: ignore[arg-type]  # torch annotates it as any length
        convolution.stride,  # type: ignore[arg-type]
        convolution.padding,  # type: ignore[arg-type]
        bias=convolution.bias is not None,
    )
    initialize(new)
    return new


def initialize(layer: nn.Module) -> None:
    """Initialise a convolution as all of torchvision's networks here do.

    He et al. 2015 (arXiv:1502.01852): normal weights whose scale keeps the variance of gradients
    from layer to layer under ReLU, zero biases. Other layers are left alone.
    """
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
