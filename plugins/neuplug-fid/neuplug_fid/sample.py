"""Which images are compared, and how: as features, in random halves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from neuplug import EvaluationContext, ImageSet, NeuplugError, derive_seed

# Part of the images that would have to change class before the shares count as unlike
UNLIKE = 0.1


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


def common_labels(real: ImageSet, context: EvaluationContext, drawn_anew: bool) -> list[int]:
    """The classes that have real and generated images.

    Args:
        real: The images to compare with.
        context: Where the generated ones are.
        drawn_anew: Whether their generators are needed too.

    Raises:
        NeuplugError: If there is none.
    """
    assert context.generated is not None  # in needs
    made, there = context.generated.counts(), real.counts()
    labels = [
        label
        for label, name in enumerate(real.classes)
        if there[name] and made.get(name) and (name in context.generators or not drawn_anew)
    ]
    if not labels:
        raise NeuplugError("fid: no class has both real and generated images to compare.")
    return labels


def of_classes(images: ImageSet, labels: Sequence[int]) -> Tensor:
    """Which images are of these classes, bool (N,)."""
    return torch.isin(images.labels, torch.tensor(labels))


def generated_sets(
    real: ImageSet, labels: Sequence[int], context: EvaluationContext, count: int
) -> list[ImageSet]:
    """The generated images as they are, or several sets drawn anew.

    Args:
        real: Decides how many images of each class a set that is drawn anew has.
        labels: The classes to compare.
        context: Where the images or generators are.
        count: Sets; with one, the images as they are.
    """
    if count == 1:
        assert context.generated is not None  # in needs
        mask = of_classes(context.generated, labels)
        return [context.generated.subset(mask.nonzero().flatten())]
    return [_draw(real, labels, context, number) for number in range(count)]


def _draw(
    real: ImageSet, labels: Sequence[int], context: EvaluationContext, number: int
) -> ImageSet:
    """A set with as many images of each class as there are real ones."""
    wanted = real.counts()
    parts, truth = [], []
    for label in labels:
        name = real.classes[label]
        seed = derive_seed(context.seed, "set", number, name)
        parts.append(context.draw(name, wanted[name], seed))
        truth += [label] * wanted[name]
    ids = tuple(f"set-{number}/{i}" for i in range(len(truth)))
    return ImageSet(torch.cat(parts), torch.tensor(truth), real.classes, ids)


def warnings_on(real: ImageSet, generated: ImageSet, labels: Sequence[int]) -> list[str]:
    """Sentences on classes that are not compared, or that have another weight in one of the sets.

    Args:
        real: All images that could be compared with.
        generated: Of the compared classes.
        labels: The compared classes.
    """
    found = [
        f"fid left out {name}: it has no {'generated' if count else 'real'} images to compare."
        for label, (name, count) in enumerate(real.counts().items())
        if label not in labels
    ]
    width = len(real.classes)
    theirs, ours = (
        torch.bincount(t, minlength=width) / len(t)
        for t in (real.labels[of_classes(real, labels)], generated.labels)
    )
    if (ours - theirs).abs().sum() / 2 > UNLIKE:
        found.append(
            "fid: the classes have other shares of the generated than of the real images, which "
            "the pooled values count as a difference; with fid.sets=2 or more, they have the same."
        )
    return found
