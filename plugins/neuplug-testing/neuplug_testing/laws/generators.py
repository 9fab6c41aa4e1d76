"""What generators owe besides, those too with a latent space or with classes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuplug.errors import InputError
from neuplug.plugins.generator import FitContext, FitRecord, Generator, LatentGenerator
from neuplug.storage.store import StoredCheckpoint
from neuplug.storage.tensorfile import tree_bytes, tree_from
from neuplug_testing.law import Broken, Unchecked, law, must_work
from neuplug_testing.pictures import FLAT, flat_set, training_set
from neuplug_testing.probes import fast_clock
from neuplug_testing.subjects import ComponentSubject
from neuplug_testing.work import CPU, DRAWN, ROUNDING, alike, generate, to_draw

SEED = 1  # of the usual run

# Grey levels between classes that a fit has told apart
LEARNT = (FLAT[1] - FLAT[0]) / 2

# Grey levels by which means and deviations of 64 images of one kind differ at most
LIKE = 16.0


@law("augmenter", "mixer", "generator")
def sees_no_held_out_image(subject: ComponentSubject) -> None:
    """It looks at no validation or test image, in memory or in neuplug's files.

    Learn from the images that are handed over and from nothing else; validation and test images
    would make every result worthless.
    """
    if seen := subject.worked().seen:
        raise Broken(f"It reads the {seen[0]} of a held-out set.")
    if reads := subject.watched().reads:
        raise Broken(f"It reads {reads[0]}, where neuplug keeps whole data sets.")


@law("generator")
def one_image_for_each_label(subject: ComponentSubject) -> None:
    """Any number of labels in any order is drawn.

    Return one image for each label, however many there are.
    """
    generator: Generator = subject.worked().component
    for n in (1, 5):
        images = generator.sample(to_draw(generator, n).flip(0), SEED)
        if len(images) != n:
            raise Broken(f"{n} labels gave {len(images)} images.")


@law("generator")
def state_comes_back(subject: ComponentSubject) -> None:
    """A new object with the stored state draws the same images, bit for bit.

    Put all that sample needs into state_dict as tensors, numbers and text, and take all of it back
    in load_state_dict.
    """
    used, fresh = subject.worked().component, subject.make()
    with must_work("Its state cannot be stored"):
        stored = tree_bytes(used.state_dict())
    with must_work("A new object with its state cannot draw"):
        fresh.load_state_dict(tree_from(stored))
        images = fresh.sample(to_draw(fresh), SEED)
    if not alike(images, used.sample(to_draw(fresh), SEED)):
        raise Broken("A new object with its state draws other images.")


@law("generator")
def tells_its_progress(subject: ComponentSubject) -> None:
    """A fit calls ``context.progress``, and the last call says that it is through.

    Call context.progress(done, total) now and then, with done growing up to total.
    """
    calls = subject.worked().done.progress
    if not calls:
        raise Broken("It never calls context.progress.")
    steps = [step for step, _ in calls]
    if steps != sorted(steps) or any(not 0 <= step <= total for step, total in calls):
        raise Broken(f"Its progress is not in order: {calls}.")
    if calls[-1][0] != calls[-1][1]:
        raise Broken(f"Its last progress call is {calls[-1][0]} of {calls[-1][1]} steps.")


@law("generator")
def record_can_be_shown(subject: ComponentSubject) -> None:
    """What a fit returns is a record that the report can draw.

    Return a FitRecord with curves of finite numbers and grids of uint8 images; raise
    neuplug.TrainingDiverged where a loss is not finite.
    """
    record = subject.worked().done.record
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


class _Stored(StoredCheckpoint):
    """The core's, of which it is known how often it was asked; the process may end with it."""

    def __init__(self, path: Path, killing: bool) -> None:
        super().__init__(path)
        self.killing, self.loads = killing, 0

    def save(self, tree: Mapping[str, Any]) -> None:
        with must_work("Its checkpoint cannot be stored"):
            super().save(tree)
        if self.killing:
            raise _Killed

    def load(self) -> dict[str, Any] | None:
        self.loads += 1
        return super().load()


