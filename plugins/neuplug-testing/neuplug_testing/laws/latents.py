"""What generators owe that draw from a latent space, or whatever class they are told to."""

from __future__ import annotations

import torch
from torch import Tensor

from neuplug.errors import InputError
from neuplug.plugins.generator import Generator, LatentGenerator
from neuplug_testing.law import Broken, Unchecked, law
from neuplug_testing.pictures import FLAT, flat_set
from neuplug_testing.subjects import ComponentSubject
from neuplug_testing.work import CPU, DRAWN, ROUNDING, alike, generate, to_draw

# Grey levels between classes that a fit has told apart
LEARNT = (FLAT[1] - FLAT[0]) / 2

# Grey levels by which means and deviations of 64 images of one kind differ at most
LIKE = 16.0


def _fitted(subject: ComponentSubject) -> LatentGenerator:
    run, _ = subject.worked()
    if not isinstance(run.component, LatentGenerator):
        raise Unchecked("it has no latent space")
    return run.component


def _latents(generator: LatentGenerator, n: int = DRAWN) -> Tensor:
    rng = torch.Generator().manual_seed(1)
    return torch.randn(n, generator.latent_dim, generator=rng)


@torch.no_grad()
def _decoded(generator: LatentGenerator, n: int = DRAWN) -> Tensor:
    return generator.decode(_latents(generator, n), to_draw(generator, n))


@law(
    "generator",
    advice="Return float32 on the latents' device, scaled to grey levels as sample does it, "
    "neither rounded nor in the network's own range.",
)
def decodes_to_grey_levels(subject: ComponentSubject) -> None:
    """``decode`` makes images in grey levels, 0-255, as ``sample`` draws them, of any latents."""
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


@law(
    "generator",
    advice="Decode in eval(), so that no batch statistics and no dropout come in, with nothing "
    "random, and put all that decode needs into state_dict.",
)
def decodes_each_latent_by_itself(subject: ComponentSubject) -> None:
    """The same latent gives the same image, alone or among others, before and after storage."""
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


@law(
    "generator",
    advice="Compute in decode with torch alone, without no_grad, detach, rounding or a way through "
    "NumPy.",
)
def decodes_with_gradients(subject: ComponentSubject) -> None:
    """Gradients of what ``decode`` makes reach the latents."""
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


@law(
    "generator",
    advice="Look at the labels in sample, or in decode where sample calls it; a generator of one "
    "class leaves conditional as it is.",
)
def labels_decide(subject: ComponentSubject) -> None:
    """A generator of all classes draws something else for another label."""
    run, _ = subject.worked()
    generator = run.component
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


@law(
    "generator",
    advice="Return the image of each label in that label's place, without sorting, shuffling or "
    "renumbering the labels, in fit as in sample: every image is taken for one of its label.",
)
def each_image_shows_its_label(subject: ComponentSubject) -> None:
    """Fitted on dark and on bright images, it draws each label its own, in any order of labels."""
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


LAWS = (
    decodes_to_grey_levels,
    decodes_each_latent_by_itself,
    decodes_with_gradients,
    labels_decide,
    each_image_shows_its_label,
)
