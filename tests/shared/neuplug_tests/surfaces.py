"""Images of which none is like another, and what makes copies of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image


def noise(n: int, seed: int = 0) -> torch.Tensor:
    """Images of seeded noise, 8x8."""
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, 1, 8, 8), generator=rng, dtype=torch.uint8)


ALTERED: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "noisy": lambda x: x + 5 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0)),
    "brighter": lambda x: 0.7 * x + 60,
    "smoother": lambda x: 0.8 * x + 0.1 * x.roll(1, 2) + 0.1 * x.roll(1, 3),
}


def surface(file: Path) -> torch.Tensor:
    """A photograph as a grey image, 64x64."""
    with Image.open(file) as opened:
        small = opened.convert("L").resize((64, 64), Image.Resampling.BOX)
    return torch.from_numpy(np.asarray(small).copy())[None]


REPEATED: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "noisy": lambda x: x + 3 * torch.randn(x.shape, generator=torch.Generator().manual_seed(1)),
    "paler": lambda x: 0.8 * x + 30,
}
