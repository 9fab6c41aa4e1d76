"""The networks of Schlagenhauf, Sun and Fleischer 2020.

GAN based ball screw drive picture database enlargement for failure classification, Table 2, for
96x96. Its sizes are those that a layer puts out, so the first convolution of the discriminator
keeps the sides and the other three halve them. The optional Gaussian noise layer is the trainer's
option ``input_noise``. The paper names no slope (0.2, Radford et al. 2016, is taken) and writes
three outputs of the discriminator for RGB (one is taken). Other sizes scale the 6x6 with which the
generator begins.
"""

from __future__ import annotations

from torch import nn

from neuplug_dcgan.layouts import keras

SIZES = "images from 32 to 256 pixels a side in steps of 16"
SLOPE = 0.2
DROPOUT = 0.25


def fits(image_size: tuple[int, int]) -> bool:
    """Whether the sides can be halved four times."""
    return all(32 <= side <= 256 and side % 16 == 0 for side in image_size)


def generator(image_size: tuple[int, int], in_chans: int, latent_dim: int) -> keras.Generator:
    """Dense to a sixteenth of the sides with 1024 maps, then four transposed convolutions."""
    height, width = image_size[0] // 16, image_size[1] // 16
    layers: list[nn.Module] = [
        keras.dense(latent_dim, height * width * 1024),
        nn.Unflatten(1, (1024, height, width)),
    ]
    for before, after in ((1024, 512), (512, 256), (256, 128)):
        layers += [keras.ConvTranspose(before, after, 4), keras.batch_norm(after), nn.ReLU()]
    return keras.Generator([*layers, keras.ConvTranspose(128, in_chans, 4), nn.Tanh()])


def discriminator(image_size: tuple[int, int], in_chans: int) -> keras.Discriminator:
    """Four convolutions with dropout and one dense layer."""
    height, width = image_size[0] // 8, image_size[1] // 8
    layers: list[nn.Module] = [
        keras.Conv(in_chans, 32, 5),
        nn.LeakyReLU(SLOPE),
        nn.Dropout(DROPOUT),
    ]
    for before, after, kernel in ((32, 64, 5), (64, 128, 3), (128, 256, 3)):
        layers += [
            keras.Conv(before, after, kernel, 2),
            keras.batch_norm(after),
            nn.LeakyReLU(SLOPE),
            nn.Dropout(DROPOUT),
        ]
    return keras.Discriminator([*layers, nn.Flatten(), keras.dense(height * width * 256, 1)])
