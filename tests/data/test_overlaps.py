"""Photographs that are crops of one scene, shifted by up to four fifths."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from neuplug.data.overlaps import overlapping
from neuplug.data.pixels import thumbnail


def scene(seed: int, size: int = 900) -> NDArray[np.uint8]:
    """A rough surface under uneven light."""
    rng = np.random.default_rng(seed)
    field = sum(gaussian_filter(rng.standard_normal((size, size)), s) * s for s in (2, 5, 12))
    light = np.linspace(-30, 30, size)
    return (125 + 25 * field / field.std() + light).clip(0, 255).astype(np.uint8)


def crops(surface: NDArray[np.uint8], down: int, across: int, count: int = 4) -> list[Any]:
    return [
        thumbnail(surface[down * i : down * i + 200, across * i : across * i + 200])
        for i in range(count)
    ]


@pytest.mark.parametrize(
    ("down", "across", "steps"),
    [(0, 60, 2), (0, 150, 1), (90, 40, 1), (170, 0, 0), (110, 110, 1), (30, 30, 3)],
)
def test_neighbours_that_share_a_fifth_are_found(down: int, across: int, steps: int) -> None:
    small = [crop for seed in range(8) for crop in crops(scene(seed), down, across)]
    ids = [f"sheet/{i}.png" for i in range(len(small))]
    found = {pair[:2] for pair in overlapping(np.stack(small), ids)}
    wanted = {
        (4 * k + i, 4 * k + i + step)
        for k in range(8)
        for i in range(4)
        for step in range(1, steps + 1)
        if i + step < 4
    }
    assert len(wanted - found) <= 0.1 * len(wanted)
    assert not {pair for pair in found if pair[0] // 4 != pair[1] // 4}


def test_numbers_in_names_count_as_numbers() -> None:
    small = [thumbnail(scene(seed)[:200, :200]) for seed in range(14)]
    small[9:11] = crops(scene(20), 0, 60, 2)  # files 10 and 11
    ids = [f"{i + 1}.png" for i in range(len(small))]
    order = np.random.default_rng(0).permutation(len(ids)).tolist()
    found = overlapping(np.stack([small[i] for i in order]), [ids[i] for i in order])
    assert [{ids[order[i]] for i in pair[:2]} for pair in found] == [{"10.png", "11.png"}]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_and_flat_images(count: int) -> None:
    assert overlapping(np.zeros((count, 64, 64), np.uint8), list("ab"[:count])) == []


def test_photographs_of_steel_overlap_with_their_neighbours(shared_data: Path) -> None:
    files = sorted((shared_data / "neu-det" / "IMAGES").rglob("scratches_*.jpg"))
    small = np.stack([thumbnail(np.asarray(Image.open(file).convert("L"))) for file in files])
    found = overlapping(small, [file.name for file in files])
    apart = [
        abs(int(re.findall(r"\d+", files[a].name)[-1]) - int(re.findall(r"\d+", files[b].name)[-1]))
        for a, b, _ in found
    ]
    assert len(found) > 300 and max(apart) <= 3
    shuffled = np.random.default_rng(0).permutation(len(files))
    by_chance = overlapping(small[shuffled], [str(i) for i in range(len(files))])
    assert len(by_chance) < 60  # of 894 pairs
