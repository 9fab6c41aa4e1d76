"""What generators owe besides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from neuplug.plugins.generator import Checkpoint, FitRecord, Generator
from neuplug.storage.tensorfile import load_tree, save_tree
from neuplug_testing.law import Broken, Unchecked, law
from neuplug_testing.probes import fast_clock
from neuplug_testing.subjects import ComponentSubject, told
from neuplug_testing.work import alike, generate, to_draw

SEED = 1  # of the usual run


@law(
    "augmenter",
    "generator",
    advice="Learn from the images that are handed over and from nothing else; validation and test "
    "images would make every result worthless.",
)
def sees_no_held_out_image(subject: ComponentSubject) -> None:
    """It looks at no validation or test image, in memory or in neuplug's files."""
    run, _ = subject.worked()
    if run.seen:
        raise Broken(f"It reads the {run.seen[0]} of a held-out set.")
    if reads := subject.watched().reads:
        raise Broken(f"It reads {reads[0]}, where neuplug keeps whole data sets.")


@law(
    "generator",
    advice="Return one image for each label, however many there are.",
)
def one_image_for_each_label(subject: ComponentSubject) -> None:
    """Any number of labels in any order is drawn."""
    run, _ = subject.worked()
    generator: Generator = run.component
    for n in (1, 5):
        labels = to_draw(generator, n).flip(0)
        images = generator.sample(labels, SEED)
        if len(images) != n:
            raise Broken(f"{n} labels gave {len(images)} images.")


@law(
    "generator",
    advice="Put all that sample needs into state_dict as tensors, numbers and text, and take all "
    "of it back in load_state_dict.",
)
def state_comes_back(subject: ComponentSubject) -> None:
    """A new object with the stored state draws the same images, bit for bit."""
    run, _ = subject.worked()
    path = subject.folder() / "state.safetensors"
    try:
        save_tree(run.component.state_dict(), path)
    except Exception as error:
        raise Broken(f"Its state cannot be stored: {told(error)}.") from error
    fresh: Generator = subject.make()
    try:
        fresh.load_state_dict(load_tree(path))
        images = fresh.sample(to_draw(fresh), SEED)
    except Exception as error:
        raise Broken(f"A new object with its state cannot draw: {told(error)}.") from error
    if not alike(images, _drawn_again(run.component)):
        raise Broken("A new object with its state draws other images.")


def _drawn_again(generator: Generator) -> torch.Tensor:
    return generator.sample(to_draw(generator), SEED)


@law(
    "generator",
    advice="Call context.progress(done, total) now and then, with done growing up to total.",
)
def tells_its_progress(subject: ComponentSubject) -> None:
    """A fit calls ``context.progress``, and the last call says that it is through."""
    _, done = subject.worked()
    calls = done.progress
    if not calls:
        raise Broken("It never calls context.progress.")
    steps = [step for step, _ in calls]
    if steps != sorted(steps) or any(not 0 <= step <= total for step, total in calls):
        raise Broken(f"Its progress is not in order: {calls}.")
    if calls[-1][0] != calls[-1][1]:
        raise Broken(f"Its last word is {calls[-1][0]} of {calls[-1][1]} steps.")


@law(
    "generator",
    advice="Return a FitRecord with curves of finite numbers and grids of uint8 images; raise "
    "neuplug.TrainingDiverged where a loss is not finite.",
)
def record_can_be_shown(subject: ComponentSubject) -> None:
    """What a fit returns is a record that the report can draw."""
    _, done = subject.worked()
    record = done.record
    if not isinstance(record, FitRecord):
        raise Broken(f"fit returned a {type(record).__name__}.")
    for name, points in record.curves.items():
        if not all(math.isfinite(value) for _, value in points):
            raise Broken(f"Its curve {name} has values that are not finite.")
    for step, images in record.grids:
        if images.dtype != torch.uint8 or images.ndim != 4:
            raise Broken(f"Its grid of step {step} is {images.dtype} {tuple(images.shape)}.")


class _Killed(BaseException):
    """As if the process had ended."""


class _Stored(Checkpoint):
    """A checkpoint in a file, as the core's; the process may end when it is written."""

    def __init__(self, path: Path, killing: bool) -> None:
        self.path, self.killing, self.loads = path, killing, 0

    def save(self, tree: Mapping[str, Any]) -> None:
        try:
            save_tree(tree, self.path)
        except TypeError as error:
            raise Broken(f"Its checkpoint cannot be stored: {error}.") from error
        if self.killing:
            raise _Killed

    def load(self) -> dict[str, Any] | None:
        self.loads += 1
        if not self.path.is_file():
            return None
        tree: dict[str, Any] = load_tree(self.path)
        return tree


@law(
    "generator",
    advice="Begin fit with context.checkpoint.load(), save where nothing is pending, and save "
    "everything: weights, optimisers, step, curves and the state of every generator.",
)
def an_interrupted_fit_goes_on(subject: ComponentSubject) -> None:
    """A fit that is killed after a checkpoint goes on to the same images."""
    subject.worked()
    path = subject.folder() / "checkpoint.safetensors"

    def fit(killing: bool) -> tuple[torch.Tensor, int]:
        checkpoint = _Stored(path, killing)
        with fast_clock():  # checkpoints are often a matter of seconds
            done = generate(subject.make(), subject.form, SEED, subject.folder(), checkpoint)
        return done.value, checkpoint.loads

    try:
        fit(True)
    except _Killed:
        pass
    else:
        raise Unchecked("a fit as short as this saves no checkpoint")
    images, loads = fit(False)
    if not loads:
        raise Broken("It saves a checkpoint and never loads one.")
    _, whole = subject.worked()
    if not alike(images, whole.value):
        raise Broken("A fit that was interrupted comes to other images than one that was not.")


LAWS = (
    sees_no_held_out_image,
    one_image_for_each_label,
    state_comes_back,
    tells_its_progress,
    record_can_be_shown,
    an_interrupted_fit_goes_on,
)
