"""What ``dcgan`` can be told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from neuplug_gan.options import GANOptions

Layout = Literal["default", "reser2020", "zamani", "farhat", "schlagenhauf2020"]


class DCGANOptions(GANOptions):
    """Options of ``dcgan``."""

    layout: Layout = Field(
        "default",
        description="default: the pyramid of Radford et al. for any size; the others: the "
        "networks that the papers of these names published",
    )
    ngf: int | None = Field(
        None,
        ge=1,
        description="feature maps of the generator's last hidden layer; "
        "by default 16 below 64 pixels, 32 from there, 64 with layout=farhat",
    )
    ndf: int | None = Field(
        None, ge=1, description="feature maps of the discriminator's first layer; likewise"
    )

    @model_validator(mode="after")
    def _as_published(self) -> DCGANOptions:
        if self.layout == "default":
            return self
        if self.conditional:
            raise ValueError(
                f"layout={self.layout} has no conditional networks: leave conditional off, or "
                "layout at default"
            )
        if self.minibatch_std:
            raise ValueError(
                f"layout={self.layout} is as published, without minibatch_std: leave it off, or "
                "layout at default"
            )
        if self.layout != "farhat" and (self.ngf or self.ndf):
            raise ValueError(f"layout={self.layout} has widths of its own: leave ngf and ndf out")
        if self.layout == "zamani" and self.batch == 1:
            raise ValueError("layout=zamani normalises over the batch: choose a batch from 2")
        return self
