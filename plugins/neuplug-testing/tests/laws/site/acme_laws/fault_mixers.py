"""The faulty mixers."""

from __future__ import annotations

import os

import torch

from acme_laws.fault_parts import _peek
from acme_laws.sound_parts import Blend


class Floating(Blend):
    """Returns floats."""

    def mix(self, images, targets, rng):
        mixed, shares = super().mix(images, targets, rng)
        return mixed.float(), shares


class RestlessBlend(Blend):
    """Takes other shares every time."""

    def taken(self, n, rng):
        numbers = torch.Generator().manual_seed(int.from_bytes(os.urandom(4), "big"))
        return super().taken(n, numbers)


class InitialSeedBlend(Blend):
    """Starts from the generator's seed every time."""

    def mix(self, images, targets, rng):
        return super().mix(images, targets, torch.Generator().manual_seed(rng.initial_seed()))


class OwnGeneratorBlend(Blend):
    """Its copies go on from where it was, whatever generator they are given."""

    state, copied = None, False

    def __setstate__(self, kept):
        self.__dict__.update(kept)
        self.copied = self.state is not None

    def mix(self, images, targets, rng):
        if self.copied:
            rng = torch.Generator()
            rng.set_state(self.state)
        mixed = super().mix(images, targets, rng)
        self.state = rng.get_state()
        return mixed


class TiringBlend(Blend):
    """Mixes less with every call."""

    calls = 0

    def taken(self, n, rng):
        self.calls += 1
        return super().taken(n, rng) / self.calls


class GlobalBlend(Blend):
    """Pairs images by torch's own generator."""

    def partners(self, targets, rng):
        return torch.randperm(len(targets))


class ImagesInPlace(Blend):
    """Leaves the mixed images where those were that it was given."""

    def mix(self, images, targets, rng):
        mixed, shares = super().mix(images, targets, rng)
        return images.copy_(mixed), shares


class TargetsInPlace(Blend):
    """Leaves the shares where the targets were."""

    def mix(self, images, targets, rng):
        mixed, shares = super().mix(images, targets, rng)
        return mixed, targets.copy_(shares)


class Brightest(Blend):
    """Looks for the brightest image of a batch."""

    def mix(self, images, targets, rng):
        images.flatten(1).float().mean(1).max()
        return super().mix(images, targets, rng)


class AlwaysAnother(Blend):
    """Takes it that there is another image."""

    def partners(self, targets, rng):
        n = len(targets)
        if not n:
            return torch.arange(0)
        return (torch.arange(n) + torch.randint(1, n, (n,), generator=rng)) % n


class PeekingBlend(Blend):
    """Looks for test images in memory."""

    def mix(self, images, targets, rng):
        _peek()
        return super().mix(images, targets, rng)


class Light(Blend):
    """Its shares sum to less than one."""

    def mix(self, images, targets, rng):
        mixed, shares = super().mix(images, targets, rng)
        return mixed, shares * 0.99


class Extrapolating(Blend):
    """Has shares below 0 and above 1."""

    def mix(self, images, targets, rng):
        mixed, shares = super().mix(images, targets, rng)
        return mixed, (shares - 0.5) * 1.2 + 0.5


class Doubles(Blend):
    """Has shares in double precision."""

    def mix(self, images, targets, rng):
        mixed, shares = super().mix(images, targets, rng)
        return mixed, shares.double()


class Labels(Blend):
    """Returns labels."""

    def mix(self, images, targets, rng):
        mixed, shares = super().mix(images, targets, rng)
        return mixed, shares.argmax(1)


class Unmixed(Blend):
    """Leaves the targets as they are."""

    def mix(self, images, targets, rng):
        return super().mix(images, targets, rng)[0], targets.clone()


class Paired(Blend):
    """Takes images from one partner and targets from another."""

    def mix(self, images, targets, rng):
        order = torch.randperm(len(targets), generator=rng)
        mixed, _ = super().mix(images, targets, rng)
        taken = self.taken(len(images), rng)[:, None]
        return mixed, torch.lerp(targets, targets[order], taken)


class Ordered(Blend):
    """Mixes every image with one of the first class of a batch."""

    def partners(self, targets, rng):
        labels = targets.argmax(1)
        if not len(labels):
            return labels
        first = (labels == labels.min()).nonzero()[:, 0]
        return first[torch.randint(len(first), (len(labels),), generator=rng)]


class Sloped(Blend):
    """Counts the first class for a little more."""

    def mix(self, images, targets, rng):
        mixed, shares = super().mix(images, targets, rng)
        sloped = shares * torch.tensor([1.1, *[1.0] * (shares.shape[1] - 1)])
        return mixed, sloped / sloped.sum(1, keepdim=True)


class Smoothing(Blend):
    """Gives every class a little."""

    def mix(self, images, targets, rng):
        mixed, shares = super().mix(images, targets, rng)
        return mixed, 0.98 * shares + 0.02 / shares.shape[1]


class OtherClass(Blend):
    """Takes it that there is an image of another class."""

    def partners(self, targets, rng):
        if len(targets) < 2:
            return torch.arange(len(targets))
        labels = targets.argmax(1)
        others = (labels[:, None] != labels[None, :]).float()
        return torch.multinomial(others, 1, generator=rng)[:, 0]
