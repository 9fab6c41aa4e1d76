"""A third party's plugin, and small images that a small network can tell apart."""

from __future__ import annotations

import pytest
import torch

import neuplug
from neuplug_tests.lab import lab

__all__ = ["bars", "installed", "lab"]


@pytest.fixture(autouse=True)
def installed(lab: object) -> None:
    """Its components are known by their names."""


@pytest.fixture
def bars() -> neuplug.TrainingSet:
    """Twelve upright and twelve lying bars, 32x32, on noise."""
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(0, 60, (24, 1, 32, 32), generator=rng, dtype=torch.uint8)
    for i in range(24):
        at = int(torch.randint(4, 26, (1,), generator=rng))
        part = images[i, 0]
        (part if i % 2 else part.T)[at : at + 3] = 220
    return neuplug.training_set(images, [i % 2 for i in range(24)], ["upright", "lying"])
