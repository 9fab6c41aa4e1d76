"""The networks of Farhat, Université d'Evry.

Improving Image Classification with Deep Convolutional GAN Data Augmentation. They are those of
Radford et al. 2016 for 64x64 with 64 maps, without biases, and with a slope of 0.02 where the
others have 0.2. Other sizes follow the pyramid of :mod:`neuplug_dcgan.model`. The paper draws from
10 latent numbers (``latent_dim=10``).
"""

from __future__ import annotations

from functools import partial

from neuplug_dcgan.model import Discriminator, Generator

MAPS = 64

# Transposed convolutions and convolutions alone; weights as in the DCGAN paper
generator = partial(Generator, ngf=MAPS, bias=False)
discriminator = partial(Discriminator, ndf=MAPS, slope=0.02, bias=False)
