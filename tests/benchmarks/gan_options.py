"""What options of a GAN do to the images it draws of NEU, class by class.

    uv run python tests/benchmarks/gan_options.py 40                          # the defaults
    uv run python tests/benchmarks/gan_options.py 40 --set lecam=0.3 --set r1=1
    uv run python tests/benchmarks/gan_options.py 40 --gan edcgan --classes inclusion

Of each class's images 150 are for a classifier in whose features KID is taken (not Inception's: not
the KID of the literature), the given number for the GAN, and the rest are held out of both; beyond
100 for the GAN, its images are taken from the classifier's too. "floor" is the KID of the GAN's own
real images to the held-out ones. A sheet shows the real images above the drawn ones.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from features import kid
from PIL import Image
from torch import Tensor

import neuplug
from neuplug import FitContext, TrainingSet
from neuplug.data.dataset import load_dataset
from neuplug.training.loop import FittedClassifier, fit_classifier
from neuplug.training.options import TrainingOptions

CPU = torch.device("cpu")
CLASSIFIER, DRAWN, SHOWN = 150, 300, 12


def shuffled(data: Path, size: int) -> dict[str, Tensor]:
    """Each class's images in one fixed random order, uint8 (N, 1, size, size)."""
    images = load_dataset(data, imgsz=(size, size)).images
    found = {}
    for label, name in enumerate(images.classes):
        mine = images.images[images.labels == label]
        found[name] = mine[torch.from_numpy(np.random.default_rng(0).permutation(len(mine)))]
    return found


def as_set(images: Tensor, labels: Tensor, classes: tuple[str, ...]) -> TrainingSet:
    """Images with made-up ids."""
    return TrainingSet(images, labels, classes, tuple(map(str, range(len(images)))))


def classifier(images: dict[str, Tensor]) -> FittedClassifier:
    """Trained on the first 150 images of each class."""
    labels = torch.arange(len(images)).repeat_interleave(CLASSIFIER)
    train = as_set(torch.cat([i[:CLASSIFIER] for i in images.values()]), labels, tuple(images))
    fitted, _ = fit_classifier(
        neuplug.load("smallcnn"), train, TrainingOptions(steps=600), FitContext(CPU, 0, "features")
    )
    fitted.module.eval()
    return fitted


def row(images: Tensor) -> Tensor:
    """The first images side by side, filled up with black."""
    shown = list(images[:SHOWN, 0])
    shown += [torch.zeros_like(shown[0])] * (SHOWN - len(shown))
    return torch.cat(shown, 1)


def main() -> None:
    """Fit, draw, measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("images", type=int, help="for the GAN, of each class")
    parser.add_argument("--gan", default="dcgan")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE")
    parser.add_argument("--classes", default="crazing,inclusion,scratches")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/neu-det/IMAGES"))
    parser.add_argument("--sheet", type=Path, default=Path("gan_options.png"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    options = dict(text.split("=", 1) for text in args.set)
    images = shuffled(args.data, args.size)
    embed = classifier(images).embed
    first = CLASSIFIER if args.images <= 100 else 0
    sheet, every = [], []
    for name in args.classes.split(","):
        train, held_out = images[name][first:][: args.images], images[name][first + args.images :]
        real = embed(held_out)
        floor = kid(embed(train), real) / 1000
        sheet.append(row(train))
        for seed in range(args.seeds):
            gan = neuplug.load(args.gan, steps=args.steps, grids=0, **options)
            began = time.perf_counter()
            record = gan.fit(
                as_set(train, torch.zeros(len(train), dtype=torch.int64), (name,)),
                FitContext(CPU, seed, name),
            )
            step = (time.perf_counter() - began) / args.steps
            drawn = gan.sample(torch.zeros(DRAWN, dtype=torch.int64), seed + 1000)
            every.append(kid(embed(drawn), real) / 1000)
            sheet.append(row(drawn))
            print(
                f"{name:16} seed {seed}: KID {every[-1]:8.3f}, floor {floor:6.3f}, "
                f"{len(train)} images, {len(held_out)} held out, {1000 * step:.1f} ms a step",
                *record.warnings,
                flush=True,
            )
    print(f"geometric mean {statistics.geometric_mean(every):.3f} of {len(every)}; {args.sheet}")
    Image.fromarray(torch.cat(sheet).numpy()).save(args.sheet)


if __name__ == "__main__":
    main()
