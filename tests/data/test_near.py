"""Near duplicates, by what the images of the very set have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from neuplug.data import lookalikes, near
from neuplug.data.near import LIKE, NearDuplicates, near_duplicates
from neuplug.data.pixels import SIDE, thumbnail

Image = NDArray[np.uint8]


def textures(count: int, size: int = 128, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth random fields under uneven light, uint8 (count, size, size)."""
    rng = np.random.default_rng(seed)
    fields = gaussian_filter(rng.standard_normal((count, size, size)), (0, 4, 4))
    light = np.linspace(-20, 20, size)[:, None]
    return (125 + 25 * fields / fields.std() + light).clip(0, 255).astype(np.uint8)


def found(images: NDArray[np.uint8], *copies: Image) -> NearDuplicates:
    return near_duplicates(np.stack([thumbnail(image) for image in [*images, *copies]]))


def pairs(result: NearDuplicates) -> set[tuple[int, int]]:
    return {pair[:2] for pair in result.pairs}


def levels(
    change: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> Callable[[Image], Image]:
    return lambda image: change(image.astype(float)).clip(0, 255).astype(np.uint8)


CHANGES: dict[str, Callable[[Image], Image]] = {
    "brighter": levels(lambda x: x + 60),
    "much brighter": levels(lambda x: x * 1.6),
    "darker": levels(lambda x: x * 0.5),
    "more contrast": levels(lambda x: 2 * (x - 125) + 125),
    "gamma": levels(lambda x: 255 * (x / 255) ** 0.6),
    "noise": levels(lambda x: x + np.random.default_rng(1).normal(0, 8, x.shape)),
    "smaller": lambda image: image[::3, ::3],
    "stretched": lambda image: image.repeat(2, axis=1),
    "cropped": lambda image: image[6:, 4:-9],
    "mirrored": lambda image: image[:, ::-1],
    "upside down": lambda image: image[::-1],
    "quarter turn": lambda image: np.rot90(image),
    "turned, cropped, brighter": levels(lambda x: np.rot90(x, 3)[4:, :-5] * 1.2),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_copies_are_found_and_nothing_else(change: str) -> None:
    images = textures(30)
    result = found(images, *(CHANGES[change](image) for image in images[:4]))
    assert pairs(result) == {(n, 30 + n) for n in range(4)}
    assert all(LIKE <= score <= 1 for *_, score in result.pairs)
    assert [score for *_, score in result.pairs] == sorted(p[2] for p in result.pairs)[::-1]
    assert result.crowded == ()


def test_a_set_in_which_every_image_has_five_copies() -> None:
    images = textures(12)
    copies = [change(image) for change in list(CHANGES.values())[:5] for image in images]
    clusters: dict[int, set[int]] = {n: set() for n in range(12)}
    for first, second in pairs(found(images, *copies)):
        assert first % 12 == second % 12
        clusters[first % 12] |= {first, second}
    assert all(len(members) == 6 for members in clusters.values())


def test_a_dense_set_is_not_bound_but_counted() -> None:
    """Look-alikes all of one kind: each is as like any other as a copy would be."""
    one, others = textures(1)[0].astype(float), textures(40, seed=1).astype(float)
    alike = (one + 0.12 * (others - 125)).clip(0, 255).astype(np.uint8)
    result = found(alike)
    assert result.pairs == ()
    assert len({i for pair in result.crowded for i in pair}) == 40
    copied = found(alike, alike[7][:, ::-1])  # of such a set a true copy still stands out
    assert pairs(copied) == {(7, 40)}


def test_small_sets() -> None:
    images = textures(3)
    assert found(images[:1]).pairs == ()
    assert near_duplicates(np.empty((0, SIDE, SIDE), dtype=np.uint8)).pairs == ()
    assert pairs(found(images, images[1][::-1])) == {(1, 3)}


def test_flat_images_are_like_nothing() -> None:
    flat = np.full((4, SIDE, SIDE), 90, dtype=np.uint8)
    flat[1] += 1
    flat[2, 0, 0] += 1
    flat[3] = 255
    assert near_duplicates(flat) == NearDuplicates()


def test_colours_of_equal_mean_differ() -> None:
    red, blue = np.zeros((2, 32, 32, 3), dtype=np.uint8)
    red[8:24, 8:24, 0] = 255
    blue[8:24, 8:24, 2] = 255
    assert thumbnail(red).max() != thumbnail(blue).max()
    ramp = np.linspace(51000, 52200, 72).reshape(9, 8).astype(np.uint16)
    assert (thumbnail(ramp).min(), thumbnail(ramp).max()) == (0, 255)  # by its own range
    assert thumbnail(np.full((9, 7), 200, np.uint8)).max() == 0  # too few pixels to tell


def test_hardly_anything_is_left_but_white() -> None:
    images = textures(60)
    result = found(images, *(levels(lambda x: x + 135)(image) for image in images[:3]))
    assert pairs(result) == {(n, 60 + n) for n in range(3)}


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    images = textures(40)
    whole = found(images, *images[::4, ::-1])
    monkeypatch.setattr(lookalikes, "_BLOCK", 7)
    monkeypatch.setattr(lookalikes, "_CHUNK", 11)
    monkeypatch.setattr(near, "_PAIRS", 13)
    blocks = found(images, *images[::4, ::-1])
    assert pairs(blocks) == pairs(whole) == {(4 * n, 40 + n) for n in range(10)}
    assert [p[2] for p in blocks.pairs] == pytest.approx([p[2] for p in whole.pairs], abs=1e-3)


def test_progress_is_told() -> None:
    told: list[tuple[int, int, str]] = []
    small = np.stack([thumbnail(image) for image in textures(20)])
    near_duplicates(small, lambda done, total, note="": told.append((done, total, note)))
    assert told[0][0] == 0
    assert "near duplicates" in told[0][2]


def weave(pitch: float, angle: float, seed: int, side: int = 128) -> Image:
    """A cloth with a few faults of its own, uint8 (side, side)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] + rng.uniform(0, pitch, 2)[:, None, None]
    across, down = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    cloth = np.cos(2 * np.pi * across / pitch) + np.cos(2 * np.pi * down / pitch)
    faults = gaussian_filter((rng.random((side, side)) < 3e-4).astype(float), 3) * 60
    noise = rng.normal(0, 0.15, (side, side))
    return (128 + 45 * (cloth + faults + noise)).clip(0, 255).astype(np.uint8)


def test_cloths_of_one_kind_are_not_bound() -> None:
    rng = np.random.default_rng(0)
    kinds = [(rng.uniform(7, 20), rng.uniform(0, 1.5)) for _ in range(10)]
    cloths = [weave(*kind, seed=10 * n + k) for n, kind in enumerate(kinds) for k in range(6)]
    bound = pairs(found(np.stack(cloths)))
    assert len(bound) <= 5  # 75 without the test of what an image leaves of itself


def test_a_large_set_is_searched_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    images = textures(300, size=64)
    copies = [CHANGES[name](image) for name, image in zip(CHANGES, images, strict=False)]
    whole = found(images, *copies)
    compared = 0
    true_likeness = lookalikes._likeness

    def counted(signatures: Any, table: Any) -> Any:
        nonlocal compared
        compared += len(signatures) * table[0].shape[1]
        return true_likeness(signatures, table)

    monkeypatch.setattr(lookalikes, "_likeness", counted)
    monkeypatch.setattr(lookalikes, "EXHAUSTIVE", 100)
    monkeypatch.setattr(lookalikes, "_COMPARED", 90)
    parts = found(images, *copies)
    assert pairs(parts) == pairs(whole) == {(n, 300 + n) for n in range(len(copies))}
    assert compared < 2 * 0.6 * 311**2  # not all with all, in either of two ways
