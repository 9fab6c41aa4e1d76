"""The sound components, from which the faulty ones derive."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field
from torch import nn

from neuplug import (
    Augmenter,
    Classifier,
    Evaluation,
    Evaluator,
    FitRecord,
    Generator,
    InputError,
    LatentGenerator,
    Metric,
    Mixer,
    NeuplugError,
    Options,
)


class NoiseOptions(Options):
    most: int = Field(20, ge=1, le=128)
    share: float | None = Field(None, gt=0, lt=1)
    where: Literal["all", "rows"] = "all"
    loud: bool = False


class Noise(Augmenter):
    """Adds noise."""

    options_class = NoiseOptions

    def augment(self, images, rng):
        noise = torch.randint(0, self.options.most, images.shape, generator=rng)
        return (images + noise).clamp(max=255).to(torch.uint8)


class Twofold(Noise):
    """Adds noise once instead of twice where more of it follows."""

    def fuse(self, following):
        return Both(self, following) if isinstance(following, Twofold) else None


class Both(Noise):
    """Two of them at once."""

    def __init__(self, *parts):
        super().__init__()
        self.parts = parts

    def augment(self, images, rng):
        sums = images.long()
        for part in self.parts:
            sums = sums + torch.randint(0, part.options.most, images.shape, generator=rng)
        return sums.clamp(max=255).to(torch.uint8)


class Stretch(Augmenter):
    """Doubles the contrast."""

    deterministic = True

    def augment(self, images, rng):
        return images.clamp(max=127) * 2


class Tint(Noise):
    """Needs three channels."""

    def check_images(self, in_chans, image_size):
        if in_chans != 3:
            raise InputError("acme-tint takes RGB images only: choose another augmenter.")


class Seeing(Noise):
    """Draws more noise for a dark image, and so leaves other numbers for the next one."""

    def augment(self, images, rng):
        changed = images.clone()
        for image in changed:
            for _ in range(2 if image.float().mean() < 128 else 1):
                image += torch.randint(0, 4, image.shape, generator=rng).byte()
        return changed


class Process(Noise):
    """Asks another process."""

    def augment(self, images, rng):
        subprocess.run([sys.executable, "-S", "-c", ""], check=True)
        return super().augment(images, rng)


class BlendOptions(Options):
    most: float = Field(0.5, gt=0, le=1)


class Blend(Mixer):
    """Means of two images, and of their targets."""

    options_class = BlendOptions

    def partners(self, targets, rng):
        return torch.randperm(len(targets), generator=rng)

    def taken(self, n, rng):
        return torch.rand(n, generator=rng) * self.options.most

    def mix(self, images, targets, rng):
        partners, taken = self.partners(targets, rng), self.taken(len(images), rng)
        parts = images.float(), images[partners].float()
        mixed = torch.lerp(*parts, taken.view(-1, 1, 1, 1)).round().byte()
        return mixed, torch.lerp(targets, targets[partners], taken[:, None])


class Seldom(Blend):
    """Mixes one image in ten."""

    def taken(self, n, rng):
        return super().taken(n, rng) * (torch.rand(n, generator=rng) < 0.1)


class JitterOptions(Options):
    steps: int = Field(6, ge=1)
    strength: float = Field(1.0, ge=0)


class Jitter(Generator):
    """The mean image, approached step by step, with noise."""

    options_class = JitterOptions
    quick_options = {"steps": 5}  # noqa: RUF012

    def start(self, train, context):
        self.rng = torch.Generator().manual_seed(context.seed)
        self.mean = torch.zeros(train.images.shape[1:])
        self.step = 0

    def keep(self, context):
        state = {"step": self.step, "mean": self.mean, "rng": self.rng.get_state()}
        context.checkpoint.save(state)

    def resume(self, context):
        if kept := context.checkpoint.load():
            self.step, self.mean = kept["step"], kept["mean"]
            self.rng.set_state(kept["rng"])

    def fit(self, train, context):
        self.start(train, context)
        self.resume(context)
        saved = time.monotonic()
        while self.step < self.options.steps:
            one = int(torch.randint(len(train), (), generator=self.rng))
            self.mean = self.mean * 0.5 + train.images[one].float() * 0.5
            self.step += 1
            context.progress(self.step, self.options.steps)
            if time.monotonic() - saved > 30:
                self.keep(context)
                saved = time.monotonic()
        del self.rng
        return FitRecord(curves={"loss": [(1, 1.0)]}, grids=[(1, train.images[:2])])

    def sample(self, labels, seed):
        rng = torch.Generator().manual_seed(seed)
        noise = torch.randn(len(labels), *self.mean.shape, generator=rng)
        drawn = self.mean + noise * self.options.strength * 20
        return drawn.round().clamp(0, 255).to(torch.uint8)

    def state_dict(self):
        return {"mean": self.mean}

    def load_state_dict(self, state):
        self.mean = state["mean"]


class Warm(Jitter):
    """Its classes start from the mean of some images of all of them."""

    pretrains = True

    def pretrain(self, train, context):
        rng = torch.Generator().manual_seed(context.seed)
        self.mean = train.images[torch.randperm(len(train), generator=rng)[:3]].float().mean(0)
        return FitRecord()

    def start(self, train, context):
        super().start(train, context)
        if context.start is not None:
            self.mean = context.start["mean"]


class Pairs(Jitter):
    """Learns from two images at least."""

    def fit(self, train, context):
        if len(train) < 2:
            raise InputError(f"{context.name}: acme-pairs takes two images at least.")
        return super().fit(train, context)


class Jitters(Jitter):
    """One for all classes."""

    conditional = True

    def fit(self, train, context):
        record = super().fit(train, context)
        self.means = torch.stack([train.of_class(k).images.float().mean(0) for k in (0, 1)])
        return record

    def sample(self, labels, seed):
        rng = torch.Generator().manual_seed(seed)
        noise = torch.randn(len(labels), *self.mean.shape, generator=rng)
        return (self.means[labels] + 20 * noise).round().clamp(0, 255).to(torch.uint8)

    def state_dict(self):
        return {**super().state_dict(), "means": self.means}

    def load_state_dict(self, state):
        super().load_state_dict(state)
        self.means = state["means"]


class Mixture(LatentGenerator):
    """A class's mean image with more or less of four directions, in grey levels."""

    conditional = True

    def fit(self, train, context):
        rng = torch.Generator().manual_seed(context.seed)
        self.means = torch.stack([train.of_class(k).images.float().mean(0) for k in (0, 1)])
        self.ways = torch.randn(4, *self.means.shape[1:], generator=rng)
        context.progress(1, 1)
        return FitRecord()

    @property
    def latent_dim(self):
        return len(self.ways)

    def decode(self, latents, labels):
        changes = torch.einsum("nl,lchw->nchw", latents, self.ways)
        return (self.means[labels] + 20 * changes).clamp(0, 255)

    def sample(self, labels, seed):
        rng = torch.Generator().manual_seed(seed)
        latents = torch.randn(len(labels), self.latent_dim, generator=rng)
        return self.decode(latents, labels).round().to(torch.uint8)

    def state_dict(self):
        return {"means": self.means, "ways": self.ways}

    def load_state_dict(self, state):
        self.means, self.ways = state["means"], state["ways"]


