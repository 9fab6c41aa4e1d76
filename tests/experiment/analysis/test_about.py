"""What a run says of its data."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

import neuplug


def test_the_digest_is_of_the_images_and_not_of_their_place(lab: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    here, there, changed = (tmp_path / name for name in ("here", "there", "changed"))
    for name in ("dark", "light"):
        (here / name).mkdir(parents=True)
        for i in range(8):
            pixels = rng.integers(0, 256, (32, 32), dtype=np.uint8)
            Image.fromarray(pixels).save(here / name / f"{i}.png")
    for copied in (there, changed):
        shutil.copytree(here, copied)  # with files' times of its own
    for file in there.rglob("*.png"):
        os.utime(file, (1e9, 1e9))
    pixels = np.array(Image.open(changed / "dark" / "0.png"))
    pixels[4, 3] ^= 255
    Image.fromarray(pixels).save(changed / "dark" / "0.png")
    found = [
        neuplug.compose(
            folder,
            clf=["linear"], per_class=3, repeats=1, imgsz=32, workers=0,
            project=tmp_path / "runs", training={"steps": 2, "batch": 4},
        )
        for folder in (here, there, changed)
    ]  # fmt: skip
    digests = [result.results.data.images_digest for result in found]
    assert digests[0] == digests[1] != digests[2] and len(digests[0]) == 64


def test_near_duplicates_are_counted_with_what_they_hold_together(ask: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("dark", "light"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(12):
            noise = gaussian_filter(rng.normal(size=(64, 64)), 4)
            pixels = 127 + 60 * noise / noise.std() * (0.5 if name == "dark" else 1)
            image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
            image.save(tmp_path / "photos" / name / f"{i:02d}.png")
            if i == 0:  # three images of one thing, and of one of them an exact copy
                image.save(tmp_path / "photos" / name / "00-copy.png")
                image.rotate(90).save(tmp_path / "photos" / name / "00-turned.png")
                image.rotate(180).save(tmp_path / "photos" / name / "00-over.png")
    data = neuplug.compose(
        tmp_path / "photos",
        clf=["linear"], per_class=4, repeats=1, imgsz=32, workers=0,
        project=tmp_path / "runs", training={"steps": 2, "batch": 4},
    ).results.data  # fmt: skip
    assert (data.exact_duplicates, data.exact_duplicate_images) == (2, 4)
    assert (data.near_duplicate_groups, data.near_duplicate_images) == (2, 8)
    assert ask(repeats=1).results.data.near_duplicate_images == 0
