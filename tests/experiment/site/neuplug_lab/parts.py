"""The components. They write what they see to the file in LAB_LOG, one line of JSON each."""

import hashlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

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
    Metric,
    Mixer,
    Options,
    TrainingDiverged,
    TrainingSet,
)


def log(**entry):
    if "LAB_LOG" in os.environ:
        with Path(os.environ["LAB_LOG"]).open("a") as file:
            file.write(json.dumps(entry) + "\n")


def pixels(images):
    return [hashlib.sha256(image.contiguous().numpy()).hexdigest() for image in images]


class Invert(Augmenter):
    def augment(self, images, rng):
        log(what="augment", images=pixels(images))
        return 255 - images


class Same(Augmenter):
    def augment(self, images, rng):
        torch.rand(7, generator=rng)
        return images


class MirrorOptions(Options):
    odds: float = Field(0.5, ge=0, le=1, description="share of the images that are mirrored")


class Mirror(Augmenter):
    options_class = MirrorOptions

    def augment(self, images, rng):
        chosen = torch.rand(len(images), generator=rng) < self.options.odds
        return torch.where(chosen[:, None, None, None], images.flip(-1), images)


class Loud(Augmenter):
    """Prints what would clear a terminal and forge a line."""

    def augment(self, images, rng):
        print("loud \x1b[2J\rneuplug: error: all is lost", flush=True)
        return images


class Floats(Augmenter):
    def augment(self, images, rng):
        return images.float()


class BlendOptions(Options):
    weight: float = Field(0.5, ge=0, le=1, description="of the other image")


class Blend(Mixer):
    options_class = BlendOptions

    def mix(self, images, targets, rng):
        log(what="mix", images=pixels(images), targets=targets.tolist())
        order = torch.randperm(len(images), generator=rng)
        mixed = torch.lerp(images.float(), images[order].float(), self.options.weight)
        return mixed.round().byte(), torch.lerp(targets, targets[order], self.options.weight)


class Unsaid(Blend):
    pass


class JitterOptions(Options):
    steps: int = Field(4, ge=1)
    pause: float = Field(0.0, ge=0, description="seconds a step")
    shade: int = Field(0, description="added to what is drawn")
    conditional: bool = Field(False, description="whether one fit serves all classes")


class Jitter(Generator):
    options_class = JitterOptions
    sampling_options = frozenset({"shade"})

    @property
    def conditional(self):
        return self.options.conditional

    def fit(self, train, context):
        assert type(train) is TrainingSet
        kept = context.checkpoint.load()
        start = kept["step"] if kept else 0
        log(what="fit", name=context.name, start=start, images=pixels(train.images))
        for step in range(start, self.options.steps):
            time.sleep(self.options.pause)
            log(what="step", name=context.name, step=step)
            context.checkpoint.save({"step": step + 1})
            context.progress(step + 1, self.options.steps)
        self.images, self.labels = train.images, train.labels
        return FitRecord(curves={"loss": [(1, 1.0)]}, grids=[(1, train.images[:2])])

    def sample(self, labels, seed):
        rng = torch.Generator().manual_seed(seed)
        chosen = self.choose(labels, rng)
        noise = torch.randint(0, 20, (len(labels), *self.images.shape[1:]), generator=rng)
        return (self.images[chosen].long() + noise + self.options.shade).clamp(0, 255).byte()

    def choose(self, labels, rng):
        """Training images of the classes asked for."""
        chosen = torch.empty_like(labels)
        for label in labels.unique():
            members = torch.nonzero(self.labels == label).flatten()
            wanted = labels == label
            picks = torch.randint(len(members), (int(wanted.sum()),), generator=rng)
            chosen[wanted] = members[picks]
        return chosen

    def state_dict(self):
        return {"images": self.images, "labels": self.labels}

    def load_state_dict(self, state):
        self.images, self.labels = state["images"], state["labels"]