@law("generator")
def an_interrupted_fit_goes_on(subject: ComponentSubject) -> None:
    """A fit that is killed after a checkpoint goes on to the same images.

    Begin fit with context.checkpoint.load(), save where nothing is pending, and save everything:
    weights, optimisers, step, curves and the state of every generator.
    """
    subject.worked()
    path = subject.folder() / "checkpoint.safetensors"

    def fit(killing: bool) -> tuple[Tensor, int]:
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
    if not alike(images, subject.value()):
        raise Broken("An interrupted fit gives other images than an uninterrupted one.")


@law("generator")
def classes_start_from_its_pretraining(subject: ComponentSubject) -> None:
    """If it pretrains, a fit goes on from ``context.start``, which can be stored.

    Return in state_dict after pretrain all that fit needs to go on from there, and load it in fit.
    """
    subject.worked()
    first: Generator = subject.make()
    if not first.pretrains:
        raise Unchecked("its fits start from nothing")
    train = training_set(subject.form)

    def started(seed: int) -> Tensor:
        first.pretrain(train, FitContext(CPU, seed))
        with must_work("What it pretrains cannot be stored"):
            start = tree_from(tree_bytes(first.state_dict()))
        generator: Generator = subject.make()
        generate(generator, subject.form, SEED, subject.folder(), start=start)
        return _of_label(generator, 0)

    one = started(1)
    if not alike(one, started(1)):
        raise Broken("The same pretraining gives other images the second time.")
    if alike(one, started(2)):
        raise Broken("A fit draws the same images, whatever it starts from.")


def _fitted(subject: ComponentSubject) -> LatentGenerator:
    used = subject.worked().component
    if not isinstance(used, LatentGenerator):
        raise Unchecked("it has no latent space")
    return used


def _latents(generator: LatentGenerator, n: int = DRAWN) -> Tensor:
    rng = torch.Generator().manual_seed(1)
    return torch.randn(n, generator.latent_dim, generator=rng)


@torch.no_grad()
def _decoded(generator: LatentGenerator, n: int = DRAWN) -> Tensor:
    return generator.decode(_latents(generator, n), to_draw(generator, n))


@law("generator")
def decodes_to_grey_levels(subject: ComponentSubject) -> None:
    """``decode`` makes images in grey levels, 0-255, as ``sample`` draws them, of any latents.

    Return float32 on the latents' device, scaled to grey levels as sample does it, neither rounded
    nor in the network's own range.
    """
    generator, form = _fitted(subject), subject.form
    for n in (0, 1, DRAWN):
        images = _decoded(generator, n)
        if images.dtype != torch.float32 or images.device != CPU:
            raise Broken(f"decode returned {images.dtype} on {images.device}.")
        shape = (n, form.channels, *form.image_size)
        if tuple(images.shape) != shape:
            raise Broken(f"decode returned the shape {tuple(images.shape)} instead of {shape}.")
    decoded, drawn = _decoded(generator, 64), generator.sample(to_draw(generator, 64), 1).float()
    low, high = float(decoded.min()), float(decoded.max())
    if not -255 * ROUNDING <= low <= high <= 255 * (1 + ROUNDING):  # false for NaN too
        raise Broken(f"decode returned levels from {low:.5g} to {high:.5g}.")
    for what, ours, theirs in (
        ("a mean level", decoded.mean(), drawn.mean()),
        ("a deviation", decoded.std(), drawn.std()),
    ):
        if abs(ours - theirs) > LIKE:
            raise Broken(
                f"Images that decode makes of latents from a standard normal have {what} of "
                f"{ours:.1f}, those of sample {theirs:.1f}."
            )


