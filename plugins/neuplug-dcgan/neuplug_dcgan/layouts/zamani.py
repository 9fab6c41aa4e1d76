"""The networks of Zamani: Data Augmentation Using GANs on the NEU Dataset.

Slides; 28x28 grey images. The layers are pictures there; these are the
usual Keras ones of such pictures (Rosebrock 2017, Deep Learning for Computer Vision with Python),
which normalise after the activation. Other sizes scale the 7x7 with which the generator begins.
"""

from __future__ import annotations

from torch import nn

from neuplug_dcgan.layouts import keras

SIZES = "images from 8 to 256 pixels a side in steps of 4"
SLOPE = 0.2


def fits(image_size: tuple[int, int]) -> bool:
    """Whether the sides can be halved twice."""
    return all(8 <= side <= 256 and side % 4 == 0 for side in image_size)


def generator(image_size: tuple[int, int], in_chans: int, latent_dim: int) -> keras.Generator:
    """Two dense layers, then two transposed convolutions from a quarter of the sides."""
    height, width = image_size[0] // 4, image_size[1] // 4
    wide = height * width * 64
    return keras.Generator(
        [
            keras.dense(latent_dim, 512),
            nn.ReLU(),
            keras.dense_batch_norm(512),
            keras.dense(512, wide),
            nn.ReLU(),
            keras.dense_batch_norm(wide),
            nn.Unflatten(1, (64, height, width)),
            keras.ConvTranspose(64, 32, 5),
            nn.ReLU(),
            keras.batch_norm(32),
            keras.ConvTranspose(32, in_chans, 5),
            nn.Tanh(),
        ]
    )


def discriminator(image_size: tuple[int, int], in_chans: int) -> keras.Discriminator:
    """Two convolutions that halve the sides, then two dense layers."""
    height, width = image_size[0] // 4, image_size[1] // 4
    return keras.Discriminator(
        [
            keras.Conv(in_chans, 32, 5, 2),
            nn.LeakyReLU(SLOPE),
            keras.Conv(32, 64, 5, 2),
            nn.LeakyReLU(SLOPE),
            nn.Flatten(),
            keras.dense(height * width * 64, 512),
            nn.LeakyReLU(SLOPE),
            keras.dense(512, 1),
        ]
    )
