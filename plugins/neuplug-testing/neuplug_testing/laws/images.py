"""Which images a component takes, how many, and what it makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from neuplug.errors import InputError
from neuplug.plugins.evaluator import Evaluation
from neuplug.plugins.hookspecs import COMPONENTS
from neuplug.plugins.isolation import told
from neuplug_testing.law import Broken, Law, Unchecked, law, must_be_sentence, must_work
from neuplug_testing.pictures import CLASSES, LARGE, PER_CLASS, STANDARD, TINY, Format
from neuplug_testing.subjects import ComponentSubject
from neuplug_testing.work import DRAWN, Done, augment, classify, generate, mix, to_draw, to_learn

ADVICE = (
    "It is given images of every size, grey or RGB. What it cannot take it refuses in check_images "
    "by an InputError; everything else it does, with the shapes and types that the interface's "
    "docstring names."
)


def _images(value: object, form: Format, n: int) -> None:
    shape = (n, form.channels, *form.image_size)
    if not isinstance(value, Tensor):
        raise Broken(f"It returned a {type(value).__name__} instead of a tensor.")
    if value.dtype != torch.uint8 or value.device.type != "cpu":
        raise Broken(f"It returned {value.dtype} on {value.device} instead of uint8 on the CPU.")
    if tuple(value.shape) != shape:
        raise Broken(f"It returned the shape {tuple(value.shape)} instead of {shape}.")


def _logits(done: Done) -> None:
    value = done.value
    if not isinstance(value, Tensor) or not value.is_floating_point():
        kind = value.dtype if isinstance(value, Tensor) else type(value).__name__
        raise Broken(f"The network returned {kind} instead of floating-point logits.")
    if value.ndim != 2 or len(value) != DRAWN:
        raise Broken(f"The network returned {tuple(value.shape)} instead of (N, num_classes).")
    if not value.isfinite().all():
        raise Broken("The network returned logits that are not finite.")


def _right(kind: str, done: Done, form: Format) -> None:
    """See that what came of the work is what the kind's interface promises."""
    if kind == "augmenter":
        _images(done.value, form, len(CLASSES) * PER_CLASS)
    elif kind == "mixer":
        _images(done.value["images"], form, len(CLASSES) * PER_CLASS)
    elif kind == "generator":
        _images(done.value, form, DRAWN)
    elif kind == "classifier":
        _logits(done)
    elif not isinstance(done.record, Evaluation):
        raise Broken(f"It returned a {type(done.record).__name__} instead of an Evaluation.")


def _takes(form: Format) -> Law:
    def check(subject: ComponentSubject) -> None:
        run = subject.run(form)
        if run.refusal is not None:
            raise Unchecked(f"it says: {run.refusal}")
        if not run.well:
            raise Broken(f"With {form} images it fails: {run.error}.")
        try:
            _right(subject.kind, run.done, form)
        except Broken as seen:
            raise Broken(f"With {form} images: {seen}") from None

    statement = f"It does its work on {form} images."
    fast = form == STANDARD[0]
    return Law(f"takes-{form}", frozenset(COMPONENTS), statement, ADVICE, check, fast)


TAKES = tuple(map(_takes, STANDARD))


@law()
def takes_something(subject: ComponentSubject) -> None:
    """Some of the standard sizes, from 32x32 to 224x224, are not refused.

    Loosen check_images, or give quick_options under which it takes some.
    """
    sentences = []
    for form in (*STANDARD, *LARGE):
        run = subject.run(form)
        if run.refusal is None:
            return
        sentences.append(run.refusal)
    raise Broken(f"It refuses every size from 32x32 to 224x224, the last so: {sentences[-1]}")


@law()
def refuses_images_early(subject: ComponentSubject) -> None:
    """Images that it cannot take are refused by ``check_images``, in a sentence.

    Let check_images raise InputError with a sentence: what it takes, what to choose instead. The
    core asks it first, so nobody trains for hours before the refusal.
    """
    for form in (*TINY, *STANDARD):
        run = subject.run(form)
        if run.refusal is not None:
            if not run.early:
                raise Broken(
                    f"check_images took {form} images, and then the work refused them: "
                    f"{run.refusal}"
                )
            must_be_sentence(run.refusal, f"{form} images")
        elif run.error is not None and form in TINY and _works(subject, form.channels):
            raise Broken(f"check_images took {form} images, and then: {run.error}.")


def _works(subject: ComponentSubject, channels: int) -> bool:
    """Whether larger images of the kind go through; if not, another law tells of it."""
    return any(subject.run(f).well for f in STANDARD if f.channels == channels)


def _made_of(subject: ComponentSubject, n: int) -> Any:
    """What it makes of ``n`` images or labels."""
    used = subject.worked().component
    if subject.kind == "generator":
        return used.sample(to_draw(used, n), 1)
    works: dict[str, Callable[..., Done]] = {"augmenter": augment, "mixer": mix}
    work = works.get(subject.kind, classify)
    return work(used, subject.form, 1, subject.folder(), n).value


def _is_usual(subject: ComponentSubject, found: Any, n: int, what: str) -> None:
    """Hold ``n`` results, made of ``what``, against those of the usual amount."""
    made, as_ever = (
        list(value.values()) if isinstance(value, Mapping) else [value]
        for value in (found, subject.value())
    )
    for part, usual in zip(made, as_ever, strict=True):
        shape = (n, *usual.shape[1:])
        if part.dtype != usual.dtype or tuple(part.shape) != shape:
            raise Broken(
                f"With {what} it returned {part.dtype} {tuple(part.shape)} instead of "
                f"{usual.dtype} {shape}."
            )


def _takes_few(subject: ComponentSubject, n: int, what: str) -> None:
    with must_work(f"With {what} it fails"):
        found = _made_of(subject, n)
    _is_usual(subject, found, n, what)


@law("augmenter", "mixer", "generator", "classifier")
def takes_an_empty_batch(subject: ComponentSubject) -> None:
    """Of no image, or no label, it makes nothing, of the usual shape and type.

    Take what is needed from shapes, as in flatten(1) and torch.empty(n, ..., dtype=torch.uint8),
    and neither a minimum, a mean nor torch.stack of nothing.
    """
    subject.worked()
    _takes_few(subject, 0, "no label" if subject.kind == "generator" else "no image")


@law("augmenter", "mixer", "generator", "classifier")
def takes_a_single_image(subject: ComponentSubject) -> None:
    """One image is a batch too; a generator fits on one image of a class, or refuses to.

    Use no squeeze() without a dimension and no statistics of the batch. A generator that one image
    of a class is too few for says so by an InputError, in a sentence.
    """
    subject.worked()
    if subject.kind != "generator":
        _takes_few(subject, 1, "a single image")
        return
    what, generator = "one training image of a class", subject.make()
    train = to_learn(generator, subject.form)
    few = train.subset(range(len(train.classes)))  # the classes take turns
    try:
        drawn = generate(generator, subject.form, 1, subject.folder(), train=few).value
    except InputError as refusal:
        must_be_sentence(refusal, what)
        return
    except Exception as error:
        raise Broken(f"With {what} its fit fails: {told(error)}.") from error
    _is_usual(subject, drawn, DRAWN, what)
