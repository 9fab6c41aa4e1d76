"""Layers that the networks of GANs have in common.

Where a label enters a conditional GAN, and how the discriminator is told how much the images of a
batch differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

# Images in a group of the minibatch standard deviation, the authors' number
GROUP = 4


def initialize(module: nn.Module) -> None:
    """Normal weights of standard deviation 0.02, as DCGAN's (Radford et al. 2016).

    Args:
        module: A network's part, of which convolutions, linear layers and batch normalisations are
            changed: for :meth:`torch.nn.Module.apply`.
    """
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


class LabelledNoise(nn.Module):
    """z, and behind it an embedding of the label where there are classes.

    Args:
        latent_dim: Length of z.
        num_classes: How many labels there are, 0 for none.

    Attributes:
        length: Of what comes out: ``latent_dim``, or twice that with classes.

    Example:
        >>> noise = LabelledNoise(latent_dim=100, num_classes=3)
        >>> noise(torch.randn(2, 100), torch.tensor([0, 2])).shape
        torch.Size([2, 200])
    """

    def __init__(self, latent_dim: int, num_classes: int = 0) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_classes, latent_dim) if num_classes else None
        self.length = latent_dim * (2 if num_classes else 1)

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Float (N, latent_dim) to float (N, length); ``labels`` int64 (N,) with classes."""
        if self.embedding is None:
            return noise
        return torch.cat([noise, self.embedding(labels)], 1)


class MinibatchStd(nn.Module):
    """Appends a feature map: the standard deviation over a group, averaged over all features.

    Karras, Aila, Laine, Lehtinen: Progressive Growing of GANs for Improved Quality, Stability, and
    Variation, 2018 (arXiv:1710.10196), section 3; in groups as in Karras et al. 2020
    (arXiv:1912.04958).

    The authors' batches are multiples of the group. Here any batch is cut into as few groups of at
    most four as it takes, as equal as can be: 5 images are a group of 3 and one of 2. Of a single
    image the deviation is zero. (For the gradient's sake 1e-8 is added to each variance, so zero
    comes out as 1e-4.)
    """

    def forward(self, features: Tensor) -> Tensor:
        """Float (N, F, H, W) to (N, F + 1, H, W), the same dtype; computed in float32."""
        maps = []
        for group in features.float().tensor_split(math.ceil(len(features) / GROUP)):
            deviation = (group.var(0, correction=0) + 1e-8).sqrt().mean()
            maps.append(deviation.expand(len(group), 1, *features.shape[2:]))
        return torch.cat([features, torch.cat(maps).to(features.dtype)], 1)


class ProjectionHead(nn.Module):
    """The end of a discriminator: feature maps to one logit an image, positive for real.

    With classes the label's embedding, projected on the mean features, is added to the logit
    (Miyato and Koyama: cGANs with Projection Discriminator, 2018, arXiv:1802.05637).

    Args:
        maps: Feature maps that come in.
        last: Makes the last layer for so many maps: one that takes float (N, maps, H, W) and gives
            one number an image.
        num_classes: How many labels there are, 0 for none.
        minibatch_std: Whether the last layer also sees how much the images of a batch differ
            (:class:`MinibatchStd`), as one map more.

    Example:
        >>> head = ProjectionHead(64, lambda maps: nn.Conv2d(maps, 1, 4), minibatch_std=True)
        >>> head(torch.randn(2, 64, 4, 4)).shape
        torch.Size([2])
    """

    def __init__(
        self,
        maps: int,
        last: Callable[[int], nn.Module],
        num_classes: int = 0,
        minibatch_std: bool = False,
    ) -> None:
        super().__init__()
        self.minibatch_std = MinibatchStd() if minibatch_std else None
        self.last = last(maps + minibatch_std)
        self.embedding = nn.Embedding(num_classes, maps) if num_classes else None

    def forward(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """Float (N, maps, H, W) to float (N,); ``labels`` int64 (N,) with classes."""
        shown = features if self.minibatch_std is None else self.minibatch_std(features)
        logits: Tensor = self.last(shown).flatten()
        if self.embedding is not None:
            logits = logits + (self.embedding(labels) * features.mean((2, 3))).sum(1)
        return logits