@law("generator")
def decodes_each_latent_by_itself(subject: ComponentSubject) -> None:
    """The same latent gives the same image, alone or among others, before and after storage.

    Decode in eval(), so that no batch statistics and no dropout come in, with nothing random, and
    put all that decode needs into state_dict.
    """
    generator = _fitted(subject)
    images = _decoded(generator)
    if not torch.equal(images, _decoded(generator)):
        raise Broken("The same latents give other images the second time.")
    latents, labels = _latents(generator), to_draw(generator)
    with torch.no_grad():
        alone = [
            generator.decode(z, y) for z, y in zip(latents.split(1), labels.split(1), strict=True)
        ]
    if not torch.equal(latents, _latents(generator)):
        raise Broken("decode changes the latents that it is given in place.")
    if not alike(images, torch.cat(alone), ROUNDING):
        raise Broken("A latent alone gives another image than among others.")
    fresh = subject.make()
    fresh.load_state_dict(generator.state_dict())
    if not alike(images, _decoded(fresh), ROUNDING):
        raise Broken("A new object with its state gives other images.")


@law("generator")
def decodes_with_gradients(subject: ComponentSubject) -> None:
    """Gradients of what ``decode`` makes reach the latents.

    Compute in decode with torch alone, without no_grad, detach, rounding or a way through NumPy.
    """
    generator = _fitted(subject)
    latents = _latents(generator).requires_grad_()
    images = generator.decode(latents, to_draw(generator))
    if not images.requires_grad:
        raise Broken("What decode returns requires no gradient.")
    (images * torch.linspace(0, 1, images[0].numel()).view(images[0].shape)).mean().backward()
    gradient = latents.grad
    if gradient is None or not gradient.any():
        raise Broken("No gradient reaches the latents.")
    if not gradient.isfinite().all():
        raise Broken("The gradient of the latents is not finite.")


@law("generator")
def labels_decide(subject: ComponentSubject) -> None:
    """A generator of all classes draws something else for another label.

    Look at the labels in sample, or in decode where sample calls it; a generator of one class
    leaves conditional as it is.
    """
    generator = subject.worked().component
    if not generator.conditional:
        raise Unchecked("it is fitted on one class at a time")
    one, other = (_of_label(generator, label) for label in (0, 1))
    if torch.equal(one, other):
        raise Broken("Labels 0 and 1 make the same images.")


@torch.no_grad()
def _of_label(generator: Generator, label: int) -> Tensor:
    labels = torch.full((DRAWN,), label)
    if isinstance(generator, LatentGenerator):  # a short fit's differences are lost in rounding
        return generator.decode(_latents(generator), labels)
    return generator.sample(labels, 1)


@law("generator")
def each_image_shows_its_label(subject: ComponentSubject) -> None:
    """Fitted on dark and on bright images, it draws each label its own, in any order of labels.

    Return the image of each label in that label's place, without sorting, shuffling or renumbering
    the labels, in fit as in sample: every image is taken for one of its label.
    """
    subject.worked()
    generator: Generator = subject.make()
    if not generator.conditional:
        raise Unchecked("it is fitted on one class at a time")
    try:
        generate(generator, subject.form, 1, subject.folder(), train=flat_set(subject.form))
    except InputError as refusal:
        raise Unchecked(f"it says of flat images: {refusal}") from refusal
    dark, bright = (_levels(generator, torch.full((32,), label)).mean() for label in (0, 1))
    apart = float(bright - dark)
    if abs(apart) < LEARNT:
        raise Unchecked(
            "so short a fit does not tell dark from bright images: check it with options for a "
            "longer one"
        )
    if apart < 0:
        raise Broken("Fitted on dark images of label 0 and bright ones of label 1, it swaps them.")
    mixed = torch.randperm(64, generator=torch.Generator().manual_seed(1)) % 2
    levels = _levels(generator, mixed)
    if levels[mixed == 1].mean() - levels[mixed == 0].mean() < apart / 2:
        raise Broken("Where labels 0 and 1 are mixed, images are not in their labels' places.")


def _levels(generator: Generator, labels: Tensor) -> Tensor:
    """The mean grey level of each image."""
    levels = generator.sample(labels, 1).float().mean((1, 2, 3))
    if len(levels) != len(labels):
        raise Unchecked("it does not draw an image for each label; see one-image-for-each-label")
    return levels
