"""``classical`` against bare albumentations and Augmentor: the same four operations, one thread.

    uv run --group bench python tests/benchmarks/classical.py

The three take turns on the same grey 200x200 images (NEU where they are at hand, else synthetic
ones), each in the form that it works on in memory: a tensor, arrays, Pillow images. Compared is
the processor time of the whole process, which on one thread is the time that an idle machine
takes, in ratios of neighbouring turns. The exit code is 1 if a target is missed.

All flip left-right and top-bottom with probability 0.5, then always zoom by 1.0 to 1.2, rotate by
-180 to 180 degrees and shift by up to 10 %. Augmentor shifts nothing, having no such operation,
which spares it work; it rotates with ``rotate_without_crop``, since its ``rotate`` ends at 25
degrees, and samples bicubically, which cannot be changed.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import albumentations
import Augmentor
import cv2
import numpy as np
import torch
from PIL import Image

import neuplug

ROUNDS = 41
COUNT = 120
SIZE = 200
TARGETS = {"Augmentor": 4.0, "albumentations": 0.95}


def images() -> tuple[torch.Tensor, str]:
    """uint8 (COUNT, 1, SIZE, SIZE) and a word on what they are."""
    default = Path(__file__).parents[3] / "shared" / "data"
    folder = Path(os.environ.get("NEUPLUG_TEST_DATA", default)) / "neu-det" / "IMAGES"
    files = sorted(folder.glob("*.jpg"))
    if len(files) < COUNT:
        rng = torch.Generator().manual_seed(0)
        noise = torch.rand(COUNT, 1, SIZE // 8, SIZE // 8, generator=rng)
        smooth = torch.nn.functional.interpolate(noise, (SIZE, SIZE), mode="bicubic")
        return (smooth.clamp(0, 1) * 255).to(torch.uint8), "synthetic"
    chosen = files[:: len(files) // COUNT][:COUNT]
    arrays = [np.asarray(Image.open(file).convert("L")) for file in chosen]
    return torch.from_numpy(np.stack(arrays))[:, None], "NEU"


def ours(batch: torch.Tensor) -> Callable[[], object]:
    """``classical`` of neuplug."""
    augmenter = neuplug.load(
        "classical", zoom_probability=1, rotate_probability=1, translate_probability=1
    )
    assert isinstance(augmenter, neuplug.Augmenter)
    rng = torch.Generator().manual_seed(0)
    return lambda: augmenter.augment(batch, rng)


def bare_albumentations(batch: torch.Tensor) -> Callable[[], object]:
    """One ``Compose`` of two flips and ``Affine``."""
    arrays = list(batch[:, 0].numpy())
    pipeline = albumentations.Compose(
        [
            albumentations.HorizontalFlip(p=0.5),
            albumentations.VerticalFlip(p=0.5),
            albumentations.Affine(
                scale=(1.0, 1.2),
                keep_ratio=True,
                rotate=(-180, 180),
                translate_percent=(-0.1, 0.1),
                border_mode=cv2.BORDER_REFLECT_101,
                p=1.0,
            ),
        ],
        seed=0,
    )
    return lambda: [pipeline(image=array)["image"] for array in arrays]


def augmentor(batch: torch.Tensor) -> Callable[[], object]:
    """Augmentor's pipeline, called as for torchvision."""
    random.seed(0)
    pictures = [Image.fromarray(array) for array in batch[:, 0].numpy()]
    pipeline = Augmentor.Pipeline()
    pipeline.flip_left_right(probability=0.5)
    pipeline.flip_top_bottom(probability=0.5)
    pipeline.zoom(probability=1, min_factor=1.0, max_factor=1.2)
    pipeline.rotate_without_crop(probability=1, max_left_rotation=180, max_right_rotation=180)
    transform = pipeline.torch_transform()
    return lambda: [transform(picture) for picture in pictures]


def seconds(work: Callable[[], object]) -> float:
    """Processor time of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> int:
    """Measure, print, and say by the exit code whether the targets are met."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    batch, kind = images()
    work = {
        "neuplug": ours(batch),
        "albumentations": bare_albumentations(batch),
        "Augmentor": augmentor(batch),
    }
    for run in work.values():  # warm up
        run()
    turns = [{name: seconds(run) for name, run in work.items()} for _ in range(ROUNDS)]

    print(f"{len(batch)} grey {SIZE}x{SIZE} images ({kind}), one thread, {ROUNDS} rounds, medians")
    print(f"albumentations {albumentations.__version__}, OpenCV {cv2.__version__}")
    for name in work:
        print(f"  {name:15}{len(batch) / statistics.median(t[name] for t in turns):8.0f} images/s")
    missed = False
    for name, target in TARGETS.items():
        ratios = [turn[name] / turn["neuplug"] for turn in turns]
        low, ratio, high = statistics.quantiles(ratios, n=4)
        missed |= ratio < target
        verdict = "missed" if ratio < target else "met"
        print(
            f"  speed of neuplug / {name:15}{ratio:6.2f} (quartiles {low:.2f} to {high:.2f}), "
            f"target {target}: {verdict}"
        )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
