"""Which images take part: of every class generated, real and test images."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from neuplug import EvaluationContext, ImageSet, derive_seed

# Training images of a class: one to fit on and one to choose the regularisation by
FEWEST = 2


@dataclass(frozen=True)
class Labelled:
    """Images, uint8 (N, C, H, W), with their labels, int64 (N,)."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def exceeds(self, other: Labelled) -> bool:
        """Whether there are more images, and of no class fewer."""
        width = int(torch.cat([self.labels, other.labels]).max()) + 1
        mine, theirs = (s.labels.bincount(minlength=width) for s in (self, other))
        return bool((mine >= theirs).all() and len(self) > len(other))


def common_labels(context: EvaluationContext) -> tuple[list[int], list[str]]:
    """The classes that can be judged, and a sentence for each that cannot."""
    assert context.generated is not None  # in needs
    labels, warnings = [], []
    counts = (context.generated.counts(), context.train.counts(), context.test.counts())
    for label, name in enumerate(context.train.classes):
        generated, real, test = (count[name] for count in counts)
        enough = generated >= real or name in context.generators
        if generated and enough and real >= FEWEST and test:
            labels.append(label)
        else:
            warnings.append(
                f"gantest left out {name}: it has {generated} generated, {real} training and "
                f"{test} test images, and it takes 1, {FEWEST} and 1."
            )
    return labels, warnings


def of_classes(images: ImageSet, labels: list[int]) -> Labelled:
    """The images of these classes."""
    chosen = torch.isin(images.labels, torch.tensor(labels))
    return Labelled(images.images[chosen], images.labels[chosen])


def as_many(generated: Labelled, real: Labelled, context: EvaluationContext) -> Labelled:
    """As many generated images of each class as there are real ones.

    The first of the arm's own; where it has fewer, its generators draw the rest.
    """
    parts, truth = [], []
    for label in real.labels.unique().tolist():
        wanted = int((real.labels == label).sum())
        own = generated.images[generated.labels == label][:wanted]
        parts.append(own)
        if missing := wanted - len(own):
            name = context.train.classes[label]
            parts.append(context.draw(name, missing, derive_seed(context.seed, "more", name)))
        truth += [label] * wanted
    return Labelled(torch.cat(parts), torch.tensor(truth))
