"""How far an image stands out as like one reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from neuplug_tests.surfaces import surface
from scipy.ndimage import gaussian_filter
from torch import Tensor

import neuplug
from neuplug.data.neighbors import copy_ranks


def noise(n: int, seed: int = 0, channels: int = 1) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(40, 200, (n, channels, 12, 20), generator=rng, dtype=torch.uint8)


def near(score: Tensor, ordinary: Tensor) -> bool:
    return bool(score.min() > ordinary.max())


def ordinary(references: Tensor) -> Tensor:
    return neuplug.copy_scores(noise(100, 9, references.shape[1]), references)[0]


@pytest.mark.parametrize("channels", [1, 3])
def test_altered_copies_are_led_back_to_what_they_were_made_of(channels: int) -> None:
    references = noise(30, channels=channels)
    chosen = torch.tensor([4, 17, 29])
    some = references[chosen].float()
    ramp = torch.linspace(0, 50, 20)
    grain = 8 * torch.randn(some.shape, generator=torch.Generator().manual_seed(1))
    for changed in (some + 40, some * 0.4 + 90, 0.8 * some + ramp, some + grain):
        images = changed.round().clamp(0, 255).to(torch.uint8)
        scores, indices = neuplug.copy_scores(images, references)
        assert torch.equal(indices, chosen) and near(scores, ordinary(references))
        assert scores.isfinite().all()


def test_equal_images_score_infinitely_whatever_they_show() -> None:
    references = torch.cat([noise(600), torch.full((2, 1, 12, 20), 7, dtype=torch.uint8)])
    references[601] = 8
    scores, indices = neuplug.copy_scores(references, references)
    assert scores.isinf().all() and torch.equal(indices, torch.arange(602))
    scores, indices = neuplug.copy_scores(references[:1], references[:1])
    assert scores.isinf().all() and indices.tolist() == [0]


def test_none_is_held_against_itself() -> None:
    references = noise(600)  # more than one block
    scores, indices = neuplug.copy_scores(references, references, same=True)
    assert scores.isfinite().all() and (indices != torch.arange(600)).all()
    for i in (0, 599):
        others = torch.cat([references[:i], references[i + 1 :]])
        alone, index = neuplug.copy_scores(references[i : i + 1], others)
        assert float(alone) == pytest.approx(float(scores[i]), rel=1e-4)
        assert torch.equal(others[index], references[indices[i : i + 1]])
    twice = torch.cat([references, references[5:6]])
    scores, indices = neuplug.copy_scores(twice, twice, same=True)
    assert torch.nonzero(scores.isinf()).flatten().tolist() == [5, 600]
    assert (int(indices[5]), int(indices[600])) == (600, 5)


def test_where_there_is_nothing_to_hold_against_the_score_is_0() -> None:
    flat = torch.full((1, 1, 12, 20), 90, dtype=torch.uint8)
    assert neuplug.copy_scores(flat, noise(10))[0].tolist() == [0]
    assert neuplug.copy_scores(noise(3, 1), noise(1))[0].tolist() == [0, 0, 0]
    assert neuplug.copy_scores(noise(2), noise(2), same=True)[0].tolist() == [0, 0]
    assert [len(found) for found in neuplug.copy_scores(noise(0), noise(2))] == [0, 0]


@pytest.mark.parametrize("count", [2, 3, 12])
def test_a_rank_is_that_among_the_references_which_the_image_joins(count: int) -> None:
    references = noise(count)
    flat = torch.full((1, 1, 12, 20), 90, dtype=torch.uint8)
    images = torch.cat([noise(30, 1), references // 2 + 50, flat])
    for image, rank in zip(images, copy_ranks(images, references).tolist(), strict=True):
        joined = torch.cat([references, image[None]])
        scores, indices = neuplug.copy_scores(joined, joined, same=True)
        as_much = (scores[:-1] >= scores[-1]).tolist()
        original = int(indices[-1])
        assert rank == sum(as_much[:original] + as_much[original + 1 :])


def test_ranks_of_none_and_of_more_than_a_block() -> None:
    references = noise(600)
    assert copy_ranks(references[:0], references).tolist() == []
    brighter = references // 2 + 50
    assert (copy_ranks(brighter, references) == 0).float().mean() > 0.99
    some = copy_ranks(noise(600, 1), references)
    assert torch.equal(some[590:], copy_ranks(noise(600, 1)[590:], references))


@pytest.mark.parametrize("name", ["rolled-in_scale", "scratches"])
def test_of_real_surfaces_copies_are_told_from_blurred_others(shared_data: Path, name: str) -> None:
    files = [shared_data / "neu-det" / "IMAGES" / f"{name}_{i}.jpg" for i in range(1, 301, 2)]
    images = torch.stack([surface(file) for file in files])
    images = images[torch.randperm(150, generator=torch.Generator().manual_seed(0))]
    train, others, unseen = images[:40], images[40:90], images[90:]
    bound = neuplug.copy_scores(unseen, train)[0].max()
    for sigma in (1.0, 3.0):
        wide = gaussian_filter(
            others.numpy().astype(np.float32), (0, 0, sigma, sigma), mode="mirror", truncate=3
        )
        blurred = torch.from_numpy(wide).round().to(torch.uint8)
        assert (neuplug.copy_scores(blurred, train)[0] > bound).float().mean() < 0.1
    rng = torch.Generator().manual_seed(0)
    copies = (
        (train.float() + 5 * torch.randn(train.shape, generator=rng))
        .round()
        .clamp(0, 255)
        .to(torch.uint8)
    )
    scores, indices = neuplug.copy_scores(copies, train)
    assert (scores > bound).float().mean() > 0.9 and torch.equal(indices, torch.arange(40))
