"""Nearness to training images, against nearness to images that were never trained on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from scipy.stats import betabinom, mannwhitneyu
from torch import Tensor

from neuplug import nearest

QUANTILE = 0.01
"""Of unseen real images one in a hundred is called a copy: the rate to compare with."""


@dataclass(frozen=True)
class Copying:
    """What was found for one class in one space.

    Attributes:
        distances: Of each generated image to its nearest training image, float32 (N,).
        parents: Which training image that is, int64 (N,).
        bound: Below it a generated image is a copy.
        copies: Share of the generated images below it.
        p: How likely at least so many would be below it, were they new real images.
        nearer: Share of generated images whose nearest training image is nearer than their nearest
            unseen one, among as many; ties count half. One half without copying.
        nearer_real: The same of real unseen images: what chance leaves of one half.
        copying: Probability that a generated image is nearer to the training images than an unseen
            real one; ties count half. One half without copying, 1 for nothing but copies.
    """

    distances: Tensor
    parents: Tensor
    bound: float
    copies: float
    p: float
    nearer: float
    nearer_real: float
    copying: float


def copying(generated: Tensor, train: Tensor, unseen: Tensor, seed: int) -> Copying:
    """Measure one class.

    ``copying`` is the statistic of Meehan, Chaudhuri and Dasgupta, "A Non-Parametric Test to Detect
    Data-Copying in Generative Models", AISTATS 2020, over the whole space at once: Mann and
    Whitney's U of the two sets of distances, over the number of pairs.

    Args:
        generated: Features, float (N, D), N at least 1.
        train: Of the images that the generator has seen, float (M, D), M at least 1.
        unseen: Of real images that it has not, float (K, D), K at least 2.
        seed: Draws as many unseen as training images, and the other way round.
    """
    distances, parents = nearest(generated, train)
    from_unseen, _ = nearest(unseen, train)
    # the nearest below the quantile, never between two: with few images it is the nearest of all
    bound = float(from_unseen.quantile(QUANTILE, interpolation="lower"))
    count, below = int((distances < bound).sum()), int((from_unseen < bound).sum())
    # of another real image the chance to be below the order statistic is beta distributed
    as_many = betabinom(len(distances), below + 1, len(from_unseen) - below)
    u = mannwhitneyu(from_unseen.numpy(), distances.numpy()).statistic
    rng = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(unseen), generator=rng)
    half = len(unseen) // 2
    return Copying(
        distances=distances,
        parents=parents,
        bound=bound,
        copies=count / len(distances),
        p=float(as_many.sf(count - 1)),
        nearer=_nearer(generated, train, unseen, rng),
        nearer_real=_nearer(unseen[order[:half]], train, unseen[order[half:]], rng),
        copying=float(u) / (len(from_unseen) * len(distances)),
    )


def _nearer(images: Tensor, train: Tensor, unseen: Tensor, rng: torch.Generator) -> float:
    """The share nearer to ``train``, among as many of both: a larger set has nearer members."""
    n = min(len(train), len(unseen))
    some_train = train[torch.randperm(len(train), generator=rng)[:n]]
    some_unseen = unseen[torch.randperm(len(unseen), generator=rng)[:n]]
    to_train, to_unseen = nearest(images, some_train)[0], nearest(images, some_unseen)[0]
    return float((to_train < to_unseen).float().mean() + (to_train == to_unseen).float().mean() / 2)
