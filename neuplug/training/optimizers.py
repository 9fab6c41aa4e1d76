"""Optimisers and schedules of the learning rate, as options state them."""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

import torch
from torch import nn
from torch.optim import lr_scheduler

from neuplug.training.options import TrainingOptions

_Optimizer = TypeVar("_Optimizer", bound=torch.optim.Optimizer)


def eager(kind: type[_Optimizer]) -> type[_Optimizer]:
    """An optimiser that does not load ``torch.compile``, which no eager step needs.

    PyTorch's methods load it at their first call, to tell it to leave them alone: one to three
    seconds and 100 MB in every process.

    Args:
        kind: Of ``torch.optim``, not differentiable.

    Returns:
        A class that is used in the same way and finds the same numbers. An object of it cannot be
        pickled; its ``state_dict`` can.

    Example:
        >>> weight = torch.nn.Parameter(torch.ones(1))
        >>> sgd = neuplug.eager(torch.optim.SGD)([weight], lr=0.5)
        >>> weight.square().sum().backward()
        >>> sgd.step()
        >>> weight.item()
        0.0
    """
    methods = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
    plain: dict[str, Any] = {name: inspect.unwrap(getattr(kind, name)) for name in methods}
    plain["step"] = torch.no_grad()(inspect.unwrap(kind.step))
    return type(kind.__name__, (kind,), plain)


def make_optimizer(
    module: nn.Module, options: TrainingOptions, device: torch.device
) -> torch.optim.Optimizer:
    """The optimiser of the network's weights."""
    parameters, decay = module.parameters(), options.weight_decay
    fused = device.type in ("cpu", "cuda")  # one pass over the weights
    if options.optimizer == "sgd":
        return eager(torch.optim.SGD)(
            parameters, options.lr, options.momentum, weight_decay=decay, fused=fused
        )
    kind = torch.optim.AdamW if options.optimizer == "adamw" else torch.optim.Adam
    betas = (options.beta1, 0.999)
    return eager(kind)(parameters, options.lr, betas, weight_decay=decay, fused=fused)


def make_scheduler(optimizer: torch.optim.Optimizer, options: TrainingOptions, total: int) -> Any:
    """What sets the learning rate at each of so many steps, or of a plateau at evaluations."""
    match options.schedule:
        case "one-cycle":
            # the momentum a user gives to sgd stands; Adam's first beta goes through the cycle
            return lr_scheduler.OneCycleLR(
                optimizer,
                options.lr,
                total_steps=total + 1,
                cycle_momentum=options.optimizer != "sgd",
            )
        case "cosine":
            return lr_scheduler.CosineAnnealingLR(optimizer, T_max=total)
        case "plateau":
            # torch lowers the rate one evaluation after its patience is at an end
            patience = options.patience - 1
            return lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=patience)
        case "constant":
            return lr_scheduler.ConstantLR(optimizer, factor=1.0)
