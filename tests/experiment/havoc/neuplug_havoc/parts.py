"""The components; what each does is its name."""

import ctypes
import gc
import locale
import os
import signal
import socket
import sys
import warnings

import numpy
import torch
from neuplug_lab.parts import Jitter, Linear
from neuplug_lab.places import Queue

import neuplug
from neuplug.experiment.reporters import SectionMaker

torch.set_grad_enabled(False)


class Panic(BaseException):
    """As a compiled library raises it."""


class Unsayable(Exception):
    def __str__(self):
        raise Panic("not even this")

    __repr__ = __str__


class Sound(neuplug.Augmenter):
    """Turns black to white."""

    def augment(self, images, rng):
        return 255 - images


class Panics(Sound):
    def augment(self, images, rng):
        raise Panic("index out of bounds")


class Unspeakable(Sound):
    def augment(self, images, rng):
        raise Unsayable


class Endless(Sound):
    def augment(self, images, rng):
        return self.augment(images, rng)


class Leaves(Sound):
    def augment(self, images, rng):
        os._exit(0)


class Aborts(Sound):
    def augment(self, images, rng):
        os.abort()


class Garish(Sound):
    def augment(self, images, rng):
        raise ValueError("\x1b[31mred\r\n" + "\u202e" + "x" * 100_000)


class Shouts(Sound):
    """Prints in every way, and sets what it can."""

    def augment(self, images, rng):
        print("shouted by Python")
        print("\x1b[2Jshouted\rin red", file=sys.stderr)
        os.write(1, b"shouted past Python\n")
        ctypes.CDLL(None).puts(b"shouted by a library")
        os.system("echo shouted by a process")
        os.chdir("/")
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        locale.setlocale(locale.LC_ALL, "C")
        socket.setdefaulttimeout(0.1)
        sys.setrecursionlimit(500)
        gc.disable()
        numpy.seterr(all="raise")
        warnings.simplefilter("error")
        torch.set_default_dtype(torch.float64)
        torch.use_deterministic_algorithms(True)
        return super().augment(images, rng)


class Plain(Sound):
    options_class = dict


class Undrawn(Jitter):
    """Learns, and fails when it is asked for a number by which to tell it."""

    def temperature(self):
        raise ZeroDivisionError("no temperature")


class Asks(neuplug.Evaluator):
    @property
    def needs(self):
        return frozenset({"generators"})

    def evaluate(self, context):
        for sources in context.generators.values():
            sources[0].generator.temperature()


class Embeds(neuplug.Evaluator):
    @property
    def needs(self):
        return frozenset({"generated", "embedder"})

    def evaluate(self, context):
        context.embedder.embed(context.train.images)


class Shy(Linear):
    """Its network classifies alone."""

    def build(self, *arguments):
        net = super().build(*arguments)

        def forward_features(images):
            if len(images) == 12:  # all training images
                raise LookupError("no features")
            return images.flatten(1)

        net.forward_features = forward_features
        net.forward = lambda images: net.head(images.flatten(1))
        return net


class Idle(neuplug.ExecutorFactory):
    """Takes tasks on and does none."""

    def open(self, context):
        return self

    def submit(self, task):
        pass

    def events(self):
        return iter(())

    def close(self):
        pass


class Breaks(Idle):
    def events(self):
        yield None
        raise ConnectionError("the cluster is away")


class Babbles(Idle):
    def events(self):
        yield "done"


class Jammed(Queue):
    def close(self):
        raise ConnectionError("the door is jammed")


class Slams(neuplug.ExecutorFactory):
    """Does all tasks, and fails at the end."""

    def open(self, context):
        return Jammed(context)


class Counts(neuplug.Reporter):
    def report(self, run):
        return 42


class Nothing(SectionMaker):
    def sections(self, results):
        return ["a text"]


class Lists(neuplug.Layout):
    def scan(self, path):
        return [path]
