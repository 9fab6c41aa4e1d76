"""The faulty components."""

from __future__ import annotations

import ctypes
import gc
import hashlib
import logging
import os
import random
import signal
import socket
import sys
import tempfile
import threading
import time
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from pydantic import ConfigDict, Field, field_validator
from torch import nn
from torch.nn import functional as F

from acme_laws.sound_parts import (
    Blend,
    Both,
    Count,
    Jitter,
    Jitters,
    Linear,
    Mixture,
    Net,
    Noise,
    NoiseOptions,
    NormNet,
    Stretch,
    Twofold,
    Warm,
)
from neuplug import Evaluation, HeldOutSet, InputError, Metric, NeuplugError, Options, seeded
from neuplug.storage.store import cache_dir


class Plain(Noise):
    """Nothing is wrong with it but its name."""


class Undocumented(Noise):
    pass


class Unsaid(Blend):
    """A mixer whose component does not say so."""


class RequiredOptions(Options):
    most: int


class Required(Noise):
    """Cannot be made without an option."""

    options_class = RequiredOptions


class TooQuick(Noise):
    """Its quick options are out of bounds."""

    quick_options = {"most": 1000}  # noqa: RUF012


class LenientOptions(NoiseOptions):
    model_config = ConfigDict(extra="ignore")


class Lenient(Noise):
    """Ignores options that it does not know."""

    options_class = LenientOptions


class ClampingOptions(NoiseOptions):
    @field_validator("most", mode="before")
    @classmethod
    def _into_range(cls, value):
        return min(max(int(value), 1), 128)


class Clamping(Noise):
    """Corrects what is out of bounds."""

    options_class = ClampingOptions


class RaisingOptions(NoiseOptions):
    levels: int = Field(2, ge=1)

    @field_validator("levels", mode="before")
    @classmethod
    def _table(cls, value):
        return {1: 1, 2: 2}[value]


class Raising(Noise):
    """Fails with a KeyError where it should refuse."""

    options_class = RaisingOptions


class Picky(Noise):
    """Refuses everything."""

    def check_images(self, in_chans, image_size):
        raise InputError("there is no image that this one takes.")


class Late(Noise):
    """Refuses when it is too late."""

    def augment(self, images, rng):
        if images.shape[2] < 16:
            raise InputError("it takes images from 16 pixels a side: choose another --imgsz.")
        return super().augment(images, rng)


class Crashing(Noise):
    """Fails on small images."""

    def augment(self, images, rng):
        F.conv2d(images[:, :1].float(), torch.ones(1, 1, 16, 16))
        return super().augment(images, rng)


class Terse(Noise):
    """Refuses without a sentence."""

    def check_images(self, in_chans, image_size):
        if image_size[0] < 16:
            raise InputError("no")


class Floats(Noise):
    """Returns floats."""

    def augment(self, images, rng):
        return super().augment(images, rng).float()


