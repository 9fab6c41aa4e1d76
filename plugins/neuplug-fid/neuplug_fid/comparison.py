"""Generated against real images, and real ones against each other."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from neuplug import derive_seed
from neuplug_fid.extrapolation import RESAMPLES, Extrapolation, extrapolate
from neuplug_fid.intervals import kernel_interval
from neuplug_fid.measures import (
    Unmeasurable,
    frechet_distance,
    inception_score,
    kernel_distance,
    precision_recall,
)
from neuplug_fid.neighbours import density_coverage
from neuplug_fid.options import FIDOptions
from neuplug_fid.sample import Halving, Sample, halvings, pooled
from neuplug_fid.space import Space
from neuplug_fid.stratified import in_pairs, paired_classes, stratified_kernel_distance

ENOUGH = 2048
"""Images from which on the covariance of Inception's 2048 features can have full rank."""


@dataclass(frozen=True)
class Measure:
    """A measure of generated against real images.

    Attributes:
        names: Of the numbers that it gives.
        fewest: Images that it takes on each side.
        biased: Whether its expectation depends on the number of images.
        per_class: Whether it is wanted for each class too.
        compute: Generated and real images to the numbers.
        interval: Generated and real images and a seed to the 95 % interval of the first number.
    """

    names: tuple[str, ...]
    fewest: int
    biased: bool
    per_class: bool
    compute: Callable[[Sample, Sample], tuple[float, ...]]
    interval: Callable[[Sample, Sample, int], tuple[float, float]] | None = None

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
        return self.compute(generated, real)


def chosen_measures(options: FIDOptions, space: Space) -> list[Measure]:
    """The measures that the options ask for, on the layers and under the names of the space."""

    def seen(key: str, generated: Sample, real: Sample) -> tuple[Tensor, Tensor]:
        layer = space.layers[key]
        return generated.features[layer], real.features[layer]

    def frechet(generated: Sample, real: Sample) -> tuple[float, ...]:
        return (frechet_distance(*seen("fid", generated, real)),)

    def kernel(generated: Sample, real: Sample) -> tuple[float, ...]:
        generated, real = in_pairs(generated, real)
        if len(real.labels.unique()) > 1:
            return (stratified_kernel_distance(generated, real, space.layers["kid"]),)
        ours, theirs = seen("kid", generated, real)
        return (kernel_distance(ours, theirs, options.kid_subsets, options.kid_subset_size),)

    def near(generated: Sample, real: Sample) -> tuple[float, ...]:
        return precision_recall(*seen("prc", generated, real), options.prc_neighborhood)

    def among(generated: Sample, real: Sample) -> tuple[float, ...]:
        return density_coverage(*seen("dc", generated, real), options.dc_neighborhood)

    def kernel_bounds(generated: Sample, real: Sample, seed: int) -> tuple[float, float]:
        return kernel_interval(generated, real, space.layers["kid"], seed)

    def measure(
        key: str,
        fewest: int,
        compute: Callable[[Sample, Sample], tuple[float, ...]],
        biased: bool = True,
        per_class: bool = False,
        interval: Callable[[Sample, Sample, int], tuple[float, float]] | None = None,
    ) -> Measure:
        return Measure(space.call(key), fewest, biased, per_class, compute, interval)

    found = []
    if options.fid:
        found.append(measure("fid", 2, frechet, per_class=options.fid_per_class))
    if options.kid:
        bounds = kernel_bounds if options.intervals else None
        found.append(measure("kid", 2, kernel, False, options.kid_per_class, bounds))
    if options.prc:
        found.append(measure("prc", options.prc_neighborhood + 1, near))
    if options.dc:
        found.append(measure("dc", (options.dc_neighborhood or 1) + 1, among))
    return found


