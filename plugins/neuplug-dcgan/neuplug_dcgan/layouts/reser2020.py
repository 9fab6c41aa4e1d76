"""The networks of Reser and Reich 2020.

DCGAN-Based Data Augmentation for Enhanced Performance of Convolution Neural Networks, DATA
ANALYTICS 2020, pages 47-53. The paper counts 24 and 22 layers at 128x128 and took them from a
Keras tutorial, whose layers these are. Smaller images leave the first blocks of the generator out,
larger ones have more of its last; the discriminator goes with any size.
"""

from __future__ import annotations

from itertools import pairwise
from math import log2

from torch import nn

from neuplug_dcgan.layouts import keras

SIZES = "square images of 16, 32, 64, 128 or 256 pixels a side"
MOMENTUM = 0.8
SLOPE = 0.2
DROPOUT = 0.25


def fits(image_size: tuple[int, int]) -> bool:
    """Whether doubling 4x4 two to six times gives the size."""
    return image_size[0] == image_size[1] and image_size[0] in (16, 32, 64, 128, 256)


def generator(image_size: tuple[int, int], in_chans: int, latent_dim: int) -> keras.Generator:
    """Dense to 4x4x256, blocks that double the sides, a last convolution."""
    blocks = int(log2(image_size[0] // 4))
    widths = [256, 256, *[128] * max(3, blocks - 2)][-blocks:]
    layers: list[nn.Module] = [
        keras.dense(latent_dim, 4 * 4 * 256, nn.ReLU()),
        nn.Unflatten(1, (256, 4, 4)),
    ]
    for before, after in pairwise([256, *widths]):
        layers += [
            keras.Upsample(),
            keras.UpsampledConv(before, after),
            keras.batch_norm(after, MOMENTUM),
            nn.ReLU(),
        ]
    return keras.Generator([*layers, keras.Conv(widths[-1], in_chans, 3), nn.Tanh()])


def discriminator(image_size: tuple[int, int], in_chans: int) -> keras.Discriminator:
    """Five convolutions, the first three halving the sides, and one dense layer."""
    last = -(-(image_size[0] // 4 + 1) // 2)  # a quarter and the padding's pixel, halved, up
    return keras.Discriminator(
        [
            keras.Conv(in_chans, 32, 3, 2),
            nn.LeakyReLU(SLOPE),
            nn.Dropout(DROPOUT),
            keras.Conv(32, 64, 3, 2),
            nn.ZeroPad2d((0, 1, 0, 1)),
            *_normalised(64),
            keras.Conv(64, 128, 3, 2),
            *_normalised(128),
            keras.Conv(128, 256, 3),
            *_normalised(256),
            keras.Conv(256, 512, 3),
            *_normalised(512),
            nn.Flatten(),
            keras.dense(last * last * 512, 1),
        ]
    )


def _normalised(width: int) -> list[nn.Module]:
    return [keras.batch_norm(width, MOMENTUM), nn.LeakyReLU(SLOPE), nn.Dropout(DROPOUT)]
