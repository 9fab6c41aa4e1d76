"""Adversarial losses on discriminator logits."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from neuplug_gan.options import GANOptions


def discriminator_loss(real: Tensor, fake: Tensor, options: GANOptions) -> Tensor:
    """The loss that the discriminator lowers.

    ``bce``: Goodfellow et al. 2014 with label smoothing (Salimans et al. 2016); ``hinge``: Lim and
    Ye 2017.

    Args:
        real: Logits on real images, float (N,).
        fake: Logits on generated images, float (N,).
        options: ``loss``, ``real_label`` and ``fake_label`` count.
    """
    if options.loss == "hinge":
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    return _bce(real, options.real_label) + _bce(fake, options.fake_label)


def generator_loss(fake: Tensor, options: GANOptions) -> Tensor:
    """The loss that the generator lowers: non-saturating for ``bce``, ``-D`` for ``hinge``."""
    if options.loss == "hinge":
        return -fake.mean()
    return _bce(fake, options.real_label)


def _bce(logits: Tensor, label: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))
