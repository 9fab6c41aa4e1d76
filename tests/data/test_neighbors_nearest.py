"""The nearest of a set of images, and which images are near duplicates."""

from __future__ import annotations

import pytest
import torch
from neuplug_tests.surfaces import ALTERED, REPEATED, noise

from neuplug.data.neighbors import nearest, one_of_each


def test_nearest_by_hand() -> None:
    points = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    distance, index = nearest(points, points, same=True)
    assert distance.tolist() == pytest.approx([0.5**0.5, 9**0.5, 0.5**0.5])
    assert index.tolist() == [2, 2, 0]
    distance, index = nearest(torch.tensor([[3.0, 4.0]]), points)
    assert (distance.tolist(), index.tolist()) == ([0.0], [1])
    many = torch.rand(1300, 5)  # more than one block
    near, where = nearest(many, many, same=True)
    full = (many[:, None] - many).square().mean(2).sqrt().fill_diagonal_(torch.inf)
    assert torch.equal(where, full.argmin(1)) and torch.allclose(near, full.amin(1))


@pytest.mark.parametrize("scale", [1, 0.1])  # grey levels, and what binary fractions cannot say
def test_equal_ones_are_found_among_many_and_are_at_no_distance(scale: float) -> None:
    """Matrix products in single precision put bright equal images half a grey level apart."""
    rng = torch.Generator().manual_seed(0)
    references = 240 + 16 * torch.rand(60, 4096, generator=rng)
    references = (references.round() if scale == 1 else references) * scale
    planted = torch.randperm(60, generator=rng)
    distance, index = nearest(references[planted], references)
    assert torch.equal(index, planted) and torch.equal(distance, torch.zeros(60))
    closest, _ = nearest(references, references, same=True)
    assert closest.min() > 0
    twice = torch.cat([references, references[7:8]])
    distance, index = nearest(twice, twice, same=True)
    assert torch.nonzero(distance == 0).flatten().tolist() == [7, 60]
    assert (int(index[7]), int(index[60])) == (60, 7)


@pytest.mark.parametrize("count", [3, 5, 10, 40])
def test_different_images_are_no_near_duplicates(count: int) -> None:
    assert all(one_of_each(noise(count, seed)).all() for seed in range(20))


def test_one_of_several_near_duplicates_is_kept() -> None:
    real = noise(40)
    again = [
        ALTERED["brighter"](real[:8].float()),
        ALTERED["noisy"](real[:2].float()),
        REPEATED["noisy"](real[:2].float()),
    ]
    kept = one_of_each(torch.cat([real, torch.cat(again).round().clamp(0, 255).to(torch.uint8)]))
    assert kept.tolist() == [True] * 40 + [False] * 12
    assert one_of_each(real[:0]).tolist() == [] and one_of_each(real[:2]).tolist() == [True, True]
