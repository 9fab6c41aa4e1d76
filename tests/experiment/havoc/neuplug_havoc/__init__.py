"""A plugin that does all that a plugin must not, beside one component that is sound."""

import locale
import os
import socket
import sys
import warnings

from neuplug import Component, hookimpl

print("imported by Python")
os.write(1, b"imported past Python\n")
sys.stdout.buffer.write(b"imported as bytes\n")
sys.stderr.write("\x1b[2J\rneuplug: error: forged\n")
warnings.simplefilter("error")
locale.setlocale(locale.LC_ALL, "C")
socket.setdefaulttimeout(0.1)

PARTS = "neuplug_havoc.parts"
AUGMENTERS = ("Sound", "Panics", "Unspeakable", "Endless", "Leaves", "Shouts", "Aborts", "Garish")


@hookimpl
def neuplug_augmenters():
    for name in AUGMENTERS:
        yield Component(name.lower(), f"{PARTS}:{name}", "an augmenter")
    yield Component("plain", f"{PARTS}:Plain", "its options are no model")
    yield Component("explodes", f"{PARTS}_torn:Nothing", "its module cannot be imported")


@hookimpl
def neuplug_generators():
    yield Component("undrawn", f"{PARTS}:Undrawn", "a generator that cannot be asked")


@hookimpl
def neuplug_evaluators():
    yield Component("asks", f"{PARTS}:Asks", "an evaluator that asks the generator itself")
    yield Component("embeds", f"{PARTS}:Embeds", "an evaluator that asks a classifier")


@hookimpl
def neuplug_classifiers():
    yield Component("shy", f"{PARTS}:Shy", "a network that cannot be embedded with")


@hookimpl
def neuplug_executors():
    for name in ("Idle", "Breaks", "Babbles", "Slams"):
        yield Component(name.lower(), f"{PARTS}:{name}", "an executor")


@hookimpl
def neuplug_reporters():
    yield Component("counts", f"{PARTS}:Counts", "a report that is a number")


@hookimpl
def neuplug_sections():
    yield Component("nothing", f"{PARTS}:Nothing", "no section")


@hookimpl
def neuplug_layouts():
    yield Component("lists", f"{PARTS}:Lists", "a layout whose listing is a list")
