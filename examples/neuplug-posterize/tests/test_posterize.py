"""What is particular to posterize."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import neuplug


@pytest.mark.parametrize("levels", [2, 8, 50])
def test_enough_levels_are_left_and_no_pixel_moves_far(levels: int) -> None:
    posterize: Any = neuplug.load("posterize", levels=levels)
    ramp = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).repeat(50, 1, 1, 1)
    result = posterize.augment(ramp, torch.Generator().manual_seed(0))
    counts = torch.tensor([len(image.unique()) for image in result])
    assert counts.min() >= levels
    assert len(counts.unique()) > 1  # drawn for each image
    darker = ramp.int() - result.int()
    assert darker.min() == 0 and darker.max() < 256 / levels
