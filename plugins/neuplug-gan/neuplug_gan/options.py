"""What every GAN of this family can be told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from neuplug import Options
from neuplug_gan.diffaugment import POLICIES

AUTO = ("translation",)
"""On 40 surface photographs colour and cutout hide the very marks that tell a defect."""

SMALL_SET = 1000
"""Below so many training images DiffAugment is on by default."""


class GANOptions(Options):
    """Options of the adversarial training."""

    steps: int | None = Field(
        None,
        ge=1,
        description="training loops; by default 1500 at 64x64, in proportion to the side",
    )
    batch: int = Field(16, ge=2, description="images a step")
    latent_dim: int = Field(100, ge=1, description="length of the noise vector z")
    lr: float = Field(2e-4, gt=0, description="learning rate of both Adam optimisers")
    d_lr: float | None = Field(None, gt=0, description="the discriminator's own learning rate")
    beta1: float = Field(0.5, ge=0, lt=1)
    beta2: float = Field(0.999, ge=0, lt=1)
    loss: Literal["bce", "hinge"] = Field("bce", description="bce: non-saturating")
    real_label: float = Field(1.0, ge=0, le=1, description="bce: below 1 is label smoothing")
    fake_label: float = Field(0.0, ge=0, le=1, description="bce: above 0 smooths the other side")
    d_steps: int = Field(1, ge=1, description="discriminator updates a loop")
    g_steps: int = Field(1, ge=1, description="generator updates a loop")
    ema: float = Field(0.999, ge=0, lt=1, description="decay of the averaged generator; 0 is off")
    diffaugment: str = Field(
        "auto",
        description="policies of color, translation, cutout, separated by commas; none; "
        f"auto: {','.join(AUTO)} below {SMALL_SET} images",
    )
    conditional: bool = Field(False, description="one network for all classes")
    grids: int = Field(10, ge=0, description="sample grids of fixed noise along the training")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="auto: bf16 where the device has it"
    )

    @field_validator("diffaugment")
    @classmethod
    def _known_policies(cls, value: str) -> str:
        if value not in ("auto", "none"):
            for name in value.split(","):
                if name not in POLICIES:
                    raise ValueError(
                        f"{name!r} is no DiffAugment policy; there are {', '.join(POLICIES)}, "
                        "none and auto"
                    )
        return value

    def policies(self, images: int) -> tuple[str, ...]:
        """The DiffAugment policies for a training set of so many images."""
        if self.diffaugment == "none":
            return ()
        if self.diffaugment == "auto":
            return AUTO if images < SMALL_SET else ()
        return tuple(self.diffaugment.split(","))

    def total_steps(self, image_size: tuple[int, int]) -> int:
        """Training loops for images of this size."""
        if self.steps is not None:
            return self.steps
        return round(1500 * max(image_size) / 64)
