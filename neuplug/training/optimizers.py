"""Optimisers and schedules of the learning rate, as options state them."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.optim import lr_scheduler

from neuplug.training.options import TrainingOptions


def make_optimizer(
    module: nn.Module, options: TrainingOptions, device: torch.device
) -> torch.optim.Optimizer:
    """The optimiser of the network's weights."""
    parameters, decay = module.parameters(), options.weight_decay
    fused = device.type in ("cpu", "cuda")  # one pass over the weights
    if options.optimizer == "sgd":
        return torch.optim.SGD(
            parameters, options.lr, options.momentum, weight_decay=decay, fused=fused
        )
    kind = torch.optim.AdamW if options.optimizer == "adamw" else torch.optim.Adam
    betas = (options.beta1, 0.999)
    return kind(parameters, options.lr, betas, weight_decay=decay, fused=fused)


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
