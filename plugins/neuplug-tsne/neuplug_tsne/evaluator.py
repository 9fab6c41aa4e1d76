"""The component ``tsne``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from neuplug import (
    Evaluation,
    EvaluationContext,
    Evaluator,
    Metric,
    Options,
    derive_seed,
)
from neuplug_figures.drawing import write_figure
from neuplug_tsne.figure import Panel, draw
from neuplug_tsne.points import (
    OneNearestNeighbour,
    Points,
    fitted_perplexity,
    one_nearest_neighbour,
    pixel_features,
    tsne_map,
)

# The accuracy where real and generated images cannot be told apart, as for two real sets
ALIKE = 0.5

# Real images of a class, below which a map shows nothing
FEWEST = 3


class TSNEOptions(Options):
    """Options of ``tsne``."""

    features: Literal["pixels", "embedder"] = Field(
        "pixels",
        description="what images are compared by: standardised pixels, reduced to 50 principal "
        "components, or the embeddings of the classifier trained on the real images",
    )
    many: int = Field(
        700,
        ge=0,
        le=20_000,
        description="generated images of a class on its second map; 0: no second map",
    )
    most: int = Field(
        1000, ge=FEWEST, description="real images of a class; the seed draws where it has more"
    )
    perplexity: float | None = Field(
        None,
        ge=1,
        description="how many neighbours a point attends to, at most a third of the others; "
        "by default 30",
    )


@dataclass(frozen=True)
class _Sample:
    """Real images of a class, uint8 (n, C, H, W), with generated ones."""

    name: str
    real: Tensor
    generated: Tensor

    def __len__(self) -> int:
        return len(self.real) + len(self.generated)


class TSNE(Evaluator):
    """Maps of real beside generated images, and whether a nearest neighbour tells them apart.

    After Schlagenhauf, Sun and Fleischer (2020): one map of the real images with as many generated
    ones, one with many more, class by class; then all classes on one.
    """

    options_class = TSNEOptions
    quick_options: ClassVar[dict[str, Any]] = {"many": 20}
    title = "t-SNE maps"
    guide = (
        "Each point is an image, and images that are alike lie close together. Where real and "
        "generated points mix, the generated images are like the real ones; where they keep to "
        "islands of their own, they can be told apart; real points without generated ones nearby "
        "are what the generator misses. The axes, the size of an island and its distance from "
        "others mean nothing, and a map of few images shows little. The number to go by is the "
        "1-NN accuracy: 50 % where real and generated cannot be told apart, 100 % where they can, "
        "less than 50 % where generated ones are copies: 0 % where each real image has one, "
        "about 40 % where copies are drawn at random."
    )

    @property
    def needs(self) -> frozenset[str]:
        """The generators; with ``features=embedder`` the embedder too."""
        extra = {"embedder"} if self.options.features == "embedder" else set()
        return frozenset({"generators"} | extra)

    def evaluate(self, context: EvaluationContext) -> Evaluation:
        """Draw the maps and classify by the nearest neighbour; see :class:`neuplug.Evaluator`.

        Returns:
            ``1-NN accuracy``: the mean over the classes, of it the part of the real and of the
            generated images, then class by class; each class has as many generated as real images.
            A figure for each class and one for all.
        """
        samples, warnings = self._samples(context)
        figures: list[Path] = []
        found: dict[str, OneNearestNeighbour] = {}
        for sample in samples:
            points = self._points([sample], context)
            neighbours = one_nearest_neighbour(points, derive_seed(context.seed, "ties"))
            found[sample.name] = neighbours
            figures += self._draw_class(sample, points, neighbours, context)
        if len(samples) > 1:
            figures += self._draw_all(samples, context)
        counts = {sample.name: len(sample.real) for sample in samples}
        metrics = _metrics(found, counts, self._space(context)) if found else ()
        return Evaluation(metrics, tuple(figures), tuple(warnings))

    def _samples(self, context: EvaluationContext) -> tuple[list[_Sample], list[str]]:
        """The classes that can be shown, and a sentence for each that cannot."""
        samples, warnings = [], []
        for label, name in enumerate(context.train.classes):
            real = context.train.of_class(label).images
            if name not in context.generators:
                warnings.append(f"tsne left out {name}: nothing generates it.")
            elif len(real) < FEWEST:
                warnings.append(
                    f"tsne left out {name}: {len(real)} real training images are too few, "
                    f"it needs {FEWEST}."
                )
            else:
                rng = np.random.default_rng(derive_seed(context.seed, "real", name))
                real = real[rng.permutation(len(real))[: self.options.most]]
                seed = derive_seed(context.seed, "as many", name)
                samples.append(_Sample(name, real, context.draw(name, len(real), seed)))
        return samples, warnings

    def _space(self, context: EvaluationContext) -> str:
        if self.options.features == "pixels":
            return "pixels"
        assert context.embedder is not None  # in needs
        return f"embeddings of {context.embedder.name}"

    def _points(self, samples: Sequence[_Sample], context: EvaluationContext) -> Points:
        """The images of the samples, one after the other, real before generated."""
        parts = [part for s in samples for part in (s.real, s.generated)]
        is_real = np.repeat([True, False] * len(samples), [len(part) for part in parts])
        images = torch.cat(parts)
        if self.options.features == "pixels":
            return Points(pixel_features(images, derive_seed(context.seed, "components")), is_real)
        assert context.embedder is not None  # in needs
        return Points(np.asarray(context.embedder.embed(images), dtype=np.float64), is_real)

    def _perplexity(self, points: Points) -> float:
        return fitted_perplexity(len(points), self.options.perplexity)

    def _map(self, points: Points, context: EvaluationContext) -> Points:
        seed = derive_seed(context.seed, "map")
        return replace(points, rows=tsne_map(points.rows, self._perplexity(points), seed))

    def _draw_class(
        self,
        sample: _Sample,
        points: Points,
        neighbours: OneNearestNeighbour,
        context: EvaluationContext,
    ) -> tuple[Path, ...]:
        """One map with as many generated images, one with ``many``, side by side."""
        clouds = [points]
        if self.options.many > len(sample.real):
            seed = derive_seed(context.seed, "many", sample.name)
            drawn = context.draw(sample.name, self.options.many, seed)
            clouds.append(self._points([replace(sample, generated=drawn)], context))
        panels = [
            Panel(cloud.counts, self._map(cloud, context), np.full(len(cloud), True))
            for cloud in clouds
        ]
        perplexities = " and ".join(f"{self._perplexity(cloud):.3g}" for cloud in clouds)
        asides = (
            f"t-SNE of {self._space(context)}, perplexity {perplexities}",
            f"1-NN accuracy {neighbours.accuracy:.2f} (0.5 alike, 1 apart): "
            f"real {neighbours.real:.2f}, generated {neighbours.generated:.2f}",
        )
        label = context.train.classes.index(sample.name)
        figure = draw(f"{_shorten(sample.name, 22)}: real beside generated", asides, panels)
        return write_figure(context.folder / _plain(f"{label} {sample.name}"), figure)

    def _draw_all(self, samples: Sequence[_Sample], context: EvaluationContext) -> tuple[Path, ...]:
        """One map of all classes, shown once for each, the others behind it.

        A colour for each class would leave none to tell real from generated, and end at eight.
        """
        cloud = self._points(samples, context)
        places = self._map(cloud, context)
        owner = np.repeat(np.arange(len(samples)), [len(s) for s in samples])
        panels = [
            Panel(f"{_shorten(sample.name, 18)}, {len(sample.real)} each", places, owner == i)
            for i, sample in enumerate(samples)
        ]
        asides = (
            f"t-SNE of {self._space(context)}, perplexity {self._perplexity(cloud):.3g}",
            f"one map of {cloud.counts}, in colour one class at a time",
        )
        figure = draw("All classes: real beside generated", asides, panels)
        return write_figure(context.folder / "all-classes", figure)


def _metrics(
    found: Mapping[str, OneNearestNeighbour], counts: Mapping[str, int], space: str
) -> list[Metric]:
    """The means over the classes, then each class."""
    name = f"1-NN accuracy on {space}"

    def metric(end: str, values: Sequence[float], n: int, label: str | None = None) -> Metric:
        mean = float(np.mean(values))
        return Metric(f"{name}{end}", mean, class_name=label, n=n, unit="share", reference=ALIKE)

    whole, results = sum(counts.values()), found.values()
    return [
        metric("", [r.accuracy for r in results], whole),
        metric(", real", [r.real for r in results], whole),
        metric(", generated", [r.generated for r in results], whole),
        *(metric("", [r.accuracy], counts[label], label) for label, r in found.items()),
    ]


def _plain(words: str) -> str:
    """Words as a file's name: lower-case letters, digits and ``-``."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def _shorten(name: str, length: int) -> str:
    """At most ``length`` characters, the last an ellipsis where some were cut."""
    return name if len(name) <= length else name[: length - 1] + "\N{HORIZONTAL ELLIPSIS}"
