"""The generators that a training keeps along the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from torch import Tensor, nn


@dataclass(frozen=True)
class Kept:
    """A generator as it was at one step.

    Attributes:
        number: What the user calls it: the step, or the epoch if the length is in epochs.
        step: Training loops done.
        distance: To the training images, see :mod:`neuplug_gan.quality`.
        network: Its weights and buffers, on the CPU.
    """

    number: int
    step: int
    distance: float
    network: Mapping[str, Tensor]

    @classmethod
    def of(cls, generator: nn.Module, number: int, step: int, distance: float) -> Self:
        """A copy of the generator, which may go on training."""
        state = {k: v.detach().to("cpu", copy=True) for k, v in generator.state_dict().items()}
        return cls(number, step, distance, state)

    def as_tree(self) -> dict[str, Any]:
        """For a state or a saved training; ``Kept(**tree)`` undoes it."""
        return {
            "number": self.number,
            "step": self.step,
            "distance": self.distance,
            "network": dict(self.network),
        }
