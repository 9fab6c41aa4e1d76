"""The component ``memorization``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from pydantic import Field
from torch import Tensor

from neuplug import (
    Evaluation,
    EvaluationContext,
    Evaluator,
    Metric,
    NeuplugError,
    Options,
    copy_scores,
    derive_seed,
    nearest,
)
from neuplug_figures.drawing import ImageRow, write_image_rows
from neuplug_memorization.copying import QUANTILE, Closeness, Copying, copying

PIXELS, FEATURES = "pixels", "features"
NEARER = "generated images nearer to training than to unseen ones"
FEWEST = 2  # unseen images of a class, below which there is nothing to compare with
# The reader is warned of more copies than so small a part of draws of real images would have
ALARM = 0.001

# What is compared, from uint8 images (N, C, H, W), and how
Space = tuple[Callable[[Tensor], Tensor], Closeness]


class MemorizationOptions(Options):
    """Options of ``memorization``."""

    features: bool = Field(
        True,
        description="compare by the features of the classifier trained on the real images too, "
        "not by pixels alone",
    )
    pairs: int = Field(
        6, ge=1, le=12, description="closest pairs of generated and training image in the figure"
    )


class Memorization(Evaluator):
    """Whether generated images are copies of training images, class by class."""

    options_class = MemorizationOptions
    title = "Closest pairs"
    guide = (
        "Above, generated images; below each the training image that it is most like by pixels, "
        "the closest pairs of a class from left to right. Two images of a pair that show the same "
        "thing are a copy. Where even these pairs differ, the generator draws images of its own. "
        "By pixels the fine detail is compared, and an image is a copy where it is far more like "
        "one training image than like the others, so blurred or flat images are none. Mirrored "
        "and turned copies are not found either. "
        "Of real images that nobody has trained on about 1 % count as copies, and copying is 50 %."
    )

    @property
    def needs(self) -> frozenset[str]:
        """The generated images, and the embedder unless ``features=false``."""
        return frozenset({"generated"} | ({"embedder"} if self.options.features else set()))

    def evaluate(self, context: EvaluationContext) -> Evaluation:
        """Compare nearness to training and to test images; see :class:`neuplug.Evaluator`.

        Returns:
            For each space, ``pixels`` and ``features``, the means over the classes and the values
            of each class: ``copies, pixels`` (share), ``nearer to training, pixels`` (share),
            ``copying, pixels`` (probability), and so on, with what real images have beside them. A
            figure of the closest pairs for each class.

        Raises:
            NeuplugError: If nothing was generated.
        """
        generated = context.generated
        assert generated is not None
        if not len(generated):
            raise NeuplugError("memorization has nothing to judge: no image was generated.")
        figures: list[Path] = []
        warnings: list[str] = []
        found: dict[str, dict[str, Copying]] = {}
        for label, name in enumerate(context.train.classes):
            made, real, unseen = (
                part.of_class(label).images for part in (generated, context.train, context.test)
            )
            if not len(made):
                continue
            if not len(real) or len(unseen) < FEWEST:
                warnings.append(
                    f"memorization left out {name}: it needs training images and {FEWEST} test "
                    f"images, and there are {len(real)} and {len(unseen)}."
                )
                continue
            for space, (features, measure) in self._spaces(context).items():
                ours, seen, others = map(features, (made, real, unseen))
                seed = derive_seed(context.seed, space, name)
                found.setdefault(space, {})[name] = copying(ours, seen, others, measure, seed)
            warnings += _alarm(name, {space: found[space][name] for space in found})
            file = context.folder / f"{label}-{_plain(name)}-closest-pairs.png"
            self._draw(file, name, made, real, found[PIXELS][name])
            figures.append(file)
        metrics = [metric for space, of in found.items() for metric in _metrics(space, of)]
        return Evaluation(metrics, tuple(figures), tuple(warnings))

    def _spaces(self, context: EvaluationContext) -> dict[str, Space]:
        spaces: dict[str, Space] = {PIXELS: (lambda images: images, copy_scores)}
        if self.options.features:
            assert context.embedder is not None
            spaces[FEATURES] = (context.embedder.embed, _by_distance)
        return spaces

    def _draw(self, file: Path, name: str, made: Tensor, real: Tensor, found: Copying) -> None:
        closest = found.closeness.argsort(descending=True, stable=True)[: self.options.pairs]
        high, low = found.closeness[closest[0]], found.closeness[closest[-1]]
        rows = [
            ImageRow(made[closest], "generated"),
            ImageRow(
                real[found.parents[closest]],
                "the training image that each is most like",
                f"score {_number(high)}",
                _number(low),
            ),
        ]
        aside = f"the closest of {len(made)} generated; a copy: above {_number(found.bound)}"
        write_image_rows(file, f"{_shorten(name)}: closest pairs", aside, rows)


def _by_distance(images: Tensor, references: Tensor) -> tuple[Tensor, Tensor]:
    distances, indices = nearest(images, references)
    return -distances, indices


def _number(score: Tensor | float) -> str:
    return "\N{INFINITY}" if score == math.inf else f"{score:.1f}"


def _metrics(space: str, classes: dict[str, Copying]) -> list[Metric]:
    """The means over the classes, then each class."""
    each: dict[str, dict[str, Metric]] = {}
    for name, found in classes.items():
        for key, label, value, reference in (
            ("copies", "copies of training images", found.copies, QUANTILE),
            ("nearer to training", NEARER, found.nearer, found.nearer_real),
            ("copying", "probability of copying", found.copying, 0.5),
        ):
            each.setdefault(key, {})[name] = Metric(
                f"{key}, {space}",
                value,
                class_name=name,
                n=len(found.closeness),
                unit="share",
                label=f"{label}, {space}",
                higher_is_better=False if key == "copies" else None,
                reference=reference,
            )
    means = []
    for metrics in (list(of.values()) for of in each.values()):
        value = _mean([m.value for m in metrics])
        reference = _mean([m.reference or 0.0 for m in metrics])
        n = sum(m.n or 0 for m in metrics)
        means.append(replace(metrics[0], value=value, class_name=None, n=n, reference=reference))
    return means + [metric for of in each.values() for metric in of.values()]


def _mean(values: list[float]) -> float:
    return float(torch.tensor(values).mean())


def _alarm(name: str, found: dict[str, Copying]) -> list[str]:
    worst = max(found, key=lambda space: found[space].copies)
    share = found[worst].copies
    if found[worst].p >= ALARM:
        return []
    return [
        f"{100 * share:.0f} % of the generated images of {name} are copies of training images by "
        f"their {worst}, where {100 * QUANTILE:.0f} % is what unseen real images give: "
        "filter=copies drops those that are copies by their pixels."
    ]


def _shorten(name: str) -> str:
    """At most 26 characters, the last an ellipsis where some were cut."""
    return name if len(name) <= 26 else name[:25] + "\N{HORIZONTAL ELLIPSIS}"


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "class"