class Tinted(Jitter):
    """Draws the mean of its class's images, and in the first pixel that of all classes'."""

    @property
    def pretrains(self):
        return not self.conditional

    def pretrain(self, train, context):
        log(what="pretrain", name=context.name, classes=len(train.classes))
        self.images, self.labels = train.images, train.labels
        return FitRecord(warnings=["pretraining warns"])

    def fit(self, train, context):
        record = super().fit(train, context)
        self.images = train.images.float().mean(0, keepdim=True).byte()
        self.labels = torch.zeros(1, dtype=torch.int64)
        self.images[0, :, 0, 0] = context.start["images"].float().mean().byte()
        return record

    def sample(self, labels, seed):
        return self.images.repeat(len(labels), 1, 1, 1)


class Leaving(Jitter):
    """Its worker dies, and leaves a process behind that holds all that it had open."""

    def fit(self, train, context):
        left = subprocess.Popen(["sleep", "600"], close_fds=False)
        log(what="left", pid=left.pid)
        os.kill(os.getpid(), signal.SIGKILL)


class Magpie(Jitter):
    def sample(self, labels, seed):
        rng = torch.Generator().manual_seed(seed)
        shape = (len(labels), *self.images.shape[1:])
        images = torch.randint(0, 256, shape, generator=rng, dtype=torch.uint8)
        stolen = torch.randint(len(self.images), (len(images[::2]),), generator=rng)
        images[::2] = self.images[stolen]
        return images


class Echo(Jitter):
    """The generator that has learned by heart."""

    control = True

    def sample(self, labels, seed):
        return self.images[self.choose(labels, torch.Generator().manual_seed(seed))]


class Large(Jitter):
    def check_images(self, in_chans, image_size):
        if not all(28 <= side <= 256 for side in image_size):
            raise InputError("large makes images from 28 to 256 pixels: choose another --imgsz.")


class Astray(Jitter):
    def fit(self, train, context):
        raise TrainingDiverged(f"{context.name}: the loss is inf at step 3: lower astray.lr.")


class Crash(Jitter):
    def fit(self, train, context):
        raise ZeroDivisionError("planted")


class Small(Jitter):
    def sample(self, labels, seed):
        return super().sample(labels, seed)[:, :, :-1]


class Linear(Classifier):
    def build(self, num_classes, in_chans, image_size):
        return Net(num_classes, in_chans * image_size[0] * image_size[1])


class Net(nn.Module):
    def __init__(self, num_classes, features):
        super().__init__()
        self.head = nn.Linear(features, num_classes)

    def forward_features(self, images):
        return images.flatten(1)

    def forward(self, images):
        return self.head(self.forward_features(images))


class Dropping(Linear):
    """Draws from torch's own generator in every step."""

    def build(self, num_classes, in_chans, image_size):
        net = super().build(num_classes, in_chans, image_size)
        net.head = nn.Sequential(nn.Dropout(0.5), net.head)
        return net


class Brightness(Evaluator):
    title = "How bright"
    guide = "Black is 0, white is 255."

    def evaluate(self, context):
        file = context.folder / "brightness.txt"
        file.write_text("bright")
        images = context.generated.images
        level = float(images.float().mean())
        return Evaluation((Metric("grey", level, n=len(images), label="mean grey level"),), (file,))


class Confidence(Evaluator):
    needs = frozenset({"logits"})

    def evaluate(self, context):
        assert len(context.logits) == len(context.test)
        sure = float(context.logits.softmax(1).max(1).values.mean())
        return Evaluation([Metric("confidence", sure, n=len(context.test), unit="share")])


class Walker(Evaluator):
    needs = frozenset({"generated", "generators", "embedder"})

    def evaluate(self, context):
        found = [Metric("runs", sum(len(sources) for sources in context.generators.values()))]
        for name in context.generators:
            images = context.draw(name, 9, seed=1)
            assert images.shape == (9, *context.train.images.shape[1:])
            known = set(pixels(context.train.images))
            guesses = context.embedder.classify(images).argmax(1)
            label = context.train.classes.index(name)
            found += [
                Metric("grey", float(images.float().mean()), name),
                Metric("copies", sum(image in known for image in pixels(images)), name),
                Metric("agreeing", float((guesses == label).float().mean()), name),
            ]
        found.append(Metric("features", context.embedder.embed(context.test.images).shape[1]))
        return Evaluation(found, warnings=(f"in the features of {context.embedder.name}",))


class Broken(Evaluator):
    def evaluate(self, context):
        raise ValueError("planted")
