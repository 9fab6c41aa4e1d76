"""Images that a small classifier learns quickly, for tests that train one."""

from __future__ import annotations

from typing import Any

import torch

from neuplug import TrainingSet


def draw_bars(n: int, seed: int, kind: type = TrainingSet, channels: int = 1) -> Any:
    """Two classes, 28x28: a bright bar standing or lying, somewhere on noise."""
    rng = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 120, (n, channels, 28, 28), generator=rng, dtype=torch.uint8)
    labels = torch.arange(n) % 2
    for i in range(n):
        at = int(torch.randint(4, 24, (), generator=rng))
        if labels[i]:
            images[i, :, at : at + 2] = 170
        else:
            images[i, :, :, at : at + 2] = 170
    return kind(images, labels, ("standing", "lying"), tuple(f"bar/{i}" for i in range(n)))
