"""What every GAN of this family can be told."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from neuplug import Options
from neuplug_gan.checkpoints import parse_choice
from neuplug_gan.diffaugment import POLICIES
from neuplug_gan.losses import Loss

# Below so many training images DiffAugment is on by default
SMALL_SET = 1000

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Target = Annotated[float, Field(ge=0, le=1)]


class GANOptions(Options):
    """Options of the adversarial training.

    Attributes:
        auto_policies: What ``diffaugment=auto`` stands for on a small set. Cutout is not among
            them: it hides the very marks that tell a defect.
    """

    auto_policies: ClassVar[tuple[str, ...]] = ("translation",)

    steps: int | None = Field(
        None,
        ge=1,
        description="training loops; by default 1500 at 64x64, in proportion to the side",
    )
    epochs: int | None = Field(
        None,
        ge=1,
        description="instead of steps: passes over the images, images / batch loops each",
    )
    warm_start: Share = Field(
        0.0,
        description="share of each class's steps that it gives to one training on the images of "
        "all classes, from which each class then starts; 0: each starts from random weights",
    )
    batch: Count = Field(16, description="batch size")
    latent_dim: Count = Field(100, description="length of the noise vector z")
    lr: float = Field(2e-4, gt=0, description="learning rate of both Adam optimisers")
    d_lr: float | None = Field(None, gt=0, description="the discriminator's own learning rate")
    beta1: Share = 0.5
    beta2: Share = 0.999
    decay: float = Field(
        0.0, ge=0, description="after t updates the learning rate is lr / (1 + decay * t)"
    )
    loss: Loss = Field("bce", description="bce: non-saturating")
    real_label: Target | dict[str, Target] = Field(
        1.0,
        description="bce: below 1 is label smoothing; also by class, as in {rust: 0.85}, others 1",
    )
    fake_label: Target | dict[str, Target] = Field(
        0.0, description="bce: above 0 smooths the other side; also by class, others 0"
    )
    d_steps: Count = Field(1, description="discriminator updates per loop")
    g_steps: Count = Field(1, description="generator updates per loop")
    input_noise: float = Field(
        0.0,
        ge=0,
        description="standard deviation of the noise on what the discriminator sees, in [-1, 1]",
    )
    ema: Share = Field(0.999, description="decay of the averaged generator; 0 is off")
    diffaugment: str = Field(
        "auto",
        description="policies of color, translation, cutout, separated by commas; none; "
        f"auto: translation below {SMALL_SET} images",
    )
    spectral_norm: bool = Field(
        False, description="divide each weight of the discriminator by its largest singular value"
    )
    conditional: bool = Field(False, description="one network for all classes")
    checkpoints: tuple[Count, ...] = Field(
        (),
        description="steps (epochs, if the length is in epochs) at which the generator is kept "
        "in addition to the last one, as in 600,1200,1800",
    )
    checkpoint: str = Field(
        "last",
        description="what to draw from: a number of checkpoints, last, best (nearest to the "
        "training images) or all; / mixes, class: holds for one class, as in crazing:600/best",
    )
    grey_range: Literal["spread", "full"] = Field(
        "spread",
        description="what becomes [-1, 1]: the grey levels that the images use, or all 256",
    )
    grids: int = Field(
        10, ge=0, description="number of sample grids of fixed noise during training"
    )
    grid_images: Count = Field(16, description="images in a sample grid")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="auto: bf16 where the device supports it"
    )

    @field_validator("real_label", "fake_label", mode="wrap")
    @classmethod
    def _targets(cls, value: Any, validate: Callable[[Any], Any]) -> Any:
        try:
            return validate(value)
        except ValidationError:
            raise ValueError("write a number from 0 to 1, or {class: number}") from None

    @field_validator("diffaugment")
    @classmethod
    def _known_policies(cls, value: str) -> str:
        for name in () if value in ("auto", "none") else value.split(","):
            if name not in POLICIES:
                raise ValueError(
                    f"{name!r} is not a DiffAugment policy; there are {', '.join(POLICIES)}, "
                    "none and auto"
                )
        return value

    @field_validator("checkpoints", mode="before")
    @classmethod
    def _one_or_text(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return [value] if type(value) is int else value

    @field_validator("checkpoints")
    @classmethod
    def _in_order(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(set(value)))

    @field_validator("checkpoint", mode="before")
    @classmethod
    def _readable(cls, value: Any) -> Any:
        text = str(value) if type(value) is int else value  # 1800 in YAML is a number
        if isinstance(text, str):
            parse_choice(text)
        return text

    @model_validator(mode="after")
    def _fit_together(self) -> GANOptions:
        if self.epochs is not None and self.steps is not None:
            raise ValueError("give steps or epochs, not both")
        length = self.epochs or self.steps
        if length is not None:
            self.check_checkpoints(length)
        for name in ("conditional", "epochs", "checkpoints"):
            if self.warm_start and getattr(self, name):
                raise ValueError(f"warm_start does not go with {name}: set warm_start=0")
        self._check_choice(None if self.warm_start else length)
        for name, whole in (("real_label", 1.0), ("fake_label", 0.0)):
            if self.loss == "hinge" and getattr(self, name) != whole:
                raise ValueError(
                    f"{name} is a target of loss=bce, and hinge has none: add loss=bce"
                )
        return self

    def check_checkpoints(self, length: int) -> None:
        """See that every checkpoint comes before the end.

        Args:
            length: Of the training, in the unit of ``checkpoints``.

        Raises:
            ValueError: If one does not.
        """
        late = [number for number in self.checkpoints if number > length]
        if late:
            unit = "steps" if self.epochs is None else "epochs"
            raise ValueError(
                f"checkpoints = {late[0]} is beyond the end of the training, {length} {unit}"
            )

    def _check_choice(self, length: int | None) -> None:
        """Refuse a checkpoint that will not be there now, not after hours of training."""
        if length is None and not self.checkpoints and not self.warm_start:
            return  # a state may be loaded that has it
        for _, which in parse_choice(self.checkpoint):
            if isinstance(which, int) and which not in (*self.checkpoints, length):
                there = ", ".join(map(str, self.checkpoints))
                raise ValueError(
                    f"checkpoint = {which} is not kept: checkpoints has "
                    f"{there or 'none'}, besides the last"
                )

    def policies(self, images: int) -> tuple[str, ...]:
        """The DiffAugment policies for a training set of so many images."""
        if self.diffaugment == "none":
            return ()
        if self.diffaugment == "auto":
            return self.auto_policies if images < SMALL_SET else ()
        return tuple(self.diffaugment.split(","))

    def epoch_steps(self, images: int) -> int | None:
        """Training loops in an epoch of so many images; ``None`` if the length is in steps."""
        return None if self.epochs is None else math.ceil(images / self.batch)

    def length(self, image_size: tuple[int, int]) -> int:
        """Of the training, in epochs if given in epochs, in loops otherwise."""
        return self.epochs or self.steps or round(1500 * max(image_size) / 64)
