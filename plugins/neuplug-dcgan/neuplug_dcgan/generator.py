"""The component ``dcgan``."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from torch import nn

from neuplug import InputError
from neuplug_dcgan.model import Discriminator, Generator
from neuplug_gan.component import AdversarialGenerator
from neuplug_gan.options import GANOptions

SMALLEST, LARGEST = 28, 256


class DCGANOptions(GANOptions):
    """Options of ``dcgan``."""

    ngf: int | None = Field(
        None,
        ge=1,
        description="feature maps of the generator's last hidden layer; "
        "by default 16 below 64 pixels, 32 from there",
    )
    ndf: int | None = Field(
        None, ge=1, description="feature maps of the discriminator's first layer; likewise"
    )


class DCGAN(AdversarialGenerator):
    """Deep convolutional GAN (Radford et al. 2016), one for each class or conditional."""

    options_class: ClassVar[type[DCGANOptions]] = DCGANOptions

    def build(
        self, num_classes: int, in_chans: int, image_size: tuple[int, int]
    ) -> tuple[nn.Module, nn.Module]:
        """The two networks.

        Raises:
            InputError: If a side is not between 28 and 256 pixels.
        """
        if not SMALLEST <= min(image_size) <= max(image_size) <= LARGEST:
            raise InputError(
                f"dcgan makes images from {SMALLEST} to {LARGEST} pixels a side, "
                f"not {image_size[0]}x{image_size[1]}: choose another --imgsz."
            )
        options = self.options
        maps = 16 if max(image_size) < 64 else 32
        ngf, ndf = options.ngf or maps, options.ndf or maps
        generator = Generator(image_size, in_chans, options.latent_dim, ngf, num_classes)
        return generator, Discriminator(image_size, in_chans, ndf, num_classes)
