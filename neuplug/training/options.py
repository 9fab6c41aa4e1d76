"""How classifiers are trained, as a user states it; loads without torch."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from neuplug.plugins.component import ClassBalance, Options

DEFAULT_STEPS = 600
LONGEST = 1_000_000_000  # more is a slip of the finger
Steps = Annotated[int, Field(ge=1, le=LONGEST)]
First = Annotated[int, Field(ge=0, le=LONGEST)]
# What an option is for: another one, and its values
_USERS = (
    ("momentum", "optimizer", ("sgd",)),
    ("beta1", "optimizer", ("adam", "adamw")),
    ("patience", "schedule", ("plateau",)),
    ("generated_share", "mix", ("beside",)),
    ("generated_weight", "mix", ("beside",)),
    ("mix", "generated_first", (0,)),
    ("real_first", "generated_first", (0,)),
)
# Of a command's help; the options that name it have a flag of their own there
PANEL = "Training"


class TrainingOptions(Options):
    """How classifiers are trained. All arms of a run share these.

    Example:
        >>> neuplug.TrainingOptions(epochs=10, batch=16).total_steps(images=100)
        70
        >>> retraining = neuplug.TrainingOptions(steps=600, real_first=300)
        >>> [phase.steps for phase in retraining.phases()]
        [300, 600]
    """

    model_config = ConfigDict(allow_inf_nan=False)

    steps: Steps | None = Field(
        None,
        description=f"number of optimiser steps, equal for all arms; by default {DEFAULT_STEPS}, "
        "or twice or four times as many where none takes so long to fit its training images",
        json_schema_extra={"panel": PANEL},
    )
    epochs: Steps | None = Field(
        None,
        description="instead of steps: number of passes over each arm's own training set",
        json_schema_extra={"panel": PANEL},
    )
    real_first: First = Field(
        0,
        description="retraining: number of steps (epochs, if the length is in epochs) on the arm's "
        "real images only, before training on the arm's whole set",
    )
    generated_first: First = Field(
        0, description="likewise on its generated images only, before its real images only"
    )
    mix: Literal["together", "beside", "real", "generated"] = Field(
        "together", description="beside: every batch has generated images beside real ones"
    )
    generated_share: float = Field(
        1.0, gt=0, le=16, description="beside: generated images for each real one, at least one"
    )
    generated_weight: float = Field(
        1.0, ge=0, le=100, description="beside: weight of the generated images' loss"
    )
    batch: int = Field(
        16, ge=2, le=65_536, description="batch size", json_schema_extra={"panel": PANEL}
    )
    optimizer: Literal["adam", "adamw", "sgd"] = Field("adam", description="optimiser")
    lr: float = Field(1e-3, gt=0, description="learning rate; with one-cycle, its peak")
    weight_decay: float = Field(0.0, ge=0, description="weight decay of the optimiser")
    momentum: float = Field(0.9, ge=0, lt=1, description="momentum of sgd")
    beta1: float = Field(0.9, ge=0, lt=1, description="beta1 of adam and adamw")
    schedule: Literal["constant", "cosine", "one-cycle", "plateau"] = Field(
        "one-cycle", description="schedule of the learning rate"
    )
    patience: Steps = Field(7, description="plateau: number of evaluations without a lower loss")
    evaluations: Steps = Field(20, description="number of evaluations on validation images")
    class_balance: ClassBalance = Field(
        "none", description="sampling: draw every class equally often; loss: weight it by class"
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="fraction of each target that is spread over all classes"
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="auto: bf16 where the device supports it and the network benefits"
    )

    @model_validator(mode="after")
    def _one_budget(self) -> TrainingOptions:
        if self.epochs is not None and self.steps is not None:
            raise ValueError("give steps or epochs, not both")
        for name, setting, users in _USERS:
            usual = type(self).model_fields[name].default
            if getattr(self, name) != usual and getattr(self, setting) not in users:
                raise ValueError(
                    f"{name} has no effect with {setting}={getattr(self, setting)}: leave it out"
                )
        return self

    def total_steps(self, images: int) -> int:
        """Optimiser steps for a training set of so many images."""
        if self.epochs is not None:
            return self.epochs * math.ceil(images / self.batch)
        return self.steps or DEFAULT_STEPS

    def phases(self) -> tuple[TrainingOptions | None, TrainingOptions]:
        """The training on real or generated images alone that goes first, if any; the other."""
        before, mix = ("generated", "real") if self.generated_first else (self.mix, self.mix)
        second = self.model_copy(update={"real_first": 0, "generated_first": 0, "mix": mix})
        unit, length = "steps" if self.epochs is None else "epochs", self.real_first
        first = second.model_copy(update={unit: length or self.generated_first, "mix": before})
        return first if length or self.generated_first else None, second
