"""Which of a generator's images go on: none that copies a training image, none out of its class."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from neuplug.data.neighbors import copy_ranks, nearest, one_of_each

COPIES, AGREEMENT = "copies", "agreement"
# How copies are told; in the key of what is drawn behind that filter, so renamed with the rule
COPIES_RULE = "rank of detail among one of each"
# Images drawn at most for each one wanted
TRIES = 10

# uint8 (N, C, H, W) to bool (N,): which may go on
Accept = Callable[[Tensor], Tensor]


def no_copies(real: Tensor, level: float) -> Accept:
    """Drop what stands out as like one training image, more than these do among one another.

    By ``copy_ranks`` of :mod:`neuplug.data.neighbors`, so that of new real images at most the
    share ``level`` would be dropped too, or two in N + 1 where that is more: with few images the
    price of finding copies, since in a pair of like images nothing says which is the copy. Training
    images that are near duplicates of each other would stand out more than copies do and let these
    pass: one of each counts (``one_of_each`` there). So N is the number of those, and the bound is
    for new images that are near duplicates of none; others are dropped as copies are. No image that
    anything is tested on plays a part.

    Args:
        real: The real training images of the class, uint8 (N, C, H, W). With fewer than three that
            are no near duplicates nothing can be said, and nothing is dropped but equal images.
        level: 0 to 1.
    """
    real = real.unique(dim=0)
    distinct = real[one_of_each(real)]  # two that are nearly equal would make copies ordinary
    ranks = max(1, math.floor(level * (len(distinct) + 1)) - 1)  # so many, from 0, are dropped

    def accept(images: Tensor) -> Tensor:
        new = nearest(images.flatten(1), real.flatten(1))[0] > 0
        return new if len(distinct) < 3 else new & (copy_ranks(images, distinct) >= ranks)

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
