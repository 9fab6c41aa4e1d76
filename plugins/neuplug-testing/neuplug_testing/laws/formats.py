"""Which images a component takes, and what it makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from neuplug.plugins.evaluator import Evaluation
from neuplug_testing.law import Broken, Law, Unchecked, is_sentence, law
from neuplug_testing.laws.plugins import KINDS
from neuplug_testing.pictures import LARGE, PER_CLASS, STANDARD, TINY, Format
from neuplug_testing.subjects import ComponentSubject, told
from neuplug_testing.work import DRAWN, Done

ADVICE = (
    "It is given images of every size, grey or RGB. What it cannot take it refuses in check_images "
    "by an InputError; everything else it does, with the shapes and types that the interface's "
    "docstring names."
)


def _images(value: Any, shape: tuple[int, ...]) -> None:
    if not isinstance(value, Tensor):
        raise Broken(f"It returned a {type(value).__name__} instead of a tensor.")
    if value.dtype != torch.uint8 or value.device.type != "cpu":
        raise Broken(f"It returned {value.dtype} on {value.device} instead of uint8 on the CPU.")
    if tuple(value.shape) != shape:
        raise Broken(f"It returned the shape {tuple(value.shape)} instead of {shape}.")


def _augmented(done: Done, form: Format) -> None:
    _images(done.value, (2 * PER_CLASS, form.channels, *form.image_size))


def _drawn(done: Done, form: Format) -> None:
    _images(done.value, (DRAWN, form.channels, *form.image_size))


def _logits(done: Done, form: Format) -> None:
    value = done.value
    if not isinstance(value, Tensor) or not value.is_floating_point():
        kind = value.dtype if isinstance(value, Tensor) else type(value).__name__
        raise Broken(f"The network returned {kind} instead of floating-point logits.")
    if value.ndim != 2 or len(value) != DRAWN:
        raise Broken(f"The network returned {tuple(value.shape)} instead of (N, num_classes).")
    if not value.isfinite().all():
        raise Broken("The network returned logits that are not finite.")


def _evaluation(done: Done, form: Format) -> None:
    if not isinstance(done.record, Evaluation):
        raise Broken(f"It returned a {type(done.record).__name__} instead of an Evaluation.")


RIGHT: dict[str, Callable[[Done, Format], None]] = {
    "augmenter": _augmented,
    "generator": _drawn,
    "classifier": _logits,
    "evaluator": _evaluation,
}


def _takes(form: Format) -> Law:
    def check(subject: ComponentSubject) -> None:
        run = subject.run(form)
        if run.refusal is not None:
            raise Unchecked(f"it says: {run.refusal}")
        if run.error is not None or run.done is None:
            raise Broken(f"With {form} images it fails: {told(run.error)}.")
        try:
            RIGHT[subject.kind](run.done, form)
        except Broken as seen:
            raise Broken(f"With {form} images: {seen}") from None

    statement = f"It does its work on {form} images."
    return Law(f"takes-{form}", frozenset(KINDS), statement, ADVICE, check)


@law(*KINDS, advice="Loosen check_images, or give quick_options under which it takes some.")
def takes_something(subject: ComponentSubject) -> None:
    """Some of the standard sizes, from 32x32 to 224x224, are not refused."""
    sentences = []
    for form in (*STANDARD, *LARGE):
        run = subject.run(form)
        if run.refusal is None:
            return
        sentences.append(run.refusal)
    raise Broken(f"It refuses every size from 32x32 to 224x224, the last so: {sentences[-1]}")


@law(
    *KINDS,
    advice="Let check_images raise InputError with a sentence: what it takes, what to choose "
    "instead. The core asks it first, so nobody trains for hours before the refusal.",
)
def refuses_images_early(subject: ComponentSubject) -> None:
    """Images that it cannot take are refused by ``check_images``, in a sentence."""
    for form in (*TINY, *STANDARD):
        run = subject.run(form)
        if run.refusal is not None:
            if not run.early:
                raise Broken(
                    f"check_images took {form} images, and then the work refused them: "
                    f"{run.refusal}"
                )
            if not is_sentence(run.refusal):
                raise Broken(
                    f"It refuses {form} images with {run.refusal!r}, which is no sentence."
                )
        elif run.error is not None and form in TINY and _works(subject, form.channels):
            raise Broken(f"check_images took {form} images, and then: {told(run.error)}.")


def _works(subject: ComponentSubject, channels: int) -> bool:
    """Whether larger images of the kind go through; if not, another law tells of it."""
    return any(subject.run(f).done is not None for f in STANDARD if f.channels == channels)


LAWS = (*map(_takes, STANDARD), takes_something, refuses_images_early)
