"""The component ``interpolation``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from neuplug import (
    Evaluation,
    EvaluationContext,
    Evaluator,
    ImageSet,
    LatentGenerator,
    Metric,
    Options,
    derive_seed,
)
from neuplug_figures.drawing import ImageRow, write_image_rows
from neuplug_interpolation.latents import CANDIDATES, Found, find_latents, slerp

TRAIN, TEST = "reconstruction RMSE, training images", "reconstruction RMSE, test images"
STEP = "largest to mean step"


class InterpolationOptions(Options):
    """Options of ``interpolation``."""

    steps: int = Field(8, ge=3, le=16, description="images in a row")
    rows: int = Field(3, ge=1, le=20, description="walks between random latents for each class")
    images: int = Field(
        4,
        ge=2,
        le=1000,
        description="training images of each class, and as many test images, whose latents are "
        "searched for; the first two are the ends of the figure",
    )
    optimisation_steps: int = Field(300, ge=1, description="steps of Adam in a search")
    restarts: int = Field(
        2, ge=1, le=CANDIDATES, description="searches for each image; the best one counts"
    )


@dataclass
class _Findings:
    """What was found class by class: metric to class to one number for each image or walk."""

    numbers: dict[str, dict[str, Tensor]] = field(
        default_factory=lambda: {TRAIN: {}, TEST: {}, STEP: {}}
    )
    figures: list[Path] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def metrics(self) -> list[Metric]:
        """Means over everything, then over each class."""
        found = {metric: classes for metric, classes in self.numbers.items() if classes}
        whole = [_metric(name, torch.cat(list(of.values()))) for name, of in found.items()]
        each = [
            _metric(name, values, label)
            for name, of in found.items()
            for label, values in of.items()
        ]
        return whole + each


def _metric(name: str, values: Tensor, label: str | None = None) -> Metric:
    return Metric(
        name,
        float(values.mean()),
        class_name=label,
        n=len(values),
        unit="" if name == STEP else "grey levels",
        higher_is_better=False,
    )


@dataclass(frozen=True)
class _Class:
    """A class with the network that draws it."""

    name: str
    label: int
    generator: LatentGenerator
    known_as: int
    device: torch.device
    seed: int

    def decode(self, latents: Tensor) -> Tensor:
        return self.generator.decode(latents, torch.full((len(latents),), self.known_as))

    def rng(self, role: str) -> torch.Generator:
        return torch.Generator().manual_seed(derive_seed(self.seed, role, self.name))

    def latents(self, n: int, role: str) -> Tensor:
        shape = (n, self.generator.latent_dim)
        return torch.randn(shape, generator=self.rng(role)).to(self.device)

    def some(self, images: ImageSet, n: int, role: str) -> Tensor:
        """Up to ``n`` images of the class, drawn by the seed."""
        own = images.of_class(self.label).images
        return own[torch.randperm(len(own), generator=self.rng(role))[:n]]

    def draw(self, folder: Path, kind: str, title: str, aside: str, rows: list[ImageRow]) -> Path:
        """A figure of the class, as a file."""
        plain = re.sub(r"[^a-z0-9]+", "-", f"{self.label} {self.name}".lower()).strip("-")
        short = self.name if len(self.name) <= 18 else self.name[:17] + "\N{HORIZONTAL ELLIPSIS}"
        file = folder / f"{plain}-{kind}.png"
        write_image_rows(file, f"{short}: {title}", aside, rows)
        return file


class Interpolation(Evaluator):
    """Walks through a generator's latent space, between random points and between real images.

    Where the images on the way look real, the generator has learned more than its examples; where
    one fades into the other or a single step changes everything, it has learned them by heart.
    After Schlagenhauf, Sun and Fleischer (2020).
    """

    options_class = InterpolationOptions
    quick_options: ClassVar[dict[str, Any]] = {
        "optimisation_steps": 5,
        "restarts": 1,
        "images": 2,
        "rows": 1,
    }
    title = "Walks through the latent space"
    guide = (
        "Each row leads from one image to another through the generator's latent space. Where the "
        "images on the way look real, the generator has learned more than its examples. Where one "
        "merely fades into the other as in the row of cross-fading, or a single step changes "
        "everything, it has learned them by heart. An error on test images much larger than that "
        "on training images hints at the same."
    )

    @property
    def needs(self) -> frozenset[str]:
        """The generators."""
        return frozenset({"generators"})

    def evaluate(self, context: EvaluationContext) -> Evaluation:
        """Walk and search; see :class:`neuplug.Evaluator`.

        Returns:
            ``reconstruction RMSE`` in grey levels of training and of test images, ``largest to
            mean step`` of the random walks (1: even), each the mean over all, then class by class.
            Two figures for each class.
        """
        found = _Findings()
        for one in self._classes(context, found):
            self._walk(one, context.folder, found)
            self._between(one, context, found)
        return Evaluation(found.metrics(), tuple(found.figures), tuple(found.warnings))

    def _classes(self, context: EvaluationContext, found: _Findings) -> list[_Class]:
        """The classes that are drawn from latents; a sentence for the others."""
        classes: list[_Class] = []
        others: dict[str, list[str]] = {}
        for label, name in enumerate(context.train.classes):
            if name not in context.generators:
                found.warnings.append(f"interpolation left out {name}: nothing generates it.")
                continue
            source = context.generators[name][0]  # one network: latents of another mean nothing
            generator = source.generator
            if isinstance(generator, LatentGenerator):
                classes.append(
                    _Class(name, label, generator, source.label, context.device, context.seed)
                )
            else:
                others.setdefault(type(generator).__name__, []).append(name)
        found.warnings += [
            f"interpolation left out {', '.join(names)}: {kind} draws from no latent space."
            for kind, names in others.items()
        ]
        return classes

    def _walk(self, one: _Class, folder: Path, found: _Findings) -> None:
        """Between random latents: rows of images, and how even their steps are."""
        options = self.options
        starts, ends = one.latents(2 * options.rows, "walk").split(options.rows)
        walks = []
        for start, end in zip(starts, ends, strict=True):
            with torch.no_grad():
                walks.append(one.decode(slerp(start, end, options.steps)).cpu())
        ratios = [ratio for walk in walks if (ratio := _largest_to_mean_step(walk)) is not None]
        if ratios:
            found.numbers[STEP][one.name] = torch.tensor(ratios)
        if len(ratios) < len(walks):
            found.warnings.append(
                f"interpolation: nothing changes on {len(walks) - len(ratios)} of {len(walks)} "
                f"walks through the latents of {one.name}; its generator has collapsed."
            )
        aside = f"{len(walks)} walks, each from one random latent to another"
        rows = [ImageRow(walk) for walk in walks]
        found.figures.append(one.draw(folder, "walk", "random latent walks", aside, rows))

    def _between(self, one: _Class, context: EvaluationContext, found: _Findings) -> None:
        """The latents of real images, and the way between the first two."""
        real = one.some(context.train, self.options.images, "training images")
        unseen = one.some(context.test, self.options.images, "test images")
        if len(real) < 2:
            found.warnings.append(
                f"interpolation drew no path between real images of {one.name}: "
                f"it has {'one' if len(real) else 'no'} training image."
            )
        if not len(real):
            return
        best = find_latents(
            one.decode,
            torch.cat([real, unseen]),  # one search: both are treated alike
            one.latents(CANDIDATES, "candidates"),
            self.options.optimisation_steps,
            self.options.restarts,
        )
        errors = best.errors.split([len(real), len(unseen)])
        found.numbers[TRAIN][one.name] = errors[0]
        if len(unseen):
            found.numbers[TEST][one.name] = errors[1]
        if len(real) >= 2:
            rows = self._paths(one, real, best)
            title, aside = "between two real images", "two training images, drawn by the seed"
            found.figures.append(one.draw(context.folder, "between", title, aside, rows))

    def _paths(self, one: _Class, real: Tensor, best: Found) -> list[ImageRow]:
        """From the first real image to the second: through their latents, and by cross-fading."""
        with torch.no_grad():
            path = one.decode(slerp(best.latents[0], best.latents[1], self.options.steps)).cpu()
        share = torch.linspace(0, 1, self.options.steps)[:, None, None, None]
        faded = (1 - share) * real[0] + share * real[1]
        left, right = (f"{float(error):.1f}" for error in best.errors[:2])
        ends = left, f"{right} grey levels"
        return [
            ImageRow(path, "through the latents found for them, RMSE below", *ends),
            ImageRow(faded, "cross-fading, the real images at the ends"),
        ]


def _largest_to_mean_step(walk: Tensor) -> float | None:
    """1 for an even walk; ``None`` where nothing changes by a hundredth of a grey level."""
    steps = walk.diff(dim=0).square().mean((1, 2, 3)).sqrt()
    return float(steps.max() / steps.mean()) if steps.mean() > 0.01 else None