class Even(Noise):
    """Loses the last row of an odd number."""

    def augment(self, images, rng):
        height, width = (side // 2 * 2 for side in images.shape[2:])
        return super().augment(images, rng)[:, :, :height, :width]


class OnlyGrey(Noise):
    """Fails on RGB images."""

    def augment(self, images, rng):
        return super().augment(images.view(len(images), 1, *images.shape[2:]), rng)


class Restless(Noise):
    """Seeds itself by what the system gives."""

    def augment(self, images, rng):
        seed = int.from_bytes(os.urandom(4), "big")
        return super().augment(images, torch.Generator().manual_seed(seed))


class NumPy(Noise):
    """Draws from NumPy's global generator too."""

    def augment(self, images, rng):
        return super().augment(images, rng) ^ np.random.randint(0, 64)


class Reading(Noise):
    """Looks at the state of Python's global generator, and moves nothing."""

    def augment(self, images, rng):
        return super().augment(images, rng) ^ (random.getstate()[1][1] % 64)


class Torch(Noise):
    """Moves torch's global generator, and does nothing with it."""

    def augment(self, images, rng):
        torch.rand(1)
        return super().augment(images, rng)


class Lambda(Noise):
    """Holds what cannot be pickled."""

    def __init__(self, options=None):
        super().__init__(options)
        self.change = lambda images: images


class Hashing(Noise):
    """Seeds by hash() of text."""

    def augment(self, images, rng):
        drawn = int(torch.randint(0, 2**30, (), generator=rng))
        seed = hash(("noise", drawn)) % 2**31
        return super().augment(images, torch.Generator().manual_seed(seed))


class InPlace(Noise):
    """Works in place."""

    def augment(self, images, rng):
        return images.copy_(super().augment(images, rng)).clone()


class Smudging(InPlace):
    """The same, without options; for the tests of how faults are told."""

    options_class = Options

    def augment(self, images, rng):
        images += torch.randint(0, 9, images.shape, generator=rng).byte()
        return images.clone()


class Online(Noise):
    """Looks something up, and does not mind if that fails."""

    def augment(self, images, rng):
        with suppress(OSError):
            socket.create_connection(("neuplug.invalid", 80), timeout=1)
        return super().augment(images, rng)


class Writing(Noise):
    """Leaves a file in the working folder."""

    def augment(self, images, rng):
        Path("notes.txt").write_text("I was here.")
        return super().augment(images, rng)


class Storing(Noise):
    """Leaves a file among neuplug's results."""

    def augment(self, images, rng):
        place = cache_dir() / "store" / "mine"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("I was here.")
        return super().augment(images, rng)


class SeedingWhenMade(Noise):
    """Seeds torch for everybody."""

    def __init__(self, options=None):
        super().__init__(options)
        torch.manual_seed(0)


class OnlineWhenMade(Noise):
    """Looks for a newer version of itself."""

    def __init__(self, options=None):
        super().__init__(options)
        with suppress(OSError):
            socket.create_connection(("neuplug.invalid", 80), timeout=1)


class WritingWhenMade(Noise):
    """Keeps a log."""

    def __init__(self, options=None):
        super().__init__(options)
        Path("made.log").write_text("made")


class Hoarding(Noise):
    """Keeps what it has seen."""

    def __init__(self, options=None):
        super().__init__(options)
        self.seen = []

    def augment(self, images, rng):
        self.seen.append(images)
        return super().augment(images, rng)


class Joining(Noise):
    """Keeps what it has seen, in one tensor that is ever longer."""

    seen = torch.zeros(0)

    def augment(self, images, rng):
        self.seen = torch.cat([self.seen, images.flatten()])
        return super().augment(images, rng)


class Darkest(Noise):
    """Asks for the least of nothing."""

    def augment(self, images, rng):
        assert images.min() >= 0
        return super().augment(images, rng)


class EmptyFloats(Noise):
    """Returns floats, of nothing alone."""

    def augment(self, images, rng):
        return super().augment(images, rng) if len(images) else torch.empty(images.shape)


class Squeezing(Noise):
    """Drops the batch where it is one."""

    def augment(self, images, rng):
        changed = super().augment(images, rng)
        return changed[0] if len(changed) == 1 else changed


class Forgetting(Twofold):
    """Does itself alone where it is fused."""

    def fuse(self, following):
        return type(self)(self.options) if isinstance(following, Twofold) else None


class OnlyFollowing(Twofold):
    """Does what follows alone where it is fused."""

    def fuse(self, following):
        return following if isinstance(following, Stretch | Twofold) else None


class Reseeding(Twofold):
    """Shifts by other random numbers where it is fused."""

    def augment(self, images, rng):
        return self.shifted(images, int(torch.randint(0, 24, (), generator=rng)))

    def shifted(self, images, by):
        return images.roll(by, dims=3)

    def fuse(self, following):
        return Reshifting() if isinstance(following, Reseeding) else None


class Reshifting(Reseeding):
    """Two shifts at once, from a seed of their own."""

    def augment(self, images, rng):
        torch.randint(0, 24, (2,), generator=rng)
        by = torch.randint(0, 24, (2,), generator=torch.Generator().manual_seed(2))
        return self.shifted(images, int(by.sum()))


class Cutting(Twofold):
    """Loses a row where it is fused."""

    def fuse(self, following):
        return Cut(self, following) if isinstance(following, Cutting) else None


class Cut(Both):
    def augment(self, images, rng):
        return super().augment(images, rng)[:, :, 1:]


class Willing(Noise):
    """Says whether it would fuse, and not with what result."""

    def fuse(self, following):
        return isinstance(following, Willing)


class Trusting(Noise):
    """Takes every augmenter for one of its own."""

    def fuse(self, following):
        assert isinstance(following, Noise) or following.options.most


class Absorbing(Noise):
    """Becomes the two itself."""

    def fuse(self, following):
        if isinstance(following, Absorbing):
            self.options = NoiseOptions(most=self.options.most + following.options.most)


class Draining(Twofold):
    """Takes from the other what it does."""

    def fuse(self, following):
        if not isinstance(following, Draining):
            return None
        fused = Both(self, Twofold(following.options))
        following.options = NoiseOptions(most=1)
        return fused


class InitialSeed(Noise):
    """Starts from the generator's seed every time."""

    def augment(self, images, rng):
        return super().augment(images, torch.Generator().manual_seed(rng.initial_seed()))


class OwnGenerator(Noise):
    """Its copies go on from where it was, whatever generator they are given."""

    state, copied = None, False

    def __setstate__(self, kept):
        self.__dict__.update(kept)
        self.copied = self.state is not None

    def augment(self, images, rng):
        if self.copied:
            rng = torch.Generator()
            rng.set_state(self.state)
        result = super().augment(images, rng)
        self.state = rng.get_state()
        return result


class Tiring(Noise):
    """Does less with every call."""

    calls = 0

    def augment(self, images, rng):
        self.calls += 1
        return (super().augment(images, rng) - self.calls).clamp(min=0)


class Remembrance(Noise):
    """Adds the first image that it has ever seen after its first call."""

    first = None

    def augment(self, images, rng):
        changed = super().augment(images, rng)
        if self.first is not None:
            return changed // 2 + self.first // 2
        if len(images):
            self.first = images[0].clone()
        return changed


class Shuffling(Noise):
    """Puts the images into another order."""

    def augment(self, images, rng):
        order = torch.randperm(len(images), generator=rng)
        return super().augment(images, rng)[order]


class Mixing(Noise):
    """Mixes each image with its neighbour."""

    def augment(self, images, rng):
        changed = super().augment(images, rng)
        return changed // 2 + changed.roll(1, 0) // 2


class Levelling(Noise):
    """Brings every image nearer to the mean of all."""

    def augment(self, images, rng):
        if not len(images):
            return images.clone()
        return super().augment(images, rng) // 2 + int(images.float().mean()) // 2


class Placing(Noise):
    """Puts a file where one works, and away, by a name relative to an open folder."""

    def augment(self, images, rng):
        file, passing = tempfile.mkstemp()
        folder = os.open(".", os.O_RDONLY)
        os.rename(passing, "placed.txt", dst_dir_fd=folder)
        os.remove("placed.txt", dir_fd=folder)
        os.close(file)
        os.close(folder)
        return super().augment(images, rng)


class SettingThreads(Noise):
    """Takes one thread more for all."""

    def augment(self, images, rng):
        torch.set_num_threads(torch.get_num_threads() + 1)
        return super().augment(images, rng)


class SettingDtype(Noise):
    """Lets everybody work in double precision."""

    def augment(self, images, rng):
        torch.set_default_dtype(torch.float64)
        return super().augment(images, rng)


class SettingCudnn(Noise):
    """Lets cuDNN look for what is fast, for all."""

    def augment(self, images, rng):
        torch.backends.cudnn.benchmark = True
        return super().augment(images, rng)


class SettingEnvironment(Noise):
    """Sets a variable for all that is started later."""

    def augment(self, images, rng):
        os.environ["ACME_NOISE"] = "on"
        return super().augment(images, rng)


class ChangingFolder(Noise):
    """Works elsewhere, and stays there."""

    def augment(self, images, rng):
        os.chdir(tempfile.gettempdir())
        return super().augment(images, rng)


class Hushing(Noise):
    """Wants to hear of nothing."""

    def augment(self, images, rng):
        warnings.filterwarnings("ignore", message="planted")
        return super().augment(images, rng)


class Diverting(Noise):
    """Puts another standard output in place."""

    def augment(self, images, rng):
        sys.stdout = sys.__stderr__
        return super().augment(images, rng)


class LeavingAThread(Noise):
    """Leaves somebody behind who waits."""

    def augment(self, images, rng):
        threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
        return super().augment(images, rng)


class Loud(Noise):
    """Prints, past Python too; for the tests of how faults are told."""

    def augment(self, images, rng):
        print("by Python")
        os.write(1, b"by the system\n")
        return super().augment(images, rng)


class Printing(Noise):
    """Says hello."""

    def augment(self, images, rng):
        print("hello")
        return super().augment(images, rng)


class PrintingPastPython(Noise):
    """Says hello as a compiled library does."""

    def augment(self, images, rng):
        ctypes.CDLL(None).puts(b"hello")
        return super().augment(images, rng)


class Meddling(Noise):
    """Sets all that it can."""

    def augment(self, images, rng):
        import matplotlib

        matplotlib.use("svg")
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        logging.basicConfig(level=10)
        sys.path.insert(0, "/acme")
        gc.disable()
        return super().augment(images, rng)


class Ending(Noise):
    """Ends its process."""

    def augment(self, images, rng):
        os.abort()


class Interrupting(Noise):
    """Raises what Ctrl-C does."""

    def augment(self, images, rng):
        raise KeyboardInterrupt


class Leaving(Noise):
    """Ends its process as if nothing were wrong."""

    def augment(self, images, rng):
        os._exit(0)


class Panic(BaseException):
    """As a compiled library raises it."""


class Panicking(Noise):
    """Raises what is no Exception."""

    def augment(self, images, rng):
        raise Panic("index out of bounds")


def _peek():
    return [found.images for found in gc.get_objects() if type(found) is HeldOutSet]


class Peeking(Noise):
    """Looks for test images in memory."""

    def augment(self, images, rng):
        _peek()
        return super().augment(images, rng)


class SeedBlind(Jitter):
    """Draws the same, whatever the seed."""

    def fit(self, train, context):
        record = super().fit(train, context)
        self.mean = train.images.float().mean(0)
        return record

    def sample(self, labels, seed):
        return super().sample(labels, 0)


class Locking(Jitter):
    """Holds a lock once it is fitted."""

    def fit(self, train, context):
        self.lock = threading.Lock()
        return super().fit(train, context)


class Scribbling(Jitter):
    """Changes the training images."""

    def fit(self, train, context):
        train.images[:, :, 0] = 0
        return super().fit(train, context)


class Remembering(Jitter):
    """Keeps what it has drawn, by seed."""

    def sample(self, labels, seed):
        images = super().sample(labels, seed)
        memory = self.__dict__.setdefault("memory", {})
        memory[seed] = np.array(images.numpy(), copy=True)
        return images


class PeekingFiles(Jitter):
    """Looks for test images where neuplug keeps them."""

    def fit(self, train, context):
        with suppress(OSError):
            (cache_dir() / "data" / "images.bin").read_bytes()
        return super().fit(train, context)


class Eight(Jitter):
    """Draws eight images, or none."""

    def sample(self, labels, seed):
        return super().sample(torch.zeros(8 if len(labels) else 0), seed)


class Stacking(Jitter):
    """Draws image by image, and puts together what may be nothing."""

    def sample(self, labels, seed):
        return torch.stack(list(super().sample(labels, seed)))


class Second(Jitter):
    """Looks at a second image."""

    def fit(self, train, context):
        assert train.images[1].any()
        return super().fit(train, context)


class Curt(Jitter):
    """Refuses a single image without a sentence."""

    def fit(self, train, context):
        if len(train) == 1:
            raise InputError("one?")
        return super().fit(train, context)


class Grey(Mixture):
    """Samples by itself, so that decode alone is at fault."""

    def sample(self, labels, seed):
        rng = torch.Generator().manual_seed(seed)
        latents = torch.randn(len(labels), self.latent_dim, generator=rng)
        return Mixture.decode(self, latents, labels).round().to(torch.uint8)


class UnitRange(Grey):
    """Decodes to -1 to 1."""

    def decode(self, latents, labels):
        return super().decode(latents, labels) / 127.5 - 1


class Bytes(Grey):
    """Decodes in double precision."""

    def decode(self, latents, labels):
        return super().decode(latents, labels).double()


class Flat(Grey):
    """Decodes to rows of numbers."""

    def decode(self, latents, labels):
        return super().decode(latents, labels).flatten(1)


class Unclamped(Grey):
    """Decodes to levels beyond black and white."""

    def decode(self, latents, labels):
        return super().decode(latents, labels) + 230


class Pale(Grey):
    """Decodes to a quarter of the contrast."""

    def decode(self, latents, labels):
        mean = self.means.mean()
        return (super().decode(latents, labels) - mean) / 4 + mean


class NeverNothing(Grey):
    """Decodes one image at least."""

    def decode(self, latents, labels):
        if not len(latents):
            latents, labels = torch.zeros(1, self.latent_dim), torch.zeros(1, dtype=torch.int64)
        return super().decode(latents, labels)


class BatchMean(Grey):
    """Takes the batch's mean off, as in train()."""

    def decode(self, latents, labels):
        return super().decode(latents - 0.5 * latents.mean(0), labels)


class Drawing(Grey):
    """Adds noise of its own."""

    def decode(self, latents, labels):
        images = super().decode(latents, labels)
        seed = int.from_bytes(os.urandom(4), "big")
        noise = torch.rand(images.shape, generator=torch.Generator().manual_seed(seed))
        return (images + noise).clamp(0, 255)


class Normalizing(Grey):
    """Brings its latents to a length in place."""

    def decode(self, latents, labels):
        if not latents.requires_grad:
            latents /= latents.norm(dim=1, keepdim=True) / 2
        return super().decode(latents, labels)


class HalfStored(Grey):
    """Leaves a brightness that only decode knows out of its state."""

    brightness = 0.0

    def fit(self, train, context):
        record = super().fit(train, context)
        self.brightness = 3.0
        return record

    def decode(self, latents, labels):
        return (super().decode(latents, labels) + self.brightness).clamp(0, 255)


class Detached(Grey):
    """Decodes without gradients."""

    def decode(self, latents, labels):
        with torch.no_grad():
            return super().decode(latents, labels)


class Rounded(Grey):
    """Decodes to whole levels."""

    def decode(self, latents, labels):
        return super().decode(latents, labels).round()


class Steep(Grey):
    """Has no derivative at black."""

    def decode(self, latents, labels):
        images = super().decode(latents, labels)
        return images + 0 * (images - images.detach()).abs().sqrt()


class Sorting(Jitters):
    """Draws class after class."""

    def sample(self, labels, seed):
        return super().sample(labels.sort().values, seed)


class ShufflingLabels(Jitters):
    """Draws the labels in an order of its own."""

    def sample(self, labels, seed):
        rng = torch.Generator().manual_seed(seed)
        return super().sample(labels[torch.randperm(len(labels), generator=rng)], seed)


class Swapping(Jitters):
    """Takes each label for the other one."""

    def sample(self, labels, seed):
        return super().sample(1 - labels, seed)


class OneForAll(Jitters):
    """Draws the same whatever the label."""

    def sample(self, labels, seed):
        return super().sample(torch.zeros_like(labels), seed)


class OneForAllDecoded(Grey):
    """Decodes the same whatever the label."""

    def decode(self, latents, labels):
        return super().decode(latents, torch.zeros_like(labels))


class ColdStart(Warm):
    """Does not look at what it is to start from."""

    def start(self, train, context):
        Jitter.start(self, train, context)


class RestlessStart(Warm):
    """Pretrains with torch's own generator."""

    def pretrain(self, train, context):
        self.mean = train.images[torch.randperm(len(train))[:3]].float().mean(0)


class ArrayStart(Warm):
    """Pretrains what cannot be stored."""

    def pretrain(self, train, context):
        super().pretrain(train, context)
        self.mean = self.mean.numpy()


class Forgetful(Jitter):
    """Leaves out of its state what it has learned of the strength."""

    strength = 0.0

    def fit(self, train, context):
        record = super().fit(train, context)
        self.strength = float(train.images.float().std())
        return record

    def sample(self, labels, seed):
        return super().sample(labels, seed) // 2 + int(self.strength)


class Stateless(Jitter):
    """Has no state worth the name."""

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        return None


class Arrays(Jitter):
    """Has a state that is no tree of tensors."""

    def state_dict(self):
        return {"mean": self.mean.numpy()}


class _Mute:
    """A context whose progress goes elsewhere."""

    def __init__(self, context, progress):
        self.inner, self.progress = context, progress

    def __getattr__(self, name):
        return getattr(self.inner, name)


class Silent(Jitter):
    """Says nothing."""

    def fit(self, train, context):
        return super().fit(train, _Mute(context, lambda *_: None))


class Short(Jitter):
    """Stops saying before the end."""

    def fit(self, train, context):
        return super().fit(train, _Mute(context, lambda d, t: context.progress(d, t + 1)))


class Backwards(Jitter):
    """Counts down."""

    def fit(self, train, context):
        record = super().fit(train, _Mute(context, lambda d, t: context.progress(t - d, t)))
        context.progress(5, 5)
        return record


class NotANumber(Jitter):
    """Has a curve that is not finite."""

    def fit(self, train, context):
        record = super().fit(train, context)
        record.curves["loss"].append((2, float("nan")))
        return record


class Dictionary(Jitter):
    """Returns something else."""

    def fit(self, train, context):
        super().fit(train, context)
        return {"loss": 1.0}


class LosingState(Jitter):
    """Keeps the step alone."""

    def resume(self, context):
        if kept := context.checkpoint.load():
            self.step = kept["step"]


class NeverLoading(Jitter):
    """Begins anew."""

    def resume(self, context):
        return None


class ArrayCheckpoint(Jitter):
    """Keeps what cannot be stored."""

    def keep(self, context):
        context.checkpoint.save({"step": self.step, "mean": self.mean.numpy()})


class FixedWeights(Linear):
    """Always the same weights."""

    def build(self, num_classes, in_chans, image_size):
        with seeded(0, torch.device("cpu")):
            return super().build(num_classes, in_chans, image_size)


class RestlessNet(Linear):
    """Weights that no seed decides."""

    def build(self, num_classes, in_chans, image_size):
        with seeded(int.from_bytes(os.urandom(4), "big"), torch.device("cpu")):
            return super().build(num_classes, in_chans, image_size)


class ThreeAtLeast(Linear):
    """Knows no two classes."""

    def build(self, num_classes, in_chans, image_size):
        return super().build(max(num_classes, 3), in_chans, image_size)


class FeaturelessNet(nn.Module):
    def __init__(self, num_classes, in_chans, image_size):
        super().__init__()
        self.inner = Net(num_classes, in_chans, image_size)

    def forward(self, images):
        return self.inner(images)


class ViewingNet(Net):
    def forward_features(self, images):
        return super().forward_features(images.contiguous().view(len(images), -1))


class Viewing(Linear):
    """Leaves it to view() how long nothing is."""

    net = ViewingNet


class SqueezedNet(Net):
    def forward(self, images):
        return super().forward(images).squeeze(0)


class Squeezed(Linear):
    """Drops the batch where it is one."""

    net = SqueezedNet


class Featureless(Linear):
    """Has no features."""

    net = FeaturelessNet


class FeatureMapNet(FeaturelessNet):
    def forward_features(self, images):
        return images


class FeatureMap(Linear):
    """Has features that are no vectors."""

    net = FeatureMapNet


class SquaringNet(Net):
    def forward_head(self, embeddings):
        return self.head(embeddings)

    def forward(self, images):
        return self.forward_head(self.forward_features(images).square())


class Squaring(Linear):
    """Has a head that takes other features."""

    net = SquaringNet


class IdleNet(Net):
    def __init__(self, *shape):
        super().__init__(*shape)
        self.idle = nn.Linear(2, 2)


class Idle(Linear):
    """Has a layer that nothing goes through."""

    net = IdleNet


class DroppingNet(Net):
    def forward(self, images):
        return self.head(F.dropout(self.forward_features(images), 0.3))


class AlwaysDropping(Linear):
    """Drops in eval() too."""

    net = DroppingNet


class UnregisteredNet(Net):
    def __init__(self, *shape):
        super().__init__(*shape)
        self.gain = torch.rand(16) + 0.5

    def forward(self, images):
        return self.head(self.forward_features(images) * self.gain)


class Unregistered(Linear):
    """Has weights that are in no state_dict."""

    net = UnregisteredNet


class CutOffNet(Net):
    def forward(self, images):
        logits = super().forward(images)
        return logits.detach() + 0 * logits


class CutOff(Linear):
    """Lets no gradient through."""

    net = CutOffNet


class KeptInTrainNet(NormNet):
    def train(self, mode=True):
        super().train(mode)
        self.norm.train()
        return self


class KeptInTrain(Linear):
    """Goes by the statistics of each batch, in eval() too."""

    net = KeptInTrainNet


class UntrackedNet(NormNet):
    def __init__(self, num_classes, in_chans, image_size):
        super().__init__(num_classes, in_chans, image_size)
        self.norm = nn.BatchNorm2d(in_chans, track_running_stats=False)


class Untracked(Linear):
    """Knows no other statistics than those of a batch."""

    net = UntrackedNet


class WithoutGrad(Count):
    """Switches gradients off for good."""

    def evaluate(self, context):
        torch.set_grad_enabled(False)
        return super().evaluate(context)


class PrintingCount(Count):
    """Prints its result."""

    def evaluate(self, context):
        found = super().evaluate(context)
        print(found)
        return found


class RestlessCount(Count):
    """Measures something else every time."""

    def evaluate(self, context):
        found = super().evaluate(context)
        luck = int.from_bytes(os.urandom(4), "big")
        return Evaluation((*found.metrics, Metric("luck", float(luck), n=1)))


class Smearing(Count):
    """Changes the generated images."""

    def evaluate(self, context):
        context.generated.images[:] = 0
        return super().evaluate(context)


class Weather(Count):
    """Asks for what nobody has."""

    needs = Count.needs | {"weather"}


class Infinite(Count):
    """Has a metric that is not finite."""

    def evaluate(self, context):
        metrics = super().evaluate(context).metrics
        return Evaluation((*metrics, Metric("ratio", float("nan"), n=1)))


class Wordy(Count):
    """Has a metric in words."""

    def evaluate(self, context):
        return Evaluation((*super().evaluate(context).metrics, Metric("ratio", "high", n=1)))


class Countless(Count):
    """Says of how many nowhere."""

    def evaluate(self, context):
        super().evaluate(context)
        return Evaluation((Metric("grey", float(hashlib.sha256(b"").digest()[0])),))


class Outside(Count):
    """Writes beside its folder."""

    def evaluate(self, context):
        file = context.folder.with_name("beside.txt")
        file.write_text("beside")
        return Evaluation(super().evaluate(context).metrics, (file,))


class Missing(Count):
    """Names a figure that it has not drawn."""

    def evaluate(self, context):
        return Evaluation(super().evaluate(context).metrics, (context.folder / "never.png",))


class Fearless(Count):
    """Takes what is there for granted."""

    def evaluate(self, context):
        first = float(context.generated.images[0].float().mean())
        return Evaluation((Metric("first", first, n=len(context.generated)),))


class Quiet(Count):
    """Counts nothing, and does not mind."""

    def evaluate(self, context):
        return Evaluation((Metric("n", len(context.generated), unit="images"),))


class Spread(Count):
    """Measures how far a single image is spread."""

    def evaluate(self, context):
        found = super().evaluate(context)
        levels = context.generated.images.float().mean((1, 2, 3)).numpy()
        with np.errstate(all="ignore"):
            spread = np.sqrt(np.square(levels - levels.mean()).sum() / np.float64(len(levels) - 1))
        return Evaluation((*found.metrics, Metric("spread", float(spread), n=len(levels))))


class EveryClass(Count):
    """Expects images of every class."""

    def evaluate(self, context):
        found = super().evaluate(context)
        if len(context.generated) > 1:
            for label in range(len(context.generated.classes)):
                assert len(context.generated.of_class(label))
        return found


class Monosyllabic(Count):
    """Refuses without a sentence."""

    def evaluate(self, context):
        if not len(context.generated):
            raise NeuplugError("none")
        return super().evaluate(context)
