"""Differentiable augmentation of what the discriminator sees, real and generated alike.

Zhao, Liu, Lin, Zhu, Han: Differentiable Augmentation for Data-Efficient GAN Training, 2020
(arXiv:2006.10738). It keeps a discriminator from memorising a small training set. How often it is
applied can follow the training (:class:`AdaptiveProbability`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

# Of r_t, and updates of the discriminator between two steps of p, both the paper's
TARGET, INTERVAL = 0.6, 4


def diffaugment(
    images: Tensor, policies: Sequence[str], rng: torch.Generator, p: float = 1.0
) -> Tensor:
    """Apply the policies, one random draw for each image.

    Args:
        images: float (N, C, H, W) in [-1, 1].
        policies: Keys of :data:`POLICIES`.
        rng: The only source of randomness; on the CPU or where the images are.
        p: The chance of each policy on each image, drawn independently.

    Returns:
        The same shape; gradients flow through.
    """
    for name in policies:
        changed = POLICIES[name](images, rng)
        if p < 1:
            chosen = _uniform(images, rng) < p
            changed = torch.where(chosen, changed, images)
        images = changed
    return images


def _uniform(images: Tensor, rng: torch.Generator) -> Tensor:
    return _draw(rng, len(images), 1, 1, 1).to(images.device)


def _draw(rng: torch.Generator, *shape: int) -> Tensor:
    return torch.rand(shape, generator=rng, device=rng.device)


def color(images: Tensor, rng: torch.Generator) -> Tensor:
    """Brightness by up to +-0.5, saturation (RGB) by 0-2, contrast by 0.5-1.5."""
    shift = _uniform(images, rng) - 0.5
    mean = images.mean((1, 2, 3), keepdim=True) + shift
    if images.shape[1] > 1:
        grey = images.mean(1, keepdim=True)
        images = torch.lerp(grey, images, 2 * _uniform(images, rng))
    contrast = _uniform(images, rng) + 0.5
    # around the mean, which neither of the others but the shift moves
    return torch.addcmul((1 - contrast) * mean + contrast * shift, images, contrast)


def translation(images: Tensor, rng: torch.Generator) -> Tensor:
    """Shift by up to an eighth of the side in whole pixels; what comes in is mirrored.

    The paper fills with zero. On textures that teaches the generator a frame.
    """
    n, channels, height, width = images.shape
    draw = _draw(rng, n, 2)
    columns, rows = _shifted(width, draw[:, :1]), _shifted(height, draw[:, 1:])
    first = torch.arange(0, n * height * width, height * width, device=draw.device)[:, None, None]
    places = (first + rows[:, :, None] * width + columns[:, None]).flatten().to(images.device)
    pixels = images.permute(0, 2, 3, 1).reshape(-1, channels).index_select(0, places)
    return pixels.view(n, height, width, channels).permute(0, 3, 1, 2)


def _shifted(side: int, draw: Tensor) -> Tensor:
    """The pixels of a side that a shift brings into view, (N, side); ``draw`` (N, 1) in 0-1."""
    reach = max(1, round(side / 8))
    shift: Tensor = (draw * (2 * reach + 1)).floor().long() - reach
    places = torch.arange(side, device=shift.device) + shift
    places = torch.where(places < 0, -1 - places, places)
    return torch.where(places >= side, 2 * side - 1 - places, places)


def cutout(images: Tensor, rng: torch.Generator) -> Tensor:
    """Blank a rectangle of half the height and half the width."""
    n, _, height, width = images.shape
    cut_h, cut_w = height // 2, width // 2

    def first(side: int, cut: int) -> Tensor:
        low, high = 1 - cut // 2, side - cut // 2
        return torch.randint(low, high, (n, 1), generator=rng, device=rng.device)

    top, left = first(height, cut_h), first(width, cut_w)
    rows, columns = (torch.arange(side, device=rng.device) for side in (height, width))
    in_rows = (rows >= top) & (rows < top + cut_h)
    in_columns = (columns >= left) & (columns < left + cut_w)
    hole = in_rows[:, None, :, None] & in_columns[:, None, None, :]
    return images * (~hole).to(images)


POLICIES: dict[str, Callable[[Tensor, torch.Generator], Tensor]] = {
    "color": color,
    "translation": translation,
    "cutout": cutout,
}


@dataclass
class AdaptiveProbability:
    """How often each policy is applied: as often as keeps the discriminator from overfitting.

    Karras, Aittala, Hellsten, Laine, Lehtinen, Aila: Training Generative Adversarial Networks with
    Limited Data, 2020 (arXiv:2006.06676). Each augmentation of an image happens with probability p,
    which begins at 0. After every fourth update of the discriminator p is raised by a step if
    r_t, the mean of sign(D(x)) over these updates' real images, is above 0.6, and lowered if it is
    below. The augmentations here are the DiffAugment policies that are on, not the paper's
    eighteen.

    Attributes:
        images: In so many real images p can go from 0 to 1.
        p: The probability now, 0 to 1.
        signs: Sum of the signs since the last step of p.
        seen: Real images since then.
        updates: Updates of the discriminator since then.
    """

    images: int
    p: float = 0.0
    signs: Tensor = field(default_factory=lambda: torch.zeros(()))
    seen: int = 0
    updates: int = 0

    def update(self, on_real: Tensor) -> None:
        """Take in one update of the discriminator; move p if it is the fourth.

        Args:
            on_real: Its logits on real, augmented images, float (N,).
        """
        self.signs = self.signs + on_real.detach().sign().sum()
        self.seen += len(on_real)
        self.updates += 1
        if self.updates == INTERVAL:
            # on a GPU the only wait for it, at every fourth update
            excess = float(self.signs) / self.seen - TARGET
            direction = (excess > 0) - (excess < 0)
            self.p = min(1.0, max(0.0, self.p + direction * self.seen / self.images))
            self.signs = torch.zeros(())
            self.seen = self.updates = 0
