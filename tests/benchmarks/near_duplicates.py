"""What the search for near duplicates finds and what it costs.

    uv run python tests/benchmarks/near_duplicates.py ../shared/data  # found, false, CPU s
    uv run python tests/benchmarks/near_duplicates.py ../shared/data --large 100000

Copies of NEU's images are planted 100 at a time; cloths and gratings of a few kinds, different in
their faults, hold none. ``--large`` searches so many random textures, of which 1 in 100 has a copy.
"""

from __future__ import annotations

import argparse
import io
import random
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_digits

from neuplug.data.demo import demo_set
from neuplug.data.near import near_duplicates
from neuplug.data.pixels import thumbnail

sys.path.insert(0, str(Path(__file__).parents[1]))
from data.test_near import weave
from data.test_planted import KINDS

Thumbnails = NDArray[np.uint8]


def searched(name: str, images: Thumbnails) -> set[tuple[int, int]]:
    """Search, and print what it took."""
    began = time.process_time()
    found = near_duplicates(images)
    print(
        f"{name:40} {len(images):6} images {time.process_time() - began:7.1f} CPU s "
        f"{len(found.pairs):5} pairs {len(found.crowded):5} crowded", flush=True
    )  # fmt: skip
    return {pair[:2] for pair in found.pairs}


def distinct(paths: list[Path]) -> list[Image.Image]:
    """The images, equal ones once."""
    images = {}
    for path in paths:
        with Image.open(path) as image:
            pixels = image.convert("L")
        images.setdefault(pixels.tobytes(), pixels)
    return list(images.values())


def planted(originals: list[Image.Image]) -> None:
    """Copies of each kind among the originals."""
    rng = random.Random(0)
    shown = [thumbnail(np.asarray(image)) for image in originals]
    for kind, (change, quality) in KINDS.items():
        chosen, copies = rng.sample(range(len(originals)), 100), []
        for index in chosen:
            file = io.BytesIO()
            change(originals[index], rng).save(file, "JPEG", quality=quality)
            copies.append(thumbnail(np.asarray(Image.open(file))))
        pairs = searched(f"NEU, planted: {kind}", np.stack([*shown, *copies]))
        groups = {(index, len(shown) + place) for place, index in enumerate(chosen)}
        print(f"    {len(groups & pairs)} of 100 found")


def periodic() -> None:
    """Ten kinds of cloth, 40 pieces of each."""
    rng = np.random.default_rng(0)
    kinds = [(rng.uniform(7, 20), rng.uniform(0, 1.5)) for _ in range(10)]
    cloths = [
        thumbnail(weave(*kind, seed=40 * n + k)) for n, kind in enumerate(kinds) for k in range(40)
    ]
    searched("cloths", np.stack(cloths))


def large(count: int) -> None:
    """Random textures; every hundredth is followed by its mirror image."""
    rng = np.random.default_rng(0)
    images = np.empty((count, 64, 64), dtype=np.uint8)
    for start in range(0, count, 1000):
        part = images[start : start + 1000]
        fields = gaussian_filter(rng.standard_normal(part.shape), (0, 3, 3))
        part[:] = (125 + 25 * fields / fields.std()).clip(0, 255)
        part[1::100] = part[::100, :, ::-1]
    pairs = searched("textures", images)
    wanted = {(n, n + 1) for n in range(0, count, 100)}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"    {len(wanted & pairs)} of {len(wanted)} found, {len(pairs - wanted)} false, "
        f"{memory:.1f} GiB"
    )


def main() -> None:
    """Search."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path, help="the folder that has neu-det and eth80")
    parser.add_argument("--large", type=int)
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.large:
        large(args.large)
        return
    originals = distinct(sorted((args.data / "neu-det").rglob("*.jpg")))
    shown = np.stack([thumbnail(np.asarray(image)) for image in originals])
    searched("NEU", shown)
    searched("NEU, 1344 of them", shown[:1344])
    views = distinct(sorted((args.data / "eth80").rglob("*.png")))
    searched("ETH-80", np.stack([thumbnail(np.asarray(image)) for image in views]))
    digits = (load_digits().images * 15.9).astype(np.uint8)
    searched("digits", np.stack([thumbnail(image) for image in digits]))
    demo = demo_set((64, 64)).images[:, 0].numpy()
    searched("demo", np.stack([thumbnail(image) for image in demo]))
    periodic()
    planted(originals)


if __name__ == "__main__":
    main()