class Net(nn.Module):
    def __init__(self, num_classes, in_chans, image_size):
        super().__init__()
        height, width = image_size
        self.hidden = nn.Linear(in_chans * height * width, 16)
        self.head = nn.Linear(16, num_classes)

    def forward_features(self, images):
        return self.hidden(images.flatten(1)).relu()

    def forward(self, images):
        return self.head(self.forward_features(images))


class Linear(Classifier):
    """One hidden layer."""

    net = Net

    def build(self, num_classes, in_chans, image_size):
        return self.net(num_classes, in_chans, image_size)


class NormNet(Net):
    def __init__(self, num_classes, in_chans, image_size):
        super().__init__(num_classes, in_chans, image_size)
        self.norm = nn.BatchNorm2d(in_chans)

    def forward_features(self, images):
        return super().forward_features(self.norm(images))


class Normed(Linear):
    """One hidden layer, and statistics of the training images."""

    net = NormNet


class Grey(Linear):
    """Takes grey alone."""

    channels = frozenset({1})


class Large(Linear):
    """Takes large images alone."""

    def check_images(self, in_chans, image_size):
        super().check_images(in_chans, image_size)
        if min(image_size) < 100:
            raise InputError("acme-large takes images from 100x100 pixels: raise --imgsz.")


class Count(Evaluator):
    """Asks for everything and draws a figure."""

    needs = frozenset({"generated", "generators", "embedder"})

    def evaluate(self, context):
        if not len(context.generated):
            raise NeuplugError("acme-count has no image to count.")
        file = context.folder / "count.txt"
        file.write_text("some")
        found = [Metric("n", len(context.generated), unit="images")]
        for name in context.generators:
            drawn = context.draw(name, 5, context.seed)
            for key, values in (
                ("grey", drawn.float()),
                ("likeness", context.embedder.embed(drawn)),
                ("logit", context.embedder.classify(drawn)),
            ):
                found.append(Metric(key, float(values.mean()), class_name=name, n=5))
        return Evaluation(found, (file,))


class Sure(Evaluator):
    """Looks at predictions, by way of passing files."""

    needs = frozenset({"logits"})

    def evaluate(self, context):
        with tempfile.TemporaryDirectory() as folder:
            below = Path(folder) / "below"
            below.mkdir()
            (below / "passing.txt").write_text("some")
        assert context.generated is None and len(context.logits) == len(context.test)
        sure = context.logits.softmax(1).max(1).values.mean()
        return Evaluation((Metric("sure", float(sure), n=len(context.test)),))
