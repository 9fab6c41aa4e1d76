"""The classes behind the components of acme_good."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import torch
from pydantic import Field

from neuplug import (
    Augmenter,
    Classifier,
    Evaluation,
    Evaluator,
    FitRecord,
    Generator,
    Metric,
    Options,
)


class Curve(Enum):
    LINEAR = "linear"
    GAMMA = "gamma"


class DimOptions(Options):
    factor: float = Field(0.5, ge=0, le=1, description="What the pixels are multiplied with.")
    rounds: int = Field(1, gt=0)
    curve: Curve = Curve.LINEAR
    table: Path | None = None
    where: Literal["all", "centre"] = "all"
    levels: list[Annotated[int, Field(ge=0, le=255)]] = Field(default_factory=list)
    window: tuple[int, int] = (3, 3)
    inverted: bool = False


class Dim(Augmenter):
    """Make images darker.

    This paragraph is not for listings.
    """

    options_class = DimOptions

    def augment(self, images, rng):
        return (images * self.options.factor).to(torch.uint8)


class Mean(Generator):
    def fit(self, train, context):
        self.mean = train.images.float().mean(0).to(torch.uint8)
        return FitRecord()

    def sample(self, labels, seed):
        return self.mean.expand(len(labels), -1, -1, -1)

    def state_dict(self):
        return {"mean": self.mean}

    def load_state_dict(self, state):
        self.mean = state["mean"]


class Linear(Classifier):
    def build(self, num_classes, in_chans, image_size):
        pixels = in_chans * image_size[0] * image_size[1]
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(pixels, num_classes))


class Count(Evaluator):
    def evaluate(self, context):
        return Evaluation((Metric("n", len(context.test), unit="images"),))


class Unfinished(Augmenter):
    """Lacks its one method."""
