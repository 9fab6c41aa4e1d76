"""The component ``dcgan``."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import nn

from neuplug import InputError
from neuplug_dcgan import model
from neuplug_dcgan.layouts import farhat, reser2020, schlagenhauf2020, zamani
from neuplug_dcgan.options import DCGANOptions
from neuplug_gan.component import AdversarialGenerator

# Where a layout says which sizes it has networks for
HOME = {
    "default": model,
    "farhat": model,
    "reser2020": reser2020,
    "schlagenhauf2020": schlagenhauf2020,
    "zamani": zamani,
}


class DCGAN(AdversarialGenerator):
    """Deep convolutional GAN (Radford et al. 2016), one for each class or conditional."""

    options_class: ClassVar[type[DCGANOptions]] = DCGANOptions
    quick_options: ClassVar[dict[str, Any]] = {"steps": 4, "batch": 4, "ngf": 4, "ndf": 4}

    def check_images(self, in_chans: int, image_size: tuple[int, int]) -> None:
        """Refuse sizes that the layout has no networks for."""
        layout = self.options.layout
        if not HOME[layout].fits(image_size):
            which = "" if layout == "default" else f" with layout={layout}"
            raise InputError(
                f"dcgan{which} makes {HOME[layout].SIZES}, not {image_size[0]}x{image_size[1]}: "
                "choose another --imgsz."
            )

    def build(
        self, num_classes: int, in_chans: int, image_size: tuple[int, int]
    ) -> tuple[nn.Module, nn.Module]:
        """The two networks.

        Raises:
            InputError: If the layout has none for this size.
        """
        self.check_images(in_chans, image_size)
        options: DCGANOptions = self.options
        layout, latent_dim = options.layout, options.latent_dim
        if layout == "default":
            maps = 16 if max(image_size) < 64 else 32
            ngf, ndf = options.ngf or maps, options.ndf or maps
            return (
                model.Generator(image_size, in_chans, latent_dim, ngf, num_classes),
                model.Discriminator(image_size, in_chans, ndf, num_classes),
            )
        if layout == "farhat":
            ngf, ndf = options.ngf or farhat.MAPS, options.ndf or farhat.MAPS
            return (
                farhat.generator(image_size, in_chans, latent_dim, ngf=ngf),
                farhat.discriminator(image_size, in_chans, ndf=ndf),
            )
        home = HOME[layout]
        return (
            home.generator(image_size, in_chans, latent_dim),
            home.discriminator(image_size, in_chans),
        )
