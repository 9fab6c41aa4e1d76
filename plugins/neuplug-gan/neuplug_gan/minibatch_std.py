"""Minibatch standard deviation: the discriminator is told how much the images of a batch differ.

Karras, Aila, Laine, Lehtinen: Progressive Growing of GANs for Improved Quality, Stability, and
Variation, 2018 (arXiv:1710.10196), section 3; in groups as in Karras et al. 2020
(arXiv:1912.04958).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

# Images in a group, the authors' number
GROUP = 4


class MinibatchStd(nn.Module):
    """Appends a feature map: the group's standard deviation, averaged over all features.

    The authors' batches are multiples of the group. Here any batch is cut into as few groups of at
    most four as it takes, as equal as can be: 5 images are a group of 3 and one of 2. Of a single
    image the deviation is zero. (For the gradient's sake 1e-8 is added to each variance, so zero
    comes out as 1e-4.)
    """

    def forward(self, features: Tensor) -> Tensor:
        """Float (N, F, H, W) to (N, F + 1, H, W), the same dtype; computed in float32."""
        groups = features.float().tensor_split(math.ceil(len(features) / GROUP))
        maps = [_deviation(group).expand(len(group), 1, *features.shape[2:]) for group in groups]
        return torch.cat([features, torch.cat(maps).to(features.dtype)], 1)


def _deviation(group: Tensor) -> Tensor:
    """Mean standard deviation over a group, float32 scalar."""
    return (group.var(0, correction=0) + 1e-8).sqrt().mean()


def has_minibatch_std(discriminator: nn.Module) -> bool:
    """Whether the layer is anywhere in a discriminator."""
    return any(isinstance(module, MinibatchStd) for module in discriminator.modules())
