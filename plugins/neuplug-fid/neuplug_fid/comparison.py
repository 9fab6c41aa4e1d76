"""Generated against real images, and real ones against each other."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from neuplug import Metric, derive_seed
from neuplug_fid.extrapolation import RESAMPLES, Extrapolation, extrapolate
from neuplug_fid.measures import (
    Unmeasurable,
    density_coverage,
    frechet_distance,
    kernel_distance,
    precision_recall,
)
from neuplug_fid.options import FIDOptions
from neuplug_fid.sample import Halving, Sample, halvings, pooled
from neuplug_fid.space import Space
from neuplug_fid.stratified import (
    in_pairs,
    kernel_interval,
    paired_classes,
    stratified_kernel_distance,
)

# Images from which on the covariance of Inception's 2048 features can have full rank
ENOUGH = 2048


@dataclass(frozen=True)
class Measure:
    """A measure of generated against real images.

    Attributes:
        names: Of the numbers that it gives.
        fewest: Images that it takes on each side.
        compute: Generated and real images to the numbers.
        biased: Whether its expectation depends on the number of images.
        per_class: Whether it is wanted for each class too.
        interval: Generated and real images and a seed to the 95 % interval of the first number.
    """

    names: tuple[str, ...]
    fewest: int
    compute: Callable[[Sample, Sample], tuple[float, ...]]
    biased: bool = True
    per_class: bool = False
    interval: Callable[[Sample, Sample, int], tuple[float, float]] | None = None

    def __call__(self, generated: Sample, real: Sample) -> tuple[float, ...]:
        """The numbers.

        Raises:
            Unmeasurable: If there are too few images, or the features do not allow it.
        """
        if min(len(generated), len(real)) < self.fewest:
            raise Unmeasurable(
                f"it needs {self.fewest} images on each side; there are {len(generated)} and "
                f"{len(real)}"
            )
        return self.compute(generated, real)


def chosen_measures(options: FIDOptions, space: Space) -> list[Measure]:
    """The measures that the options ask for, on the layers and under the names of the space."""

    def seen(key: str, *samples: Sample) -> Iterator[Tensor]:
        return (sample.features[space.layers[key]] for sample in samples)

    def frechet(generated: Sample, real: Sample) -> tuple[float, ...]:
        return (frechet_distance(*seen("fid", generated, real)),)

    def kernel(generated: Sample, real: Sample) -> tuple[float, ...]:
        generated, real = in_pairs(generated, real)
        if len(real.labels.unique()) > 1:
            return (stratified_kernel_distance(generated, real, space.layers["kid"]),)
        ours, theirs = seen("kid", generated, real)
        return (kernel_distance(ours, theirs, options.kid_subsets, options.kid_subset_size),)

    def near(generated: Sample, real: Sample) -> tuple[float, ...]:
        ours, theirs = seen("prc", generated, real)
        return precision_recall(ours, theirs, options.prc_neighborhood)

    def among(generated: Sample, real: Sample) -> tuple[float, ...]:
        ours, theirs = seen("dc", generated, real)
        return density_coverage(ours, theirs, options.dc_neighborhood)

    def bounds(generated: Sample, real: Sample, seed: int) -> tuple[float, float]:
        return kernel_interval(generated, real, space.layers["kid"], seed)

    interval = bounds if options.intervals else None
    measures = {
        "fid": Measure(space.call("fid"), 2, frechet, per_class=options.fid_per_class),
        "kid": Measure(space.call("kid"), 2, kernel, False, options.kid_per_class, interval),
        "prc": Measure(space.call("prc"), options.prc_neighborhood + 1, near),
        "dc": Measure(space.call("dc"), (options.dc_neighborhood or 1) + 1, among),
    }
    return [measure for key, measure in measures.items() if getattr(options, key)]


# A measure to its words, its unit, and whether higher is better
LABELS: dict[str, tuple[str, str, bool | None]] = {
    "fid": ("Fréchet inception distance", "", False),
    "frechet": ("Fréchet distance", "", False),
    "kid": ("kernel inception distance", "", False),
    "kernel": ("kernel distance", "", False),
    "precision": ("precision", "share", True),
    "recall": ("recall", "share", True),
    "density": ("density", "", None),
    "coverage": ("coverage", "share", True),
}

# What a name ends in where as many generated images take part as a half of the real ones has
AT_FLOOR = " at n floor"


class Comparison:
    """Takes down what is measured.

    Args:
        options: What to measure.
        space: Where.
        seed: Of the halvings and of what is resampled.

    Attributes:
        metrics: The numbers. A deviation is over the generated sets; a reference compares disjoint
            halves of the real images, and stands beside the value of as many generated ones.
        lines: Fréchet distances against 1/N, by what sets their names apart.
        warnings: Sentences, some of them more than once.
    """

    def __init__(self, options: FIDOptions, space: Space, seed: int) -> None:
        self.options, self.space, self.seed = options, space, seed
        self.measures = chosen_measures(options, space)
        self.metrics: list[Metric] = []
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
        halves = halvings(real, sets, self.options.halvings, self.seed)
        if not self.metrics:  # the augmented images are as many
            counts = [("n real", len(real), "real images")]
            if halves:
                counts.append(("n floor", len(halves[0].one), "images in a half of the real ones"))
            self.metrics += [
                Metric(name, n, unit="images", label=label) for name, n, label in counts
            ]
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
            of_class = [sample.of_class(label) for sample in sets]
            theirs = real.of_class(label)
            halves = halvings(theirs, of_class, self.options.halvings, self.seed)
            self._part(per_class, of_class, theirs, where, halves, classes[label])

    def _part(
        self,
        measures: Sequence[Measure],
        sets: Sequence[Sample],
        real: Sample,
        where: str,
        halves: Sequence[Halving],
        class_name: str | None = None,
    ) -> None:
        called = where if class_name is None else f" {class_name}{where}"
        for measure in measures:
            who = f"{' and '.join(measure.names)}{called}"
            try:
                found = [measure(s, real) for s in sets]
            except Unmeasurable as error:
                self.warnings.append(f"{who} was not measured: {error}.")
                continue
            ends = self._interval(measure, sets, real, called)
            ours: list[tuple[float, ...]] = []
            floors: list[tuple[float, ...]] = []
            try:
                if measure.biased:
                    ours = [measure(h.generated, h.one) for h in halves]
                floors = [measure(h.other, h.one) for h in halves]
            except Unmeasurable as error:
                self.warnings.append(f"{who} has no floor: {error}.")
            for i, name in enumerate(measure.names):
                floor = statistics.fmean(f[i] for f in floors) if floors else None
                beside = {"reference": None if measure.biased else floor}
                beside |= {} if i else ends
                self._put(name, where, class_name, [f[i] for f in found], len(sets[0]), **beside)
                if ours:
                    mean, n = statistics.fmean(f[i] for f in ours), len(halves[0].one)
                    self._put(name, f"{where}{AT_FLOOR}", class_name, [mean], n, reference=floor)

    def _interval(
        self, measure: Measure, sets: Sequence[Sample], real: Sample, called: str
    ) -> dict[str, float]:
        """The ends of the first number's interval, of the images of all sets, if it has one."""
        if measure.interval is None:
            return {}
        seed = derive_seed(self.seed, "resamples", called)
        try:
            return dict(
                zip(("low", "high"), measure.interval(pooled(sets), real, seed), strict=True)
            )
        except Unmeasurable as error:
            self.warnings.append(f"{measure.names[0]}{called} has no interval: {error}.")
            return {}

    def _name_left_out(
        self,
        generated: Sample,
        real: Sample,
        classes: Sequence[str],
        where: str,
        halves: Sequence[Halving],
    ) -> None:
        """The classes that the kernel distance cannot count. With none left, it says so itself."""
        pairs = [("", generated, real), *((" floor", h.other, h.one) for h in halves[:1])]
        for what, *sides in pairs:
            kept = paired_classes(*sides).tolist()
            left = [classes[i] for i in real.labels.unique().tolist() if i not in kept]
            if kept and left:
                self.warnings.append(
                    f"{self.space.call('kid')[0]}{where}{what} leaves out {', '.join(left)}: it "
                    "takes two images of a class on each side."
                )

    def _extrapolate(
        self, sets: Sequence[Sample], real: Sample, where: str, halves: Sequence[Halving]
    ) -> None:
        """The Fréchet distance at infinitely many generated images, from those of all sets."""
        layer, everything = self.space.layers["fid"], pooled(sets)
        name, at = self.space.call("fid")[0], f"{where} at infinity"
        seed = derive_seed(self.seed, "line", where)

        def line(generated: Sample, reference: Sample, resamples: int = 0) -> Extrapolation:
            features = generated.features[layer]
            return extrapolate(
                features, generated.labels, reference.features[layer], seed, resamples
            )

        try:
            found = line(everything, real, RESAMPLES if self.options.intervals else 0)
        except Unmeasurable as error:
            self.warnings.append(f"{name}{at} was not measured: {error}.")
            return
        self.lines[where] = found
        ends = {"low": found.low, "high": found.high} if self.options.intervals else {}
        self._put(name, at, None, [found.intercept], len(everything), **ends)
        if not halves:
            return
        try:
            ours = statistics.fmean(line(h.generated, h.one).intercept for h in halves)
            floor = statistics.fmean(line(h.other, h.one).intercept for h in halves)
        except Unmeasurable as error:
            self.warnings.append(f"{name}{at} has no floor: {error}.")
            return
        self._put(name, f"{at}{AT_FLOOR}", None, [ours], len(halves[0].one), reference=floor)

    def _put(
        self,
        name: str,
        where: str,
        class_name: str | None,
        values: Sequence[float],
        n: int,
        **beside: float | None,
    ) -> None:
        """The mean over the sets, their deviation where there are several, and what is beside it.

        Args:
            name: Of the measure's number.
            where: What sets it apart, such as `` vs augmented``.
            class_name: Of the class, if of one.
            values: Set by set.
            n: Generated images in a set.
            beside: ``low``, ``high``, ``reference``.
        """
        kind, _, tag = name.partition("[")
        words, unit, better = LABELS[kind]
        features = f" ({tag[:-1]})" if tag else ""
        self.metrics.append(
            Metric(
                f"{name}{where}",
                statistics.fmean(values),
                class_name=class_name,
                std=statistics.stdev(values) if len(values) > 1 else None,
                n=n,
                unit=unit,
                label=f"{words}{features}{where}",
                higher_is_better=better,
                **beside,
            )
        )
