"""The networks of DCGAN for any image size.

Radford, Metz, Chintala: Unsupervised Representation Learning with Deep Convolutional Generative
Adversarial Networks, 2016 (arXiv:1511.06434). The paper's network is for 64x64; here the sides are
halved until the smaller one is between 4 and 7, which for 64x64 gives the paper's four
strided layers, and the generator doubles the same sizes back, odd ones included.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from neuplug_gan.convolutions import Conv2d, ConvTranspose2d
from neuplug_gan.layers import LabelledNoise, ProjectionHead, initialize

SIZES = "images from 28 to 256 pixels a side"


def fits(image_size: tuple[int, int]) -> bool:
    """Whether there are networks for the size."""
    return all(28 <= side <= 256 for side in image_size)


def pyramid(image_size: tuple[int, int]) -> list[tuple[int, int]]:
    """The sizes from the image down to the smallest feature map.

    >>> pyramid((64, 64))
    [(64, 64), (32, 32), (16, 16), (8, 8), (4, 4)]
    >>> pyramid((100, 50))
    [(100, 50), (50, 25), (25, 12), (12, 6)]
    """
    sizes = [image_size]
    while min(sizes[-1]) >= 8:
        height, width = sizes[-1]
        sizes.append((height // 2, width // 2))
    return sizes


def widths(base: int, depth: int) -> list[int]:
    """Feature maps from the image side down: doubled at every layer, at most eightfold."""
    return [base * min(8, 2**i) for i in range(depth)]


class Generator(nn.Module):
    """Noise to images in [-1, 1].

    Args:
        image_size: (height, width), each at least 28.
        in_chans: Channels of the images, 1 or 3.
        latent_dim: Length of z.
        ngf: Feature maps of the last hidden layer.
        num_classes: With classes, an embedding of the label joins z.
        bias: Whether the last layer has one; the others' normalisation has.
    """

    def __init__(
        self,
        image_size: tuple[int, int],
        in_chans: int,
        latent_dim: int = 100,
        ngf: int = 64,
        num_classes: int = 0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        sizes = pyramid(image_size)[::-1]
        maps = widths(ngf, len(sizes) - 1)[::-1]
        self.noise = LabelledNoise(latent_dim, num_classes)
        layers: list[nn.Module] = [
            ConvTranspose2d(self.noise.length, maps[0], sizes[0], bias=False),
            nn.BatchNorm2d(maps[0]),
            nn.ReLU(inplace=True),
        ]
        steps = list(pairwise(sizes))
        for i, (small, large) in enumerate(steps):
            # 2n or, for an odd side, 2n + 1
            odd = (large[0] - 2 * small[0], large[1] - 2 * small[1])
            last = i == len(steps) - 1
            out = in_chans if last else maps[i + 1]
            layers.append(
                ConvTranspose2d(maps[i], out, 4, 2, 1, output_padding=odd, bias=last and bias)
            )
            layers += [nn.Tanh()] if last else [nn.BatchNorm2d(out), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers)
        self.apply(initialize)

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Float (N, latent_dim) to float (N, C, H, W); ``labels`` int64 (N,) if conditional."""
        images: Tensor = self.layers(self.noise(noise, labels)[:, :, None, None])
        return images


class Discriminator(nn.Module):
    """Images to logits: positive for real.

    Args:
        image_size: (height, width), each at least 28.
        in_chans: Channels of the images, 1 or 3.
        ndf: Feature maps of the first layer.
        num_classes: How many labels there are, 0 for none; see
            :class:`neuplug_gan.layers.ProjectionHead`.
        slope: Of the leaky ReLUs below zero.
        bias: Whether the first and the last layer have one; the others' normalisation has.
    """

    def __init__(
        self,
        image_size: tuple[int, int],
        in_chans: int,
        ndf: int = 64,
        num_classes: int = 0,
        slope: float = 0.2,
        bias: bool = True,
    ) -> None:
        super().__init__()
        sizes = pyramid(image_size)
        maps = [in_chans, *widths(ndf, len(sizes) - 1)]
        layers: list[nn.Module] = []
        for i, (before, after) in enumerate(pairwise(maps)):
            layers.append(Conv2d(before, after, 4, 2, 1, bias=i == 0 and bias))
            layers += [] if i == 0 else [nn.BatchNorm2d(after)]
            layers.append(nn.LeakyReLU(slope, inplace=True))
        self.features = nn.Sequential(*layers)
        last = Conv2d(maps[-1], 1, sizes[-1], bias=bias)
        self.head = ProjectionHead(maps[-1], last, num_classes)
        self.apply(initialize)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Float (N, C, H, W) in [-1, 1] to float (N,)."""
        logits: Tensor = self.head(self.features(images), labels)
        return logits
