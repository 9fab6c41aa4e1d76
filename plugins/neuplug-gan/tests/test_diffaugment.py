"""The policies of differentiable augmentation."""

from __future__ import annotations

import pytest
import torch

from neuplug_gan.diffaugment import POLICIES, diffaugment

from .tiny import options


@pytest.mark.parametrize("policy", list(POLICIES))
@pytest.mark.parametrize("shape", [(6, 1, 8, 8), (6, 3, 9, 14)])
def test_diffaugment(policy: str, shape: tuple[int, ...]) -> None:
    rng = torch.Generator().manual_seed(0)
    images = (torch.rand(shape, generator=rng) - 0.5).requires_grad_()
    out = diffaugment(images, [policy], torch.Generator().manual_seed(1))
    assert out.shape == images.shape and out.isfinite().all()
    assert torch.equal(out, diffaugment(images, [policy], torch.Generator().manual_seed(1)))
    assert not torch.equal(out, diffaugment(images, [policy], torch.Generator().manual_seed(2)))
    out.sum().backward()
    assert images.grad is not None and images.grad.abs().sum() > 0


def test_translation_moves_whole_pixels() -> None:
    images = torch.arange(64.0).reshape(1, 1, 8, 8).repeat(50, 1, 1, 1) + 1
    out = POLICIES["translation"](images, torch.Generator().manual_seed(0))
    kept = set(out.unique().tolist())
    assert kept <= set(images.unique().tolist())  # nothing interpolated, nothing invented
    shifts = set()
    for moved in out[:, 0]:
        found = [
            (dy, dx)
            for dy in (-1, 0, 1)
            for dx in (-1, 0, 1)
            if moved[3, 3] == images[0, 0, 3 + dy, 3 + dx]
        ]
        shifts.update(found)
    assert len(shifts) == 9  # an eighth of 8 pixels each way


def test_cutout_blanks_at_most_a_quarter() -> None:
    out = POLICIES["cutout"](torch.ones(200, 1, 8, 8), torch.Generator().manual_seed(0))
    blank = (out == 0).float().mean((1, 2, 3))
    assert blank.max() == 0.25 and 0 < blank.min() < 0.25


def test_small_sets_are_augmented_by_default() -> None:
    assert options().policies(100) == ("translation",)
    assert options().policies(5000) == ()
    assert options(diffaugment="none").policies(100) == ()
    assert options(diffaugment="color,cutout").policies(5000) == ("color", "cutout")
