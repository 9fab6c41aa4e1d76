"""The averaged generator, which draws better images than the one that is trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

Tensors: TypeAlias = tuple[Tensor, ...] | list[Tensor]


def ramped_average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """An exponential moving average that forgets the first, poor generators sooner.

    The decay rises as (1 + t) / (10 + t) up to ``decay``, as in Tarvainen and Valpola 2017.

    Returns:
        What :class:`torch.optim.swa_utils.AveragedModel` takes as ``multi_avg_fn``.
    """

    @torch.no_grad()
    def update(average: Tensors, current: Tensors, count: Tensor | int) -> None:
        t = int(count)
        weight = 1 - min(decay, (1 + t) / (10 + t))
        if average[0].is_floating_point():
            torch._foreach_lerp_(average, current, weight)
        else:  # counters of batch norm
            for kept, new in zip(average, current, strict=True):
                kept.copy_(new)

    return update