class Comparison:
    """Takes down what is measured.

    Args:
        options: What to measure.
        space: Where.
        seed: Of the halvings and of what is resampled.

    Attributes:
        metrics: Name to number. ``std`` is over the generated sets, ``low`` and ``high`` are the
            ends of a 95 % interval; ``floor`` compares disjoint halves of the real images,
            ``at n floor`` as many generated ones with one half.
        lines: Fréchet distances against 1/N, by what sets their names apart.
        warnings: Sentences, some of them more than once.
    """

    def __init__(self, options: FIDOptions, space: Space, seed: int) -> None:
        self.options, self.space, self.seed = options, space, seed
        self.measures = chosen_measures(options, space)
        self.metrics: dict[str, float] = {}
        self.lines: dict[str, Extrapolation] = {}
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
        halves = halvings(real, sets, self.options.halvings, self.seed)
        if halves:
            self.metrics["n floor"] = len(halves[0].one)
        self._part(self.measures, sets, real, where, halves)
        if self.options.kid:
            self._name_left_out(sets[0], real, classes, where, halves)
        if self.options.fid and self.options.extrapolate:
            self._extrapolate(sets, real, where, halves)
        per_class = [measure for measure in self.measures if measure.per_class]
        labels = real.labels.unique()
        fewest = min(int(s.labels.bincount()[labels].min()) for s in (sets[0], real))
        if self.options.fid and self.options.fid_per_class and fewest < ENOUGH:
            self.warnings.append(
                f"{self.space.call('fid')[0]} of single classes, from {fewest} images on, says "
                "more of their number than of the images; go by the pooled value."
            )
        for label in labels.tolist() if per_class else []:
            name = classes[label]
            of_class = [sample.of_class(label) for sample in sets]
            self.metrics[f"n {name}"] = len(of_class[0])
            theirs = real.of_class(label)
            halves = halvings(theirs, of_class, self.options.halvings, self.seed)
            self._part(per_class, of_class, theirs, f" {name}{where}", halves)

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
        halves: Sequence[Halving],
    ) -> None:
        for measure in measures:
            names = measure.names
            try:
                self._add(names, where, [measure(s, real) for s in sets])
            except Unmeasurable as error:
                self.warnings.append(f"{' and '.join(names)}{where} was not measured: {error}.")
                continue
            self._bound(measure, sets, real, where)
            if not halves:
                continue
            try:
                if measure.biased:
                    ours = [measure(h.generated, h.one) for h in halves]
                    self._mean(names, f"{where} at n floor", ours)
                self._mean(names, f"{where} floor", [measure(h.other, h.one) for h in halves])
            except Unmeasurable as error:
                self.warnings.append(f"{' and '.join(names)}{where} has no floor: {error}.")

    def _bound(self, measure: Measure, sets: Sequence[Sample], real: Sample, where: str) -> None:
        """The interval, of the images of all sets."""
        if measure.interval is None:
            return
        seed = derive_seed(self.seed, "resamples", where)
        try:
            low, high = measure.interval(pooled(sets), real, seed)
        except Unmeasurable as error:
            self.warnings.append(f"{measure.names[0]}{where} has no interval: {error}.")
            return
        self.metrics[f"{measure.names[0]}{where} low"] = low
        self.metrics[f"{measure.names[0]}{where} high"] = high

    def _name_left_out(
        self,
        generated: Sample,
        real: Sample,
        classes: Sequence[str],
        where: str,
        halves: Sequence[Halving],
    ) -> None:
        """The classes that the kernel distance cannot count. With none left, it says so itself."""
        name = f"{self.space.call('kid')[0]}{where}"
        pairs = {name: (generated, real)}
        if halves:
            pairs[f"{name} floor"] = (halves[0].other, halves[0].one)
        for what, (ours, theirs) in pairs.items():
            kept = paired_classes(ours, theirs).tolist()
            left = [classes[i] for i in real.labels.unique().tolist() if i not in kept]
            if kept and left:
                self.warnings.append(
                    f"{what} leaves out {', '.join(left)}: it takes two images of a class on each "
                    "side."
                )

    def _extrapolate(
        self, sets: Sequence[Sample], real: Sample, where: str, halves: Sequence[Halving]
    ) -> None:
        """The Fréchet distance at infinitely many generated images, from those of all sets."""
        layer, everything = self.space.layers["fid"], pooled(sets)
        name = f"{self.space.call('fid')[0]}{where} at infinity"
        seed = derive_seed(self.seed, "line", where)

        def line(generated: Sample, reference: Sample, resamples: int = 0) -> Extrapolation:
            features = generated.features[layer]
            return extrapolate(
                features, generated.labels, reference.features[layer], seed, resamples
            )

        try:
            found = line(everything, real, RESAMPLES if self.options.intervals else 0)
        except Unmeasurable as error:
            self.warnings.append(f"{name} was not measured: {error}.")
            return
        self.lines[where] = found
        self.metrics |= {"n at infinity": len(everything), name: found.intercept}
        if self.options.intervals:
            self.metrics |= {f"{name} low": found.low, f"{name} high": found.high}
        if not halves:
            return
        try:
            ours = [(line(h.generated, h.one).intercept,) for h in halves]
            self._mean([name], " at n floor", ours)
            self._mean([name], " floor", [(line(h.other, h.one).intercept,) for h in halves])
        except Unmeasurable as error:
            self.warnings.append(f"{name} has no floor: {error}.")

    def _add(self, names: Sequence[str], where: str, results: Sequence[Sequence[float]]) -> None:
        """One result for each set: their mean, and their deviation where there are several."""
        self._mean(names, where, results)
        if len(results) > 1:
            for name, values in zip(names, zip(*results, strict=True), strict=True):
                self.metrics[f"{name}{where} std"] = statistics.stdev(values)

    def _mean(self, names: Sequence[str], where: str, results: Sequence[Sequence[float]]) -> None:
        for name, values in zip(names, zip(*results, strict=True), strict=True):
            self.metrics[f"{name}{where}"] = statistics.fmean(values)
