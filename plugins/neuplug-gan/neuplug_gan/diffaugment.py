"""Differentiable augmentation of what the discriminator sees, real and generated alike.

Zhao, Liu, Lin, Zhu, Han: Differentiable Augmentation for Data-Efficient GAN Training, 2020
(arXiv:2006.10738). It keeps a discriminator from memorising a small training set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def diffaugment(images: Tensor, policies: Sequence[str], rng: torch.Generator) -> Tensor:
    """Apply the policies, one random draw for each image.

    Args:
        images: float (N, C, H, W) in [-1, 1].
        policies: Keys of :data:`POLICIES`.
        rng: The only source of randomness; on the CPU or where the images are.

    Returns:
        The same shape; gradients flow through.
    """
    for name in policies:
        images = POLICIES[name](images, rng)
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
