"""Sheets of sample images, pixel by pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from neuplug_report.images import one_above_the_other, save_grid, side_by_side


def noise(*shape: int, seed: int = 0) -> Tensor:
    # 1 to 254: neither the sheet's paper nor its ink
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(1, 255, shape, dtype=torch.uint8, generator=rng)


def place(sheet: np.ndarray, tile: Tensor, scale: int) -> tuple[int, int] | None:
    """Row and column where ``tile``, enlarged without smoothing, stands in ``sheet``."""
    pixels = tile.permute(1, 2, 0).numpy()
    pixels = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    wanted = pixels.repeat(scale, 0).repeat(scale, 1)
    windows = np.lib.stride_tricks.sliding_window_view(sheet, wanted.shape)
    flat = windows.reshape(*windows.shape[:2], *wanted.shape)
    corner = (
        np.argwhere(flat[..., 0, 0] == wanted[0, 0])
        if wanted.ndim == 2
        else np.argwhere((flat[..., 0, 0, :] == wanted[0, 0]).all(-1))
    )
    for y, x in corner:
        if np.array_equal(flat[y, x], wanted):
            return int(y), int(x)
    return None


@pytest.mark.parametrize("channels", [1, 3])
def test_every_tile_is_there_crisp_and_in_its_row(tmp_path: Path, channels: int) -> None:
    first, second = noise(3, channels, 8, 10, seed=1), noise(3, channels, 8, 10, seed=2)
    save_grid([("step 1", first), ("step 2", second)], tmp_path / "g.png", columns=3, scale=2)
    sheet = np.asarray(Image.open(tmp_path / "g.png"))
    assert sheet.ndim == (2 if channels == 1 else 3)
    places = [[place(sheet, tile, 2) for tile in row] for row in (first, second)]
    assert None not in places[0] + places[1]
    for row in places:
        assert len({y for y, _ in row}) == 1  # type: ignore[misc]
        assert [x for _, x in row] == sorted(x for _, x in row)  # type: ignore[misc]
    assert places[0][0][0] < places[1][0][0]  # type: ignore[index]


def test_more_tiles_than_columns_go_on_the_next_line(tmp_path: Path) -> None:
    tiles = noise(5, 1, 6, 6)
    save_grid([("crazing", tiles)], tmp_path / "g.png", columns=2, scale=1)
    sheet = np.asarray(Image.open(tmp_path / "g.png"))
    rows = [place(sheet, tile, 1) for tile in tiles]
    assert len({y for y, _ in rows}) == 3  # type: ignore[misc]


def test_real_stands_left_and_generated_right_with_a_gap(tmp_path: Path) -> None:
    real, generated = noise(3, 2, 1, 16, 16, seed=1), noise(3, 2, 1, 16, 16, seed=2)
    side_by_side(real, generated, ("a", "b", "c"), tmp_path / "samples" / "s.png")
    sheet = np.asarray(Image.open(tmp_path / "samples" / "s.png"))
    scale = 8
    for k in range(3):
        left = [place(sheet, tile, scale) for tile in real[k]]
        right = [place(sheet, tile, scale) for tile in generated[k]]
        assert None not in left + right
        assert {y for y, _ in left} == {y for y, _ in right}  # type: ignore[misc]
        inner = left[1][1] - left[0][1] - 16 * scale  # type: ignore[index]
        middle = right[0][1] - left[1][1] - 16 * scale  # type: ignore[index]
        assert middle >= 3 * max(inner, 1)


def test_labels_change_the_sheet_and_long_ones_stay_inside(tmp_path: Path) -> None:
    tiles = noise(2, 1, 32, 32)
    for name, label in (("a", "crazing"), ("b", "patches"), ("c", "crazing " * 40)):
        save_grid([(label, tiles)], tmp_path / f"{name}.png", columns=2)
    a, b, c = (np.asarray(Image.open(tmp_path / f"{n}.png")) for n in "abc")
    assert a.shape == b.shape == c.shape
    assert not np.array_equal(a, b)
    assert (c[:, -6:] == 255).all()  # the right margin is free


def test_hostile_names_are_drawn(tmp_path: Path, hostile: list[str]) -> None:
    tiles = noise(len(hostile), 2, 1, 8, 8)
    side_by_side(tiles, tiles, tuple(hostile), tmp_path / "s.png")
    assert Image.open(tmp_path / "s.png").format == "PNG"


def test_the_same_images_give_the_same_file(tmp_path: Path) -> None:
    tiles = noise(4, 3, 8, 8)
    for name in "ab":
        save_grid([("x", tiles)], tmp_path / name, columns=4, titles=("real", "generated"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]  # nothing left aside


def test_made_images_stand_below_the_real_ones_of_their_class(tmp_path: Path) -> None:
    real, made = noise(2, 3, 1, 16, 16, seed=1), noise(2, 3, 1, 16, 16, seed=2)
    one_above_the_other(real, made, ("a", "b"), tmp_path / "s.png", ("real", "flip"))
    sheet = np.asarray(Image.open(tmp_path / "s.png"))
    rows = [[place(sheet, tile, 8) for tile in side[k]] for k in range(2) for side in (real, made)]
    assert all(None not in row for row in rows)
    tops = [{y for y, _ in row} for row in rows]  # type: ignore[misc]
    assert all(len(top) == 1 for top in tops)
    heights = [top.pop() for top in tops]
    assert heights == sorted(heights)
    assert sheet.shape[1] < 3.3 * 16 * 8  # as wide as one side, so that it fits
