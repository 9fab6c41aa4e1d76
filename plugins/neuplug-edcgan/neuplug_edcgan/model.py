"""The networks of EDCGAN for any image size.

An End-to-End Steel Surface Classification Approach Based on EDCGAN and MobileNet V2, Sensors 2023,
23, 1953 (doi:10.3390/s23041953): a DCGAN whose discriminator has ELU and alpha-dropout in place of
batch normalisation. The paper's networks (Table 1) are for 256x256: six strided layers
between the image and 4x4x1024. Here the sides are halved, rounding up, until the smaller one is
at most 4, which for 256x256 gives just that; the generator doubles the same sizes back, odd ones
included. Feature maps start with the paper's 32 at the image and double at every layer.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

from neuplug_edcgan.alpha_dropout import ELUAlphaDropout
from neuplug_gan.convolutions import Conv2d, ConvTranspose2d
from neuplug_gan.layers import LabelledNoise, ProjectionHead, initialize

Activation = Literal["relu", "elu"]


def pyramid(image_size: tuple[int, int]) -> list[tuple[int, int]]:
    """The sizes from the image down to the smallest feature map.

    >>> pyramid((64, 64))
    [(64, 64), (32, 32), (16, 16), (8, 8), (4, 4)]
    >>> pyramid((50, 101))
    [(50, 101), (25, 51), (13, 26), (7, 13), (4, 7)]
    """
    sizes = [image_size]
    while min(sizes[-1]) > 4:
        height, width = sizes[-1]
        # what a 3x3 convolution of stride 2 and padding 1 makes of them
        sizes.append(((height + 1) // 2, (width + 1) // 2))
    return sizes


def widths(base: int, depth: int) -> list[int]:
    """Feature maps from the image side down, doubled at every layer.

    >>> widths(32, 6)
    [32, 64, 128, 256, 512, 1024]
    """
    return [base * 2**i for i in range(depth)]


class Generator(nn.Module):
    """Noise to images in [-1, 1].

    Every layer but the last has batch normalisation and the activation. The paper's Table 1 begins
    with the first deconvolution; that the linear layer before it has them too is DCGAN's way.

    Args:
        image_size: (height, width), each at least 5.
        in_chans: Channels of the images, 1 or 3.
        latent_dim: Length of z.
        ngf: Feature maps of the last hidden layer.
        num_classes: With classes, an embedding of the label joins z.
        activation: ``relu`` (the paper's text: ELU is in the discriminator only) or ``elu`` (its
            Table 1).
    """

    def __init__(
        self,
        image_size: tuple[int, int],
        in_chans: int,
        latent_dim: int = 100,
        ngf: int = 32,
        num_classes: int = 0,
        activation: Activation = "relu",
    ) -> None:
        super().__init__()
        sizes = pyramid(image_size)[::-1]
        maps = widths(ngf, len(sizes) - 1)[::-1]
        self.noise = LabelledNoise(latent_dim, num_classes)
        layers: list[nn.Module] = [
            nn.Linear(self.noise.length, maps[0] * math.prod(sizes[0]), bias=False),
            nn.Unflatten(1, (maps[0], *sizes[0])),
            *_normalized(maps[0], activation),
        ]
        for (small, large), (before, after) in zip(pairwise(sizes), pairwise(maps), strict=False):
            layers.append(_deconvolution(before, after, small, large, bias=False))
            layers += _normalized(after, activation)
        layers += [_deconvolution(maps[-1], in_chans, sizes[-2], sizes[-1], bias=True), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        self.apply(initialize)

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Float (N, latent_dim) to float (N, C, H, W); ``labels`` int64 (N,) if conditional."""
        images: Tensor = self.layers(self.noise(noise, labels))
        return images


class Discriminator(nn.Module):
    """Images to logits: positive for real. ELU and alpha-dropout, no batch normalisation.

    The weights begin as PyTorch's own, since the paper names none. DCGAN's 0.02 counts on batch
    normalisation; those of self-normalising networks (variance 1 / fan-in) were tried and
    collapsed more often on a small set of images.

    Args:
        image_size: (height, width), each at least 5.
        in_chans: Channels of the images, 1 or 3.
        ndf: Feature maps of the first layer.
        num_classes: How many labels there are, 0 for none; see
            :class:`neuplug_gan.layers.ProjectionHead`.
        dropout: Probability that alpha-dropout drops a unit.
    """

    def __init__(
        self,
        image_size: tuple[int, int],
        in_chans: int,
        ndf: int = 32,
        num_classes: int = 0,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        sizes = pyramid(image_size)
        maps = [in_chans, *widths(ndf, len(sizes) - 1)]
        layers: list[nn.Module] = []
        for before, after in pairwise(maps):
            layers += [
                Conv2d(before, after, 3, 2, 1),
                nn.ELU(inplace=True),
                ELUAlphaDropout(dropout),
            ]
        self.features = nn.Sequential(*layers)
        last = nn.Linear(maps[-1] * math.prod(sizes[-1]), 1)
        self.head = ProjectionHead(maps[-1], nn.Sequential(nn.Flatten(), last), num_classes)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Float (N, C, H, W) in [-1, 1] to float (N,)."""
        logits: Tensor = self.head(self.features(images), labels)
        return logits


def _deconvolution(
    before: int, after: int, small: tuple[int, int], large: tuple[int, int], bias: bool
) -> ConvTranspose2d:
    # without padding of the output a side n becomes 2n - 1
    rest = (large[0] - 2 * small[0] + 1, large[1] - 2 * small[1] + 1)
    return ConvTranspose2d(before, after, 3, 2, 1, output_padding=rest, bias=bias)


def _normalized(maps: int, activation: Activation) -> list[nn.Module]:
    act = nn.ELU(inplace=True) if activation == "elu" else nn.ReLU(inplace=True)
    return [nn.BatchNorm2d(maps), act]
