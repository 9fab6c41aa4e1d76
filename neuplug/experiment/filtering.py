"""Which of a generator's images go on: none that copies a training image, none out of its class."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from neuplug.experiment.grammar import Filter
from neuplug.neighbors import copy_scores

COPIES, AGREEMENT = "copies", "agreement"
TRIES = 10
"""Images drawn at most for each one wanted."""

Accept = Callable[[Tensor], Tensor]
"""uint8 (N, C, H, W) to bool (N,): which may go on."""


def no_copies(real: Tensor, level: float) -> Accept:
    """Drop what is more like a copy of a training image than these are of one another.

    The bound is the quantile ``1 - level`` of the training images' scores
    (:func:`neuplug.copy_scores`), each held against the others: of real images such a share would
    be dropped too, or one in N + 1 where that is more. No image that anything is tested on plays a
    part.

    Args:
        real: The real training images of the class, uint8 (N, C, H, W). With fewer than three
            different ones nothing can be said, and nothing is dropped but equal images.
        level: 0 to 1.
    """
    real = real.unique(dim=0)  # two equal ones would make copies ordinary
    bound = torch.inf
    if len(real) > 2:
        bound = float(copy_scores(real, real, same=True)[0].quantile(1 - level))

    def accept(images: Tensor) -> Tensor:
        scores, _ = copy_scores(images, real)
        return (scores <= bound) & scores.isfinite()

    return accept


def agreeing(predict: Callable[[Tensor], Tensor], label: int, level: float) -> Accept:
    """Keep what a classifier takes for its class with at least this probability.

    Args:
        predict: uint8 (N, C, H, W) to logits (N, classes), of a classifier trained on the real
            training images alone.
        label: The class.
        level: 0 to 1.
    """

    def accept(images: Tensor) -> Tensor:
        probabilities = predict(images).softmax(1)
        return (probabilities.argmax(1) == label) & (probabilities[:, label] >= level)

    return accept


def draw_accepted(
    sample: Callable[[int, int], Tensor], n: int, accept: Sequence[Accept]
) -> tuple[Tensor, int]:
    """Draw until enough images are accepted, or too many have been drawn.

    Args:
        sample: (how many, which draw, from 0) to uint8 (N, C, H, W).
        n: How many to accept.
        accept: All must.

    Returns:
        At most ``n`` images, and how many were drawn for them.
    """
    kept: list[Tensor] = []
    drawn = found = 0
    while found < n and drawn < TRIES * n:
        images = sample(n, drawn // n)
        drawn += n
        good = torch.ones(n, dtype=torch.bool)
        for each in accept:
            good &= each(images)
        kept.append(images[good][: n - found])
        found += len(kept[-1])
    return torch.cat(kept), drawn


def describe(filters: Sequence[Filter], kept: int, drawn: int, wanted: int, name: str) -> list[str]:
    """A warning where the filters left too few images of a class."""
    if kept >= wanted:
        return []
    how = "/".join(map(str, filters))
    return [
        f"filter={how} left {kept} of {drawn} images of {name}, {wanted} were wanted: the arm has "
        "fewer images than it says."
    ]
