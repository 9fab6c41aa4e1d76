"""Small image files, made where a test wants them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Draw = Callable[..., Path]


@pytest.fixture
def draw() -> Draw:
    """Write an image of seeded noise: ``draw(path, seed, size=(h, w), mode="L")``."""

    def write(path: Path, seed: int, size: tuple[int, int] = (10, 12), mode: str = "L") -> Path:
        shape = size if mode == "L" else (*size, 3)
        pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
        return path

    return write


@pytest.fixture
def class_folders(tmp_path: Path, draw: Draw) -> Path:
    """Three classes of five different grey images each."""
    for label, name in enumerate(("ant", "Bee", "cow")):
        for number in range(5):
            draw(tmp_path / "set" / name / f"{number}.png", seed=10 * label + number)
    return tmp_path / "set"
