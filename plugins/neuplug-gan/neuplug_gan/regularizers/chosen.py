"""From options to penalties."""

from __future__ import annotations

import torch
from torch import nn

from neuplug_gan.options import GANOptions
from neuplug_gan.regularizers.consistency import Consistency
from neuplug_gan.regularizers.lecam import LeCam
from neuplug_gan.regularizers.r1 import R1


def chosen_penalties(options: GANOptions, augmented: bool, rng: torch.Generator) -> nn.ModuleList:
    """The penalties on the discriminator that are on.

    Each maps a :class:`~neuplug_gan.regularizers.turn.Turn` to a scalar that the discriminator's
    loss is raised by. What one remembers is in the list's ``state_dict``.

    Args:
        options: Which, and how strong.
        augmented: Whether DiffAugment is on.
        rng: The only source of randomness; on the CPU.
    """
    penalties = nn.ModuleList()
    if options.r1:
        penalties.append(R1(options.r1, options.r1_every))
    if options.lecam:
        penalties.append(LeCam(options.lecam, options.lecam_decay, options.lecam_start))
    if options.consistency:
        penalties.append(Consistency(options.consistency, augmented, rng))
    return penalties
