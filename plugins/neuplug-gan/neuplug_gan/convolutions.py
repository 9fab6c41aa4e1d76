"""Convolutions in a faster form of the same function, with the parameters of PyTorch's own.

What a GAN's networks have at their ends is slow in PyTorch: a transposed convolution of a single
pixel, a convolution that covers all of its input, and those of stride 2 from or to one channel. The
first two are matrix products. The others are convolutions of stride 1 at half the size, between
features and the four phases of the image: sub-pixel convolution (Shi et al. 2016, arXiv:1609.05158)
on the way up, space to depth on the way down. With three channels they are no faster on a
processor, so that they stay as they are (docs/results/speed.md).

Outputs and gradients are those of the layer that each derives from, up to rounding.
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Conv2d(nn.Conv2d):
    """:class:`torch.nn.Conv2d`, faster where it covers its input or halves a grey image."""

    def forward(self, input: Tensor) -> Tensor:
        """Float (N, C, H, W) to float (N, out_channels, H', W')."""
        if not _is_plain(self):
            return super().forward(input)
        size, padding = input.shape[2:], self.padding[0]
        if padding == 0 and size == self.kernel_size:
            outputs = F.linear(input.flatten(1), self.weight.flatten(1), self.bias)
            return outputs[:, :, None, None]
        # n pixels become n / 2
        even = not (size[0] % 2 or size[1] % 2)
        keeps = self.kernel_size[0] - 2 * int(padding) in (1, 2)
        if self.in_channels == 1 and even and keeps and _has_phases(self):
            return halved(input, self.weight, self.bias, int(padding))
        return super().forward(input)


class ConvTranspose2d(nn.ConvTranspose2d):
    """:class:`torch.nn.ConvTranspose2d`, faster for one pixel and where it makes a grey image."""

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Float (N, C, H, W) to float (N, out_channels, H', W')."""
        if output_size is not None or not _is_plain(self):
            return super().forward(input, output_size)
        padding, rest = int(self.padding[0]), self.output_padding[0]
        if padding == rest == 0 and input.shape[2:] == (1, 1):
            outputs: Tensor = input.flatten(1) @ self.weight.flatten(1)
            outputs = outputs.unflatten(1, (self.out_channels, *self.kernel_size))
            return outputs if self.bias is None else outputs + self.bias[:, None, None]
        # n pixels become 2 n
        doubles = self.kernel_size[0] - 2 * padding + rest == 2
        if self.out_channels == 1 and doubles and _has_phases(self):
            return doubled(input, self.weight, self.bias, padding)
        return super().forward(input)


def _is_plain(layer: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    """Whether rows and columns are treated alike, and nothing else is special."""
    alike = [layer.padding, layer.output_padding, layer.stride]
    return (
        layer.groups == 1
        and layer.dilation == (1, 1)
        and layer.padding_mode == "zeros"
        and all(not isinstance(pair, str) and pair[0] == pair[1] for pair in alike)
    )


def _has_phases(layer: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    """Whether it is of stride 2, and its phases look at 3x3 pixels."""
    square = layer.kernel_size[0] == layer.kernel_size[1] <= 5
    return square and layer.stride == (2, 2) and layer.padding[0] in (0, 1)


def halved(input: Tensor, weight: Tensor, bias: Tensor | None, before: int) -> Tensor:
    """A convolution of stride 2 as one of stride 1 on the four phases of its input.

    Args:
        input: Float (N, C, H, W), H and W even; what lies around it counts as zero.
        weight: Float (O, C, K, K), K at most 5.
        bias: Float (O,).
        before: Zeros before the first row and column that the kernel sees, 0 or 1.

    Returns:
        Float (N, O, H / 2, W / 2).
    """
    phases = F.pixel_unshuffle(input, 2).contiguous(memory_format=torch.channels_last)
    taps = _taps(weight.shape[-1], before, 1, weight.device)
    kernel = F.pad(weight.flatten(2), (0, 1)).index_select(2, taps)
    return F.conv2d(phases, kernel.view(len(weight), -1, 3, 3), bias, padding=1)


def doubled(input: Tensor, weight: Tensor, bias: Tensor | None, cut: int) -> Tensor:
    """A transposed convolution of stride 2 as one of stride 1 to the four phases of its output.

    Args:
        input: Float (N, C, H, W).
        weight: Float (C, O, K, K), K at most 5.
        bias: Float (O,).
        cut: Rows and columns that are cut off before the first, 0 or 1.

    Returns:
        Float (N, O, 2 H, 2 W).
    """
    maps = weight.shape[1]
    taps = _taps(weight.shape[-1], cut, -1, weight.device)
    kernel = F.pad(weight.flatten(2), (0, 1)).index_select(2, taps)
    kernel = kernel.view(len(weight), 4 * maps, 3, 3).transpose(0, 1).contiguous()
    four = None if bias is None else bias.repeat_interleave(4)
    return F.pixel_shuffle(F.conv2d(input, kernel, four, padding=1), 2)


@functools.cache
def _taps(kernel: int, before: int, direction: int, device: torch.device) -> Tensor:
    """Which tap of a K x K kernel of stride 2 each tap of the 3x3 kernels of four phases is.

    Returns:
        int64 (36,), by phase and place; K * K where there is none.
    """
    rows = [[p + before + 2 * direction * (place - 1) for place in range(3)] for p in range(2)]
    taps = [
        row * kernel + column if 0 <= row < kernel and 0 <= column < kernel else kernel**2
        for down in rows
        for across in rows
        for row in down
        for column in across
    ]
    return torch.tensor(taps, device=device)
