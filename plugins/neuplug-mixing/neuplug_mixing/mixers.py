"""The components ``mixup``, ``cutmix`` and ``patchmix``.

Those of torchvision.transforms.v2 do not fit here. Both draw from torch's global generator and take
no other, pair each image with its neighbour in the batch, and draw one share for a whole batch.
``MixUp`` multiplies in place, which fails on uint8.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from neuplug import Mixer
from neuplug_mixing.options import MixingOptions, MixupOptions

Mixed = tuple[Tensor, Tensor]


class Mixup(Mixer):
    """Weighted means of two images and of their targets (Zhang et al. 2018, mixup)."""

    options_class = MixupOptions

    def mix(self, images: Tensor, targets: Tensor, rng: torch.Generator) -> Mixed:
        """Mix each image with another one of the batch, or with itself; see ``neuplug.Mixer``."""
        partners = torch.randperm(len(images), generator=rng)
        taken = 1 - shares(self.options, len(images), rng)
        mixed = torch.lerp(images.float(), images[partners].float(), taken.view(-1, 1, 1, 1))
        return mixed.round().to(torch.uint8), _blend(targets, partners, taken)


class Cutmix(Mixer):
    """A box of another image in the same place; targets go by area (Yun et al. 2019, CutMix)."""

    options_class = MixingOptions

    def mix(self, images: Tensor, targets: Tensor, rng: torch.Generator) -> Mixed:
        """Mix each image with another one of the batch, or with itself; see ``neuplug.Mixer``."""
        partners = torch.randperm(len(images), generator=rng)
        box = boxes(shares(self.options, len(images), rng), images.shape[2:], rng)
        # what the box covers, since it may reach beyond the border
        taken = box.float().mean((1, 2, 3))
        return torch.where(box, images[partners], images), _blend(targets, partners, taken)


class Patchmix(Mixer):
    """A box of another image of the same class in the same place, so that targets stay.

    An image that is the only one of its class in a batch stays as it is.
    """

    options_class = MixingOptions

    def mix(self, images: Tensor, targets: Tensor, rng: torch.Generator) -> Mixed:
        """Mix each image with another one of its class; see ``neuplug.Mixer``."""
        partners = partners_within(targets.argmax(1), rng)
        box = boxes(shares(self.options, len(images), rng), images.shape[2:], rng)
        return torch.where(box, images[partners], images), targets.clone()


def _blend(targets: Tensor, partners: Tensor, taken: Tensor) -> Tensor:
    """Targets, float32 (N, K), of which the share ``taken`` is the partners'."""
    return torch.lerp(targets, targets[partners], taken[:, None])


def shares(options: MixingOptions, n: int, rng: torch.Generator) -> Tensor:
    """How much of an image stays, lambda in the papers.

    Returns:
        float32 (n,), or (1,) for all of a batch: from Beta(alpha, alpha), or 1 if nothing is mixed.
    """
    count = n if options.per == "image" else 1
    # torch draws from no Beta distribution with a generator of its caller
    numbers = np.random.default_rng(int(torch.randint(2**63 - 1, (), generator=rng)))
    kept = numbers.beta(options.alpha, options.alpha, count)
    kept[numbers.random(count) >= options.probability] = 1
    return torch.from_numpy(kept).float()


def boxes(kept: Tensor, size: tuple[int, ...], rng: torch.Generator) -> Tensor:
    """Boxes as in the paper's code: of the area 1 - ``kept``, about any pixel, cut at the border.

    Args:
        kept: float32 (n,).
        size: (height, width) in pixels.
        rng: The only source of randomness.

    Returns:
        bool (n, 1, height, width), true within.
    """
    sides = []
    for length in size:
        centre = torch.randint(length, (len(kept), 1), generator=rng)
        half = (length * (1 - kept).sqrt()).long()[:, None] // 2
        at = torch.arange(length)
        sides.append((at >= centre - half) & (at < centre + half))
    rows, columns = sides
    return (rows[:, :, None] & columns[:, None, :])[:, None]


def partners_within(labels: Tensor, rng: torch.Generator) -> Tensor:
    """For each image another one of its class, each once; the image itself if there is no other.

    Args:
        labels: int64 (n,).
        rng: The only source of randomness.

    Returns:
        int64 (n,), indices.
    """
    order = torch.randperm(len(labels), generator=rng)
    partners = torch.empty_like(order)
    for label in labels.unique():
        members = order[labels[order] == label]
        partners[members] = members.roll(1)
    return partners
