"""How much generated images differ from each other, against how much real ones do."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

# Below this part of the real images' diversity, training has collapsed
ALARM = 0.35


def diversity(images: Tensor) -> float:
    """Mean distance between two images, after averaging to at most 16x16 pixels.

    Averaging leaves shape and brightness and drops pixel noise, which a collapsed generator may
    still have.

    Args:
        images: uint8 (N, C, H, W), N at least 2.

    Returns:
        Mean root mean square difference over all pairs, in grey levels (0-255).
    """
    small = F.adaptive_avg_pool2d(
        images.float(), (min(16, images.shape[2]), min(16, images.shape[3]))
    )
    flat = small.flatten(1)
    return float(torch.pdist(flat).mean() / flat.shape[1] ** 0.5)


def collapse_warning(generated: Tensor, real: Tensor, name: str) -> str | None:
    """A sentence if the generated images are far less diverse than the real ones, else ``None``.

    Args:
        generated: uint8 (N, C, H, W), N at least 2.
        real: uint8 (M, C, H, W), M at least 2.
        name: What was trained, for the sentence.
    """
    ours, theirs = diversity(generated), diversity(real)
    if theirs == 0 or ours >= ALARM * theirs:
        return None
    return (
        f"{name}: the generated images have collapsed: two of them differ by {ours:.1f} grey "
        f"levels, two real ones by {theirs:.1f}. Expect no help from them; try more images, "
        f"fewer steps or another loss."
    )


def collapse_warnings(
    generated: Tensor,
    drawn: Tensor,
    real: Tensor,
    labels: Tensor,
    name: str,
    classes: Sequence[str],
) -> list[str]:
    """The warnings of a generator of several classes, each measured by itself.

    Images of different classes differ even where a generator draws one image for each.

    Args:
        generated: uint8 (N, C, H, W).
        drawn: int64 (N,), their classes.
        real: uint8 (M, C, H, W).
        labels: int64 (M,), their classes.
        name: What was trained, for the sentences.
        classes: The classes' names. One alone needs no naming.

    Returns:
        A sentence for each class that has collapsed. A class with fewer than two images on either
        side is passed over.
    """
    found = []
    for label in drawn.unique().tolist():
        ours, theirs = generated[drawn == label], real[labels == label]
        if min(len(ours), len(theirs)) > 1:
            who = name if len(classes) == 1 else f"{name}, {classes[label]}"
            found.append(collapse_warning(ours, theirs, who))
    return [warning for warning in found if warning]
