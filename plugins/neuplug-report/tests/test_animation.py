"""Films of the same noise, frame by frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from neuplug_report.animation import FRAMES, save_animation


def frames(number: int, n: int = 5, channels: int = 1, size: int = 8) -> list[tuple[str, Tensor]]:
    shape = (n, channels, size, size)
    return [(f"epoch {i}", torch.full(shape, 20 * i % 255).byte()) for i in range(1, number + 1)]


def pixels(path: Path) -> list[np.ndarray]:
    with Image.open(path) as film:
        return [np.asarray((film.seek(i), film.convert("RGB"))[1]) for i in range(film.n_frames)]


@pytest.mark.parametrize("channels", [1, 3])
def test_every_grid_is_a_frame_and_the_last_one_stays(tmp_path: Path, channels: int) -> None:
    still = save_animation("crazing", frames(4, channels=channels), tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as film:
        waits = [(film.seek(i), film.info["duration"])[1] for i in range(film.n_frames)]
        assert waits == [250, 250, 250, 2000]
        assert film.info["loop"] == 0
    for i, shown in enumerate(pixels(tmp_path / "a.gif"), start=1):
        middle = shown[shown.shape[0] // 2, shown.shape[1] // 4]
        assert np.abs(middle.astype(int) - 20 * i).max() <= 4
    assert still == tmp_path / "a.png"
    last = pixels(tmp_path / "a.gif")[-1].astype(int)
    assert np.abs(np.asarray(Image.open(still).convert("RGB")).astype(int) - last).max() <= 4


def test_the_words_stand_above_every_frame(tmp_path: Path) -> None:
    same = torch.full((4, 1, 8, 8), 90).byte()
    film = [("epoch 1", same), ("epoch 20", same), ("epoch 300", same)]
    save_animation("crazing", film, tmp_path / "a.gif")
    save_animation("patches", film, tmp_path / "b.gif")
    shown, other = pixels(tmp_path / "a.gif"), pixels(tmp_path / "b.gif")
    assert len(shown) == 3  # equal images do not merge: the words differ
    for a, b in ((shown[0], shown[1]), (shown[1], shown[2]), (shown[0], other[0])):
        differing = np.argwhere((a != b).any(-1))
        assert len(differing) > 0 and differing[:, 0].max() < 36
    ink = np.argwhere((shown[0][:36] < 100).all(-1))
    assert np.ptp(ink[:, 0]) >= 10  # legible: letters of at least ten pixels


def test_a_long_title_leaves_room_for_the_moment(tmp_path: Path) -> None:
    save_animation("crazing " * 30, frames(3), tmp_path / "a.gif")
    assert (pixels(tmp_path / "a.gif")[0][:, -4:] == 255).all()


def test_a_long_film_is_thinned_and_ends_where_it_ends(tmp_path: Path) -> None:
    save_animation("crazing", frames(100), tmp_path / "a.gif")
    shown = pixels(tmp_path / "a.gif")
    assert len(shown) == FRAMES
    save_animation("crazing", frames(100)[-3:], tmp_path / "b.gif")
    assert np.array_equal(shown[-1], pixels(tmp_path / "b.gif")[-1])


@pytest.mark.parametrize(("n", "size", "across"), [(256, 8, 16), (300, 8, 16), (7, 8, 3)])
def test_as_many_tiles_as_fit(tmp_path: Path, n: int, size: int, across: int) -> None:
    tile = torch.zeros(size, size)
    tile[0, 0] = 255
    film = [(str(i), tile.byte().expand(n, 1, size, size)) for i in range(3)]
    save_animation("x", film, tmp_path / "a.gif")
    shown = pixels(tmp_path / "a.gif")[0][40:]
    corners = (shown[:-1, :-1, 0] == 0) & (shown[1:, 1:, 0] == 0)
    assert corners.any()
    width = pixels(tmp_path / "a.gif")[0].shape[1]
    scale = max(384 // (across * size), 1)
    assert width == across * (size * scale + 1) - 1 + 16


def test_large_tiles_are_made_smaller(tmp_path: Path) -> None:
    save_animation("x", frames(3, n=16, size=256), tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as film:
        assert max(film.size) < 800


def test_the_same_film_is_the_same_file(tmp_path: Path) -> None:
    for name in "ab":
        save_animation("x", frames(3, channels=3), tmp_path / f"{name}.gif")
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.gif", "a.png", "b.gif", "b.png"]


def test_hostile_names_are_drawn(tmp_path: Path, hostile: list[str]) -> None:
    for i, name in enumerate(hostile):
        save_animation(name, frames(3), tmp_path / f"{i}.gif")
    assert len(list(tmp_path.glob("*.gif"))) == len(hostile)
