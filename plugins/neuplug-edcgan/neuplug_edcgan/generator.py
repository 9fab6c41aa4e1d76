"""The component ``edcgan``."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field
from torch import nn

from neuplug import InputError
from neuplug_edcgan.model import Activation, Discriminator, Generator
from neuplug_gan.component import AdversarialGenerator
from neuplug_gan.options import Count, GANOptions, Share

SMALLEST, LARGEST = 28, 256


class EDCGANOptions(GANOptions):
    """Options of ``edcgan``. Learning rate and betas are the paper's."""

    lr: float = Field(1e-4, gt=0, description="learning rate of both Adam optimisers")
    beta1: Share = 0.8
    beta2: Share = 0.99
    ngf: Count = Field(32, description="feature maps of the generator's last hidden layer")
    ndf: Count = Field(32, description="feature maps of the discriminator's first layer")
    generator_activation: Activation = Field(
        "relu", description="relu: the paper's text; elu: its table"
    )
    dropout: Share = Field(0.1, description="probability of alpha-dropout in the discriminator")


class EDCGAN(AdversarialGenerator):
    """DCGAN with an ELU and alpha-dropout discriminator, one for each class or conditional."""

    options_class: ClassVar[type[EDCGANOptions]] = EDCGANOptions
    quick_options: ClassVar[dict[str, Any]] = {"steps": 4, "batch": 4, "ngf": 4, "ndf": 4}

    def check_images(self, in_chans: int, image_size: tuple[int, int]) -> None:
        """Refuse images with a side that is not between 28 and 256 pixels."""
        if not SMALLEST <= min(image_size) <= max(image_size) <= LARGEST:
            raise InputError(
                f"edcgan makes images from {SMALLEST} to {LARGEST} pixels a side, "
                f"not {image_size[0]}x{image_size[1]}: choose another --imgsz."
            )

    def build(
        self, num_classes: int, in_chans: int, image_size: tuple[int, int]
    ) -> tuple[nn.Module, nn.Module]:
        """The two networks.

        Raises:
            InputError: If a side is not between 28 and 256 pixels.
        """
        self.check_images(in_chans, image_size)
        o = self.options
        return (
            Generator(
                image_size, in_chans, o.latent_dim, o.ngf, num_classes, o.generator_activation
            ),
            Discriminator(image_size, in_chans, o.ndf, num_classes, o.dropout),
        )
