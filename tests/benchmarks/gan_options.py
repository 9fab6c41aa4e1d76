"""What options of a GAN do to the images it draws of NEU, class by class.

    uv run python tests/benchmarks/gan_options.py 40                          # the defaults
    uv run python tests/benchmarks/gan_options.py 40 --seeds 5 --beside ema=0.99 --beside d_lr=2e-4
    uv run python tests/benchmarks/gan_options.py 40 --gan edcgan --classes inclusion

Of each class's images 150 are for a classifier in whose features KID is taken (not Inception's: not
the KID of the literature), the given number for the GAN, and the rest are held out of both; beyond
100 for the GAN, its images are taken from the classifier's too. "floor" is the KID of the GAN's own
real images to the held-out ones. What is trained ``--beside`` with the same seeds is held against
the first: the factor of its KID, as the geometric mean over the classes, with a 95 % interval over
the seeds. A sheet shows the real images above the drawn ones.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from features import kid
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import t
from torch import Tensor

import neuplug
from neuplug import FitContext, TrainingSet
from neuplug.data.dataset import load_dataset
from neuplug.training.fitted import FittedClassifier
from neuplug.training.loop import fit_classifier
from neuplug.training.options import TrainingOptions

CPU = torch.device("cpu")
CLASSIFIER, DRAWN, SHOWN = 150, 300, 12

# A class's name, the GAN's images of it and those held out, uint8 (N, 1, H, W)
Case: TypeAlias = tuple[str, Tensor, Tensor]
Embed: TypeAlias = Callable[[Tensor], Tensor]


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


def trained_kids(
    args: argparse.Namespace, options: dict[str, str], sets: list[Case], embed: Embed
) -> tuple[NDArray[np.float64], list[Tensor]]:
    """KID of each seed and class, (seeds, classes), and rows of the sheet."""
    kids, rows = np.zeros((args.seeds, len(sets))), []
    for place, (name, train, held_out) in enumerate(sets):
        real = embed(held_out)
        for seed in range(args.seeds):
            gan = neuplug.load(args.gan, steps=args.steps, grids=0, **options)
            began = time.thread_time()
            record = gan.fit(
                as_set(train, torch.zeros(len(train), dtype=torch.int64), (name,)),
                FitContext(CPU, seed, name),
            )
            step = (time.thread_time() - began) / args.steps
            drawn = gan.sample(torch.zeros(DRAWN, dtype=torch.int64), seed + 1000)
            kids[seed, place] = kid(embed(drawn), real) / 1000
            rows.append(row(drawn))
            print(
                f"{name:16} seed {seed}: KID {kids[seed, place]:8.3f}, {1000 * step:.1f} ms a step",
                *record.warnings,
                flush=True,
            )
    return kids, rows


def interval(values: NDArray[np.float64]) -> str:
    """Mean of logarithms as a factor, with its 95 % interval by Student's t."""
    mean = values.mean()
    if len(values) < 2:
        return f"{np.exp(mean):.2f}"
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
    return f"{np.exp(mean):.2f} ({np.exp(mean - half):.2f} to {np.exp(mean + half):.2f})"


def main() -> None:
    """Fit, draw, measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("images", type=int, help="for the GAN, of each class")
    parser.add_argument("--gan", default="dcgan")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE")
    parser.add_argument("--beside", action="append", default=[], metavar="OPTION=VALUE[,...]")
    parser.add_argument("--classes", default="crazing,inclusion,scratches")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/neu-det/IMAGES"))
    parser.add_argument("--sheet", type=Path, default=Path("gan_options.png"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    images = shuffled(args.data, args.size)
    embed = classifier(images).embed
    first = CLASSIFIER if args.images <= 100 else 0
    sets, sheet = [], []
    for name in args.classes.split(","):
        train, held_out = images[name][first:][: args.images], images[name][first + args.images :]
        sets.append((name, train, held_out))
        sheet.append(row(train))
        floor = kid(embed(train), embed(held_out)) / 1000
        print(f"{name:16} floor {floor:6.3f}, {len(train)} images, {len(held_out)} held out")
    common = dict(text.split("=", 1) for text in args.set)
    base, rows = trained_kids(args, common, sets, embed)
    sheet += rows
    print(f"as it is: geometric mean {statistics.geometric_mean(base.ravel()):.3f}")
    for text in args.beside:
        own = dict(pair.split("=", 1) for pair in text.split(","))
        kids, rows = trained_kids(args, common | own, sets, embed)
        sheet += rows
        mean = statistics.geometric_mean(kids.ravel())
        factor = interval(np.log(kids / base).mean(1))
        print(f"{text}: geometric mean {mean:.3f}; times that of the first {factor}", flush=True)
    print(args.sheet)
    Image.fromarray(torch.cat(sheet).numpy()).save(args.sheet)


if __name__ == "__main__":
    main()
