"""Closeness to training images, against closeness to images that were never trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from scipy.stats import betabinom, mannwhitneyu
from torch import Tensor

# Images (N, ...) and references (M, ...) to each image's closeness to the closest reference,
# float32 (N,), higher for closer, and which that is, int64 (N,).
Closeness = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]

# Of unseen real images one in a hundred is called a copy: the rate to compare with
QUANTILE = 0.01


@dataclass(frozen=True)
class Copying:
    """What was found for one class in one space.

    Attributes:
        closeness: Of each generated image to its closest training image, float32 (N,).
        parents: Which training image that is, int64 (N,).
        bound: Above it a generated image is a copy.
        copies: Share of the generated images above it.
        p: How likely at least so many would be above it, were they new real images.
        nearer: Share of generated images whose closest training image is closer than their closest
            unseen one, among as many; ties count half. One half without copying.
        nearer_real: The same of real unseen images: what chance leaves of one half.
        copying: Probability that a generated image is closer to the training images than an unseen
            real one; ties count half. One half without copying, 1 for nothing but copies.
    """

    closeness: Tensor
    parents: Tensor
    bound: float
    copies: float
    p: float
    nearer: float
    nearer_real: float
    copying: float


def copying(
    generated: Tensor, train: Tensor, unseen: Tensor, measure: Closeness, seed: int
) -> Copying:
    """Measure one class.

    ``copying`` is the statistic of Meehan, Chaudhuri and Dasgupta, "A Non-Parametric Test to Detect
    Data-Copying in Generative Models", AISTATS 2020, over the whole space at once: Mann and
    Whitney's U of the two sets of closenesses, over the number of pairs.

    Args:
        generated: (N, ...), N at least 1.
        train: What the generator has seen, (M, ...), M at least 1.
        unseen: Real, and not seen, (K, ...), K at least 2.
        measure: Says how close images are.
        seed: Draws as many unseen as training images, and the other way round.
    """
    closeness, parents = measure(generated, train)
    ordinary, _ = measure(unseen, train)
    # the closest above the quantile, never between two: with few images it is the closest of all
    bound = float(ordinary.quantile(1 - QUANTILE, interpolation="higher"))
    count, above = int((closeness > bound).sum()), int((ordinary > bound).sum())
    # of another real image the chance to be above the order statistic is beta distributed
    as_many = betabinom(len(closeness), above + 1, len(ordinary) - above)
    u = mannwhitneyu(closeness.numpy(), ordinary.numpy()).statistic
    rng = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(unseen), generator=rng)
    half = len(unseen) // 2

    def nearer(images: Tensor, others: Tensor) -> float:
        """Share closer to ``train``, among as many of both: a larger set has closer members."""
        n = min(len(train), len(others))
        some_train = train[torch.randperm(len(train), generator=rng)[:n]]
        some_others = others[torch.randperm(len(others), generator=rng)[:n]]
        to_train, to_others = measure(images, some_train)[0], measure(images, some_others)[0]
        return float(
            (to_train > to_others).float().mean() + (to_train == to_others).float().mean() / 2
        )

    return Copying(
        closeness=closeness,
        parents=parents,
        bound=bound,
        copies=count / len(closeness),
        p=float(as_many.sf(count - 1)),
        nearer=nearer(generated, unseen),
        nearer_real=nearer(unseen[order[:half]], unseen[order[half:]]),
        copying=float(u) / (len(ordinary) * len(closeness)),
    )
