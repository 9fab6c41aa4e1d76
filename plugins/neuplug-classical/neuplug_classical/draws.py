"""Random numbers for a whole batch, all from the generator that ``augment`` is given.

Each function takes the same number of values from the generator whatever comes out, so what one
image or one operation draws never shifts what the next one draws.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray


def uniform(low: float, high: float, count: int, rng: torch.Generator) -> NDArray[np.float64]:
    """``count`` numbers, float64 (count,), uniform on [low, high)."""
    unit = torch.rand(count, generator=rng, dtype=torch.float64).numpy()
    return low + (high - low) * unit


def chance(probability: float, count: int, rng: torch.Generator) -> NDArray[np.bool_]:
    """``count`` coin tosses, bool (count,), each true with ``probability``."""
    return uniform(0.0, 1.0, count, rng) < probability


def seeds(count: int, rng: torch.Generator) -> list[int]:
    """``count`` seeds of 63 bits, one for each image."""
    drawn: list[int] = torch.randint(0, 2**63 - 1, (count,), generator=rng).tolist()
    return drawn
