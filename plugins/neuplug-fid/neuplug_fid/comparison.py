"""Generated against real images, and real ones against each other."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from neuplug_fid.measures import (
    Unmeasurable,
    frechet_distance,
    inception_score,
    kernel_distance,
    precision_recall,
)
from neuplug_fid.options import FIDOptions
from neuplug_fid.sample import Sample, halvings
from neuplug_fid.space import Space

ENOUGH = 2048
"""Images from which on the covariance of Inception's 2048 features can have full rank."""


@dataclass(frozen=True)
class Measure:
    """A measure of generated against real images.

    Attributes:
        names: Of the numbers that it gives.
        layer: The features it is measured on.
        fewest: Images that it takes on each side.
        biased: Whether its expectation depends on the number of images.
        per_class: Whether it is wanted for each class too.
        compute: Features of the generated and of the real images to the numbers.
    """

    names: tuple[str, ...]
    layer: str
    fewest: int
    biased: bool
    per_class: bool
    compute: Callable[[Tensor, Tensor], tuple[float, ...]]

    def __call__(self, generated: Sample, real: Sample) -> tuple[float, ...]:
        """The numbers.

        Raises:
            Unmeasurable: If there are too few images, or the features do not allow it.
        """
        if min(len(generated), len(real)) < self.fewest:
            raise Unmeasurable(
                f"it takes {self.fewest} images on each side, and there are {len(generated)} and "
                f"{len(real)}"
            )
        return self.compute(generated.features[self.layer], real.features[self.layer])


def chosen_measures(options: FIDOptions, space: Space) -> list[Measure]:
    """The measures that the options ask for, on the layers and under the names of the space."""

    def frechet(generated: Tensor, real: Tensor) -> tuple[float, ...]:
        return (frechet_distance(generated, real),)

    def kernel(generated: Tensor, real: Tensor) -> tuple[float, ...]:
        return (kernel_distance(generated, real, options.kid_subsets, options.kid_subset_size),)

    def near(generated: Tensor, real: Tensor) -> tuple[float, ...]:
        return precision_recall(generated, real, options.prc_neighborhood)

    found = []
    if options.fid:
        found.append(_measure("fid", space, 2, True, options.fid_per_class, frechet))
    if options.kid:
        found.append(_measure("kid", space, 2, False, options.kid_per_class, kernel))
    if options.prc:
        fewest = options.prc_neighborhood + 1
        found.append(_measure("prc", space, fewest, True, False, near))
    return found


def _measure(
    key: str,
    space: Space,
    fewest: int,
    biased: bool,
    per_class: bool,
    compute: Callable[[Tensor, Tensor], tuple[float, ...]],
) -> Measure:
    return Measure(space.call(key), space.layers[key], fewest, biased, per_class, compute)


class Comparison:
    """Takes down what is measured.

    Args:
        options: What to measure.
        space: Where.
        seed: Of the halvings.

    Attributes:
        metrics: Name to number. ``std`` is over the generated sets; ``floor`` compares disjoint
            halves of the real images, ``at n floor`` as many generated ones with one half.
        warnings: Sentences, some of them more than once.
    """

    def __init__(self, options: FIDOptions, space: Space, seed: int) -> None:
        self.options, self.space, self.seed = options, space, seed
        self.measures = chosen_measures(options, space)
        self.metrics: dict[str, float] = {}
        self.warnings: list[str] = []

    def compare(
        self, sets: Sequence[Sample], real: Sample, classes: Sequence[str], where: str = ""
    ) -> None:
        """Measure the sets against real images, pooled and class by class.

        Args:
            sets: Generated images of the same classes as the real ones, set by set.
            real: Real images, or augmented ones.
            classes: Class names in label order.
            where: What sets these numbers' names apart, such as `` vs augmented``.
        """
        if self.options.fid and min(len(sets[0]), len(real)) < ENOUGH:
            self.warnings.append(
                f"{self.space.call('fid')[0]}: {len(sets[0])} generated and {len(real)} real "
                f"images are fewer than {ENOUGH}, so it comes out too high; compare it with its "
                "floor, and with values from as many images alone."
            )
        self.metrics |= {"n": len(sets[0]), "n real": len(real)}
        self._part(self.measures, sets, real, where, "n floor")
        per_class = [measure for measure in self.measures if measure.per_class]
        for label in real.labels.unique().tolist() if per_class else []:
            name = classes[label]
            of_class = [sample.of_class(label) for sample in sets]
            self.metrics[f"n {name}"] = len(of_class[0])
            self._part(per_class, of_class, real.of_class(label), f" {name}{where}")

    def score(self, sets: Sequence[Sample], real: Sample) -> None:
        """Inception score of the generated and of the real images."""
        (name,), layer = self.space.call("isc"), self.space.layers["isc"]
        splits = self.options.isc_splits
        try:
            ours = [(inception_score(s.features[layer], splits),) for s in sets]
            theirs = [(inception_score(real.features[layer], splits),)]
        except Unmeasurable as error:
            self.warnings.append(f"{name} was not measured: {error}.")
            return
        self._add((name,), "", ours)
        self._add((name,), " real", theirs)

    def _part(
        self,
        measures: Sequence[Measure],
        sets: Sequence[Sample],
        real: Sample,
        where: str,
        counted: str | None = None,
    ) -> None:
        halves = halvings(real, sets, self.options.halvings, self.seed)
        if halves and counted:
            self.metrics[counted] = len(halves[0].one)
        for measure in measures:
            names = measure.names
            try:
                self._add(names, where, [measure(s, real) for s in sets])
            except Unmeasurable as error:
                self.warnings.append(f"{' and '.join(names)}{where} was not measured: {error}.")
                continue
            if not halves:
                continue
            try:
                if measure.biased:
                    ours = [measure(h.generated, h.one) for h in halves]
                    self._mean(names, f"{where} at n floor", ours)
                self._mean(names, f"{where} floor", [measure(h.other, h.one) for h in halves])
            except Unmeasurable as error:
                self.warnings.append(f"{' and '.join(names)}{where} has no floor: {error}.")

    def _add(self, names: Sequence[str], where: str, results: Sequence[Sequence[float]]) -> None:
        """One result for each set: their mean, and their deviation where there are several."""
        self._mean(names, where, results)
        if len(results) > 1:
            for name, values in zip(names, zip(*results, strict=True), strict=True):
                self.metrics[f"{name}{where} std"] = statistics.stdev(values)

    def _mean(self, names: Sequence[str], where: str, results: Sequence[Sequence[float]]) -> None:
        for name, values in zip(names, zip(*results, strict=True), strict=True):
            self.metrics[f"{name}{where}"] = statistics.fmean(values)
