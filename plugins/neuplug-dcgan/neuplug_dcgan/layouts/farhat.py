"""The networks of Farhat, Université d'Evry.

Improving Image Classification with Deep Convolutional GAN Data Augmentation. They are those of
Radford et al. 2016 for 64x64 with 64 maps, without biases, and with a slope of 0.02 where the
others have 0.2. Other sizes follow the pyramid of :mod:`neuplug_dcgan.model`. The paper draws from
10 latent numbers (``latent_dim=10``).
"""

from __future__ import annotations

from neuplug_dcgan.model import Discriminator, Generator

MAPS = 64
SLOPE = 0.02


def generator(
    image_size: tuple[int, int], in_chans: int, latent_dim: int, ngf: int = MAPS
) -> Generator:
    """Transposed convolutions alone; weights as in the DCGAN paper."""
    return Generator(image_size, in_chans, latent_dim, ngf, bias=False)


def discriminator(image_size: tuple[int, int], in_chans: int, ndf: int = MAPS) -> Discriminator:
    """Convolutions alone; weights as in the DCGAN paper."""
    return Discriminator(image_size, in_chans, ndf, slope=SLOPE, bias=False)
