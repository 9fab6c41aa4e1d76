"""A DCGAN training step: ours beside a plain eager PyTorch loop of the same networks.

    uv run python tests/benchmarks/dcgan.py            # speed, three sizes
    uv run python tests/benchmarks/dcgan.py --quality  # and the images, at a smaller size

Both run in this process, one round of ours after one of theirs, so that a slow moment of the
machine hits both; the time is that of the processor. The plain loop is the usual tutorial's:
float32, PyTorch's own layers, one Adam each, discriminator gradients also in the generator's turn.
``ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2`` makes a weaker processor of one with AVX-512.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from neuplug import FitContext, TrainingSet
from neuplug_dcgan.generator import DCGANOptions
from neuplug_dcgan.model import Discriminator, Generator
from neuplug_dcgan.options import PUBLISHED
from neuplug_gan import convolutions
from neuplug_gan.images import GreyRange, draw
from neuplug_gan.trainer import AdversarialTrainer

SAME = PUBLISHED | {"diffaugment": "none", "ema": 0.0}
CPU = torch.device("cpu")
LATENT = 100


class PlainLoop:
    """What people write after the tutorial."""

    def __init__(self, images: Tensor, size: int, maps: int, channels: int, batch: int) -> None:
        self.generator = plain(Generator((size, size), channels, LATENT, maps))
        self.discriminator = plain(Discriminator((size, size), channels, maps))
        self.optimizer_g = torch.optim.Adam(self.generator.parameters(), 2e-4, (0.5, 0.999))
        self.optimizer_d = torch.optim.Adam(self.discriminator.parameters(), 2e-4, (0.5, 0.999))
        self.loss = nn.BCEWithLogitsLoss()
        self.images = images.float() / 127.5 - 1
        self.batch = batch

    def step(self) -> None:
        real = self.images[torch.randint(len(self.images), (self.batch,))]
        ones, zeros = torch.ones(self.batch), torch.zeros(self.batch)
        self.optimizer_d.zero_grad()
        self.loss(self.discriminator(real), ones).backward()
        fake = self.generator(torch.randn(self.batch, LATENT))
        self.loss(self.discriminator(fake.detach()), zeros).backward()
        self.optimizer_d.step()
        self.optimizer_g.zero_grad()
        self.loss(self.discriminator(fake), ones).backward()
        self.optimizer_g.step()


def plain(network: nn.Module) -> nn.Module:
    """The same network with PyTorch's own layers."""
    own = {convolutions.Conv2d: nn.Conv2d, convolutions.ConvTranspose2d: nn.ConvTranspose2d}
    for module in network.modules():
        module.__class__ = own.get(type(module), type(module))
    return network


def ours(
    images: Tensor, size: int, maps: int, channels: int, options: DCGANOptions
) -> AdversarialTrainer:
    """Our trainer on the same networks."""
    train = TrainingSet(
        images, torch.zeros(len(images), dtype=torch.int64), ("one",),
        tuple(map(str, range(len(images)))),
    )  # fmt: skip
    return AdversarialTrainer(
        Generator((size, size), channels, LATENT, maps),
        Discriminator((size, size), channels, maps),
        train, GreyRange(0.0, 255.0), options, FitContext(CPU, 0, "dcgan"),
    )  # fmt: skip


def timed(step: Callable[[], object], count: int) -> float:
    """Milliseconds of the processor a step."""
    started = time.thread_time()
    for _ in range(count):
        step()
    return (time.thread_time() - started) / count * 1000


def speed(size: int, maps: int, channels: int, batch: int, rounds: int) -> None:
    """Measure steps at one size.

    The default is another algorithm: hinge, spectral norm, DiffAugment, an averaged generator.
    """
    images = torch.randint(0, 256, (100, channels, size, size), dtype=torch.uint8)
    bare = DCGANOptions(batch=batch, precision="fp32", **SAME)
    full = DCGANOptions(batch=batch, precision="fp32")
    steps = {
        "plain loop": PlainLoop(images, size, maps, channels, batch).step,
        "ours, the same algorithm": ours(images, size, maps, channels, bare)._loop,
        "ours, by default": ours(images, size, maps, channels, full)._loop,
    }
    times: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():
        timed(step, 2)
    for _ in range(rounds):
        for name, step in steps.items():
            times[name].append(timed(step, 10 if size < 64 else 1))
    base = statistics.median(times["plain loop"])
    print(f"{size}x{size}, {maps} maps, batch {batch}, {channels} channels, "
          f"{torch.get_num_threads()} thread, torch {torch.__version__}")  # fmt: skip
    for name, values in times.items():
        ratio = base / statistics.median(values)
        print(f"{name:32} {statistics.median(values):7.1f} ms a step   {ratio:.2f}x", flush=True)


def quality(data: Path, size: int, steps: int, seeds: int) -> None:
    """KID of both in the features of a classifier trained on the real images, per class."""
    from features import features, kid, real_images

    maps, batch = 32, 16
    classes = ["crazing", "patches", "scratches"]
    for name in classes:
        images, held_out = real_images(data, name, size, 100)
        floor = kid(features(data, size, images), features(data, size, held_out))
        found: dict[str, list[float]] = {"plain": [], "ours": []}
        for seed in range(seeds):
            torch.manual_seed(seed)
            plain = PlainLoop(images, size, maps, 1, batch)
            options = DCGANOptions(batch=batch, steps=steps, grids=0, **SAME)
            mine = ours(images, size, maps, 1, options)
            for _ in range(steps):
                plain.step()
                mine._loop()
            noise = torch.randn(200, LATENT)
            labels = torch.zeros(200, dtype=torch.int64)
            for key, network in (("plain", plain.generator), ("ours", mine.sampler)):
                made = draw(network, GreyRange(0.0, 255.0), noise, labels)
                value = kid(features(data, size, made), features(data, size, held_out))
                found[key].append(value)
        text = ", ".join(
            f"{k} {statistics.mean(v):.3f} ({min(v):.3f} to {max(v):.3f})" for k, v in found.items()
        )
        print(
            f"{name}: KID (classifier features) {text}; real against real {floor:.3f}; n 200",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quality", action="store_true")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/neu-det/IMAGES"))
    parser.add_argument("--size", type=int, default=64, help="of the images of --quality")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(1)
    for sizes in ((48, 16, 1, 16), (48, 16, 1, 64), (64, 64, 3, 64)):
        speed(*sizes, args.rounds)
    if args.quality:
        quality(args.data, args.size, args.steps, args.seeds)
