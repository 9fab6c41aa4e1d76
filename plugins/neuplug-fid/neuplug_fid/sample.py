"""A set of images as features, and its random halves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from neuplug import derive_seed


@dataclass(frozen=True)
class Sample:
    """Images as points.

    Attributes:
        features: Layer to float32 (N, F).
        labels: int64 (N,).
    """

    features: Mapping[str, Tensor]
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def pick(self, index: Tensor) -> Sample:
        """The images at ``index``, an int64 or bool tensor."""
        return Sample({k: v[index] for k, v in self.features.items()}, self.labels[index])

    def of_class(self, label: int) -> Sample:
        """The images of one class."""
        return self.pick(self.labels == label)

    def standardised(self, reference: Sample) -> Sample:
        """Shifted and scaled so that ``reference`` has mean 0 and mean variance 1.

        One factor for all features: the distances keep their meaning, in units of how much the
        reference's images differ.
        """
        out = {}
        for layer, values in self.features.items():
            theirs = reference.features[layer]
            variance = theirs.var(0, correction=0).mean()
            scale = variance.rsqrt() if variance > 0 else 1.0
            out[layer] = (values - theirs.mean(0)) * scale
        return Sample(out, self.labels)


def pooled(samples: Sequence[Sample]) -> Sample:
    """The images of several sets as one."""
    layers = samples[0].features
    return Sample(
        {layer: torch.cat([s.features[layer] for s in samples]) for layer in layers},
        torch.cat([s.labels for s in samples]),
    )


@dataclass(frozen=True)
class Halving:
    """Three sets with the same number of images of each class.

    Attributes:
        one: A random half of the real images.
        other: The other half.
        generated: As many generated images.
    """

    one: Sample
    other: Sample
    generated: Sample


def halve(real: Sample, generated: Sample, seed: int) -> Halving:
    """Halve the real images at random, class by class, and draw as many generated ones.

    Of a class with few generated images, as many real ones are left out of both halves.
    """
    rng = torch.Generator().manual_seed(seed)
    one, other, drawn = [], [], []
    for label in real.labels.unique().tolist():
        mine, theirs = (_shuffled(s, label, rng) for s in (real, generated))
        count = min(len(mine) // 2, len(theirs))
        one.append(mine[:count])
        other.append(mine[count : 2 * count])
        drawn.append(theirs[:count])
    return Halving(
        real.pick(torch.cat(one)), real.pick(torch.cat(other)), generated.pick(torch.cat(drawn))
    )


def halvings(real: Sample, generated: Sequence[Sample], count: int, seed: int) -> list[Halving]:
    """``count`` halvings, the generated images from one set after the other."""
    return [
        halve(real, generated[i % len(generated)], derive_seed(seed, "halving", i))
        for i in range(count)
    ]


def _shuffled(sample: Sample, label: int, rng: torch.Generator) -> Tensor:
    members = (sample.labels == label).nonzero().flatten()
    return members[torch.randperm(len(members), generator=rng)]
