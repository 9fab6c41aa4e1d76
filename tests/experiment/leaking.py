"""A given split that leaks, and runs on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import neuplug
from neuplug import Result

SENTENCE = "the given split leaks: 1 of its 8 test and validation images"


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    """Noise in train and test folders; one test image is a brightened mirror of a training one."""
    folder = tmp_path / "given"
    for number in range(24):
        part, name = "test" if number >= 16 else "train", "ab"[number % 2]
        pixels = np.random.default_rng(number).integers(0, 200, (24, 24), dtype=np.uint8)
        place = folder / part / name
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / f"{number}.png")
    copy = np.asarray(Image.open(folder / "train" / "a" / "4.png"))[:, ::-1] + 30
    Image.fromarray(copy).save(folder / "test" / "b" / "23.png")
    return folder


def ask_of(data: Path, tmp_path: Path, **settings: Any) -> Result:
    given: dict[str, Any] = {
        "aug": ["jitter"],
        "clf": ["linear"],
        "imgsz": 24,
        "repeats": 2,
        "workers": 0,
        "project": tmp_path / "runs",
        "training": {"steps": 4, "batch": 4},
    }
    return neuplug.compose(data, **{**given, **settings})
