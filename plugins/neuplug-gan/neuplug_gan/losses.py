"""Adversarial losses on discriminator logits.

A network that ends in a sigmoid in a paper ends in its logit here: the sigmoid is in the loss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

Loss: TypeAlias = Literal["bce", "hinge"]


def discriminator_loss(
    real: Tensor, fake: Tensor, loss: Loss, real_target: Tensor, fake_target: Tensor
) -> Tensor:
    """The loss that the discriminator lowers.

    ``bce``: Goodfellow et al. 2014 with label smoothing (Salimans et al. 2016); ``hinge``: Lim and
    Ye 2017.

    Args:
        real: Logits on real images, float (N,).
        fake: Logits on generated images, float (N,).
        loss: Which one.
        real_target: What ``bce`` wants of each real image, float (N,) in 0-1.
        fake_target: Likewise of each generated one.
    """
    if loss == "hinge":
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    bce = F.binary_cross_entropy_with_logits
    return bce(real, real_target) + bce(fake, fake_target)


def generator_loss(fake: Tensor, loss: Loss) -> Tensor:
    """The loss that the generator lowers: non-saturating for ``bce``, ``-D`` for ``hinge``.

    Smoothed labels are the discriminator's alone (Salimans et al. 2016); the generator wants 1.
    """
    if loss == "hinge":
        return -fake.mean()
    return F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))


def targets(label: float | Mapping[str, float], classes: Sequence[str], other: float) -> Tensor:
    """The target of every class, float (classes,).

    Args:
        label: One for all classes, or class names to targets.
        classes: The classes' names.
        other: The target of a class that ``label`` does not name.
    """
    if isinstance(label, Mapping):
        return torch.tensor([label.get(name, other) for name in classes])
    return torch.full((len(classes),), float(label))
