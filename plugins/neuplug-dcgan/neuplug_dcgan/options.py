"""What ``dcgan`` can be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from neuplug_gan.losses import Loss
from neuplug_gan.options import SMALL_SET, GANOptions, Share

# The training that goes with a published network, where nothing else is said
PUBLISHED = {"loss": "bce", "lr": 2e-4, "spectral_norm": False}

# Steps of a class below 64 pixels, where it starts from a training on all classes
QUICK = 200

Layout = Literal["default", "reser2020", "zamani", "farhat", "schlagenhauf2020"]


class DCGANOptions(GANOptions):
    """Options of ``dcgan``.

    Loss, learning rate, spectral norm and DiffAugment's policies are what paid on surface defects
    with 10 to 100 images a class (docs/results/gan.md); the paper's are ``PUBLISHED`` and none.
    """

    auto_policies: ClassVar[tuple[str, ...]] = ("color", "translation")

    steps: int | None = Field(
        None,
        ge=1,
        description="training loops for each class; by default 200 below 64 pixels, 750 at 64x64 "
        "and beyond in proportion to the side; without warm_start 1500 at 64x64, in proportion",
    )
    loss: Loss = Field("hinge", description="bce: non-saturating; the default of other layouts")
    lr: float = Field(
        4e-4, gt=0, description="learning rate of both Adam optimisers; 2e-4 with other layouts"
    )
    spectral_norm: bool = Field(
        True,
        description="divide each weight of the discriminator by its largest singular value; "
        "not with other layouts",
    )
    diffaugment: str = Field(
        "auto",
        description="policies of color, translation, cutout, separated by commas; none; "
        f"auto: color,translation below {SMALL_SET} images",
    )
    warm_start: Share = Field(
        0.5,
        description="share of each class's steps that it gives to one training on the images of "
        "all classes, from which each class then starts; 0: each starts from random weights, as "
        "with other layouts, epochs, checkpoints or conditional",
    )
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
        None, ge=1, description="feature maps of the discriminator's first layer; the same defaults"
    )

    @model_validator(mode="before")
    @classmethod
    def _published_training(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        other = values.get("layout", "default") != "default"
        if other or any(values.get(name) for name in ("epochs", "checkpoints", "conditional")):
            values = {"warm_start": 0.0, **values}
        return {**PUBLISHED, **values} if other else values

    @model_validator(mode="after")
    def _as_published(self) -> DCGANOptions:
        if self.layout == "default":
            return self
        if self.conditional:
            raise ValueError(
                f"layout={self.layout} has no conditional networks: leave conditional off, or "
                "layout at default"
            )
        if self.layout != "farhat" and (self.ngf or self.ndf):
            raise ValueError(f"layout={self.layout} has fixed widths: leave ngf and ndf out")
        if self.layout == "zamani" and self.batch == 1:
            raise ValueError(
                "layout=zamani normalises over the batch: choose a batch of at least 2"
            )
        return self

    def length(self, image_size: tuple[int, int]) -> int:
        """Of the training; see :meth:`neuplug_gan.options.GANOptions.length`."""
        if self.epochs or self.steps or not self.warm_start:
            return super().length(image_size)
        side = max(image_size)
        # small images are for a first look, which should take minutes
        return QUICK if side < 64 else round(750 * side / 64)
