"""Duplicates, exact and near, and the groups they bind."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from neuplug.data import duplicates
from neuplug.data.duplicates import bound_groups, exact_clusters, near_pairs


def textures(count: int, channels: int = 1, size: int = 48, seed: int = 0) -> torch.Tensor:
    """Smooth random fields under uneven light, uint8 (count, channels, size, size)."""
    rng = np.random.default_rng(seed)
    fields = gaussian_filter(rng.standard_normal((count, channels, size, size)), (0, 0, 2, 2))
    light = np.linspace(-30, 30, size)[None, None, :, None]
    levels = 120 + 25 * fields / fields.std() + light
    return torch.from_numpy(levels.clip(0, 255).astype(np.uint8))


def test_exact_clusters_in_order() -> None:
    assert exact_clusters(["a", "b", "a", "c", "b", "a"]) == [(0, 2, 5), (1, 4)]
    assert exact_clusters(["a", "b"]) == []


def test_groups_of_images_that_share_nothing() -> None:
    assert bound_groups(["x", "y"], [None, None], ["1", "2"]) == ("x", "y")


def test_groups_are_passed_on() -> None:
    ids = ["a", "b", "c", "d", "e"]
    given = ["cow1", "cow1", None, "cow2", None]
    digests = ["1", "2", "2", "2", "5"]
    assert bound_groups(ids, given, digests) == ("cow1", "cow1", "cow1", "cow1", "e")


def test_groups_agree_with_reachability() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        count = int(rng.integers(1, 25))
        ids = [f"i{n}" for n in range(count)]
        given = [f"g{n}" if n < 6 else None for n in rng.integers(0, 12, count)]
        digests = [f"d{n}" for n in rng.integers(0, 20, count)]
        reach = np.eye(count, dtype=bool)
        for i, j in itertools.permutations(range(count), 2):
            same_group = given[i] is not None and given[i] == given[j]
            reach[i, j] = same_group or digests[i] == digests[j]
        for _ in range(count):
            reach = (reach.astype(int) @ reach.astype(int)) > 0
        groups = np.array(bound_groups(ids, given, digests))
        assert np.array_equal(groups[:, None] == groups[None, :], reach)


@pytest.mark.parametrize("channels", [1, 3])
def test_near_duplicates_are_found(channels: int) -> None:
    images = textures(40, channels)
    brighter = (images[3].float() * 0.9 + 20).clamp(0, 255).byte()
    noise = torch.from_numpy(np.random.default_rng(1).normal(0, 4, images[8].shape))
    noisy = (images[8] + noise).clamp(0, 255).byte()
    pairs = near_pairs(torch.cat([images, brighter[None], noisy[None]]))
    assert [pair[:2] for pair in pairs] in ([(3, 40), (8, 41)], [(8, 41), (3, 40)])
    assert all(0.95 <= score <= 1 for *_, score in pairs)


def test_each_image_names_its_nearest_only() -> None:
    one = textures(1)
    pairs = near_pairs(one.expand(50, -1, -1, -1))
    assert 25 <= len(pairs) <= 50
    assert {i for pair in pairs for i in pair[:2]} == set(range(50))


def test_only_some_are_compared() -> None:
    images = textures(6).repeat(2, 1, 1, 1)
    assert [p[:2] for p in near_pairs(images, among=[0, 1, 7, 8])] == [(1, 7)]
    assert near_pairs(images, among=[]) == []
    assert near_pairs(images, among=[4]) == []


def test_flat_images_are_like_nothing() -> None:
    flat = torch.full((3, 1, 32, 32), 90, dtype=torch.uint8)
    flat[1] += 1
    flat[2, 0, 0, 0] += 1
    assert near_pairs(flat) == []


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    images = torch.cat([textures(60), textures(60)[::3]])
    whole = near_pairs(images, threshold=0.5)
    monkeypatch.setattr(duplicates, "_BLOCK", 7)
    monkeypatch.setattr(duplicates, "_DECODED", 11)
    blocks = near_pairs(images, threshold=0.5)
    assert blocks == whole
    assert [p[:2] for p in whole if p[2] == 1] == [(3 * n, 60 + n) for n in range(20)]


def test_small_and_large_images_are_compared_alike() -> None:
    images = textures(10, size=96)
    copies = torch.nn.functional.interpolate(
        images[:5].float(), (24, 40), mode="bilinear", antialias=True
    )
    back = torch.nn.functional.interpolate(copies, (96, 96), mode="bilinear").byte()
    found = {p[:2] for p in near_pairs(torch.cat([images, back]))}
    assert found == {(n, 10 + n) for n in range(5)}
