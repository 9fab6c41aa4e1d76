"""Several classes, few images, so many training steps in all: how should a GAN spend them?

    uv run python tests/benchmarks/gan_classes.py neu 1800 --seeds 2
    uv run python tests/benchmarks/gan_classes.py eth80 1800
    uv run python tests/benchmarks/gan_classes.py demo 1800

Each class from noise; half of the steps on all classes together and then each class from there;
or one network that is told the class. All take the same number of steps of the same networks.
*GAN-train* is the accuracy, on real images that no GAN has seen, of a small CNN trained on 300
generated images of each class; KID is taken in the features of a classifier of real images (not
Inception's: not the KID of the literature).
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from features import kid
from torch import Tensor, nn

import neuplug
from neuplug import FitContext, TrainingOptions, TrainingSet, derive_seed
from neuplug.data.dataset import load_dataset
from neuplug_dcgan.generator import DCGAN, DCGANOptions
from neuplug_gan.images import GreyRange, draw, stretched
from neuplug_gan.trainer import AdversarialTrainer

CPU = torch.device("cpu")
IMAGES, DRAWN, LATENT = 40, 300, 100
Networks = tuple[nn.Module, nn.Module]


def load(name: str, data: Path, size: int) -> tuple[TrainingSet, TrainingSet]:
    """40 images of each class, and all others."""
    source = {"neu": data / "neu-det" / "IMAGES", "eth80": data / "eth80", "demo": "demo"}[name]
    images = load_dataset(source, imgsz=(size, size)).images
    rng, train, rest = np.random.default_rng(0), [], []
    for label in range(len(images.classes)):
        order = rng.permutation(torch.nonzero(images.labels == label).flatten().numpy()).tolist()
        train += order[:IMAGES]
        rest += order[IMAGES:]
    everything = TrainingSet(images.images, images.labels, images.classes, images.ids)
    return everything.subset(train), everything.subset(rest)


def trained(
    networks: Networks, train: TrainingSet, scale: GreyRange, options: DCGANOptions, seed: int
) -> AdversarialTrainer:
    """Train two networks on; these are changed."""
    trainer = AdversarialTrainer(*networks, train, scale, options, FitContext(CPU, seed, "gan"))
    trainer.run()
    return trainer


def built(train: TrainingSet, conditional: bool, seed: int) -> Networks:
    """New networks."""
    with neuplug.seeded(seed, CPU):
        return DCGAN(DCGANOptions(conditional=conditional)).build(
            len(train.classes) if conditional else 0, train.channels, train.image_size
        )


def generated(way: str, train: TrainingSet, steps: int, seed: int) -> TrainingSet:
    """300 images of each class, by networks that took so many steps in all."""
    classes = len(train.classes)
    common = {"grids": 0, "conditional": way == "conditional"}

    def options(count: int) -> DCGANOptions:
        return DCGANOptions(steps=max(1, count), **common)

    rng = torch.Generator().manual_seed(derive_seed(seed, "draw"))
    images, start, scale = [], None, GreyRange.of(train.images)
    if way == "conditional":
        sampler = trained(built(train, True, seed), train, scale, options(steps), seed).sampler
    elif way == "warm start":
        spread = stretched(train)
        pooled = trained(built(train, False, seed), spread, GreyRange(), options(steps // 2), seed)
        start = (pooled.generator, pooled.discriminator)
        steps -= steps // 2
    for label in range(classes):
        noise = torch.randn(DRAWN, LATENT, generator=rng)
        mine = train.of_class(label)
        if way != "conditional":
            scale = GreyRange.of(mine.images)
            networks = copy.deepcopy(start) or built(train, False, derive_seed(seed, str(label)))
            sampler = trained(networks, mine, scale, options(steps // classes), seed).sampler
        images.append(draw(sampler, scale, noise, torch.full((DRAWN,), label)))
    labels = torch.arange(classes).repeat_interleave(DRAWN)
    return as_set(torch.cat(images), labels, train.classes)


def as_set(images: Tensor, labels: Tensor, classes: tuple[str, ...]) -> TrainingSet:
    """Images with made-up ids."""
    return TrainingSet(images, labels, classes, tuple(map(str, range(len(images)))))


def classifier(train: TrainingSet, seed: int) -> neuplug.FittedClassifier:
    """A small CNN."""
    fitted, _ = neuplug.fit_classifier(
        neuplug.load("smallcnn"), train, TrainingOptions(steps=400), FitContext(CPU, seed, "cnn")
    )
    fitted.module.eval()
    return fitted


def main() -> None:
    """Train, draw, measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("set", choices=("neu", "eth80", "demo"))
    parser.add_argument("steps", type=int, help="in all")
    parser.add_argument("--size", type=int, default=48)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    train, rest = load(args.set, args.data, args.size)
    embed = classifier(rest, 0).embed
    real = [embed(rest.of_class(label).images[:DRAWN]) for label in range(len(train.classes))]
    for way in ("separate", "warm start", "conditional"):
        accuracies, distances, seconds = [], [], []
        for seed in range(args.seeds):
            began = time.thread_time()
            drawn = generated(way, train, args.steps, seed)
            seconds.append(time.thread_time() - began)
            predicted = classifier(drawn, seed).predict(rest).argmax(1)
            accuracies.append(100 * float((predicted == rest.labels).double().mean()))
            distances.append(
                statistics.mean(
                    kid(embed(drawn.of_class(label).images), found) / 1000
                    for label, found in enumerate(real)
                )
            )
        print(
            f"{args.set} {args.steps} steps, {way:12} GAN-train",
            *(f"{value:.1f} %" for value in accuracies),
            "KID", *(f"{value:.3f}" for value in distances),
            f"{statistics.mean(seconds):.0f} CPU s", flush=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
