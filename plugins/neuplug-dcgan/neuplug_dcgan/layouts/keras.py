"""Networks published in Keras, and its layers where PyTorch's differ."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuplug_gan.convolutions import doubled, halved


def dense(inputs: int, outputs: int, *activation: nn.Module) -> nn.Sequential:
    """A dense layer with its activation: one layer, as Keras counts."""
    return nn.Sequential(nn.Linear(inputs, outputs), *activation)


def batch_norm(features: int, momentum: float = 0.99) -> nn.BatchNorm2d:
    """Batch normalisation of feature maps; the momentum is what stays, as in Keras."""
    return nn.BatchNorm2d(features, eps=1e-3, momentum=1 - momentum)


def dense_batch_norm(features: int, momentum: float = 0.99) -> nn.BatchNorm1d:
    """Batch normalisation of a dense layer's outputs; see :func:`batch_norm`."""
    return nn.BatchNorm1d(features, eps=1e-3, momentum=1 - momentum)


class Conv(nn.Conv2d):
    """A convolution with ``padding="same"``: a size n becomes n / stride, rounded up.

    Where the padding is odd, Keras puts the odd pixel below and to the right.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride)

    def forward(self, input: Tensor) -> Tensor:
        """Float (N, ``inputs``, H, W) to (N, ``outputs``, H / stride, W / stride)."""
        (top, bottom), (left, right) = map(self._padding, input.shape[2:])
        small = self.in_channels == 1 and self.stride == (2, 2) and self.kernel_size[0] <= 5
        if small and not (input.shape[2] % 2 or input.shape[3] % 2):
            return halved(input, self.weight, self.bias, top)
        return super().forward(F.pad(input, (left, right, top, bottom)))

    def _padding(self, size: int) -> tuple[int, int]:
        kernel, stride = self.kernel_size[0], self.stride[0]
        padding = max(0, (math.ceil(size / stride) - 1) * stride + kernel - size)
        return padding // 2, padding - padding // 2


class ConvTranspose(nn.ConvTranspose2d):
    """A transposed convolution of stride 2 with ``padding="same"``: a size is doubled.

    It is the transpose of :class:`Conv`, so it cuts off what that would pad.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__(inputs, outputs, kernel, 2, (kernel - 2) // 2)

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Float (N, ``inputs``, H, W) to (N, ``outputs``, 2 H, 2 W)."""
        if self.out_channels == 1 and self.kernel_size[0] <= 5:
            return doubled(input, self.weight, self.bias, int(self.padding[0]))
        return super().forward(input)[:, :, : 2 * input.shape[2], : 2 * input.shape[3]]


class Upsample(nn.Identity):
    """Keras' ``UpSampling2D``, a layer that :class:`UpsampledConv` behind it does with its own."""


class UpsampledConv(nn.Conv2d):
    """A 3x3 convolution of an image whose every pixel is first repeated twice in both directions.

    Among four equal pixels three taps of the kernel see but two different ones, so that both layers
    together are a transposed convolution of stride 2 with sums of the taps: 4 products for each
    output instead of 9.
    """

    taps: Tensor

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3)
        taps = torch.tensor([[0.0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])
        self.register_buffer("taps", taps, persistent=False)

    def forward(self, input: Tensor) -> Tensor:
        """Float (N, ``inputs``, H, W) to (N, ``outputs``, 2 H, 2 W)."""
        summed = torch.einsum("ya,oiab,xb->ioyx", self.taps, self.weight, self.taps)
        return F.conv_transpose2d(input, summed, self.bias, stride=2, padding=1)


def initialize(module: nn.Module) -> None:
    """Keras' defaults: weights after Glorot and Bengio 2010 (uniform), biases zero."""
    if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class Generator(nn.Module):
    """A row of layers, without labels: a generator, whose last layer is tanh.

    Args:
        layers: From z, float (N, latent_dim), to images in [-1, 1].
    """

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.apply(initialize)

    def forward(self, inputs: Tensor, labels: Tensor | None = None) -> Tensor:
        """Float (N, latent_dim) to float (N, C, H, W)."""
        outputs: Tensor = self.layers(inputs)
        return outputs


class Discriminator(Generator):
    """The same from images, (N, C, H, W), to logits, positive for real.

    A published sigmoid is in the loss.
    """

    def forward(self, inputs: Tensor, labels: Tensor | None = None) -> Tensor:
        """Float (N, C, H, W) in [-1, 1] to float (N,)."""
        return super().forward(inputs, labels).flatten()
