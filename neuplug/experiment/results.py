"""The typed outcome of a run, and what follows from its parts. Light."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AwareDatetime, Field, JsonValue, model_validator

from neuplug.experiment import parts
from neuplug.experiment.decisive import read_metric
from neuplug.experiment.parts import ArmAndClassifier, Positive
from neuplug.records import Record
from neuplug.training.metrics import Count, Profile, Share

# Raised when a file that an older neuplug has written is no longer read
FORMAT = 4
CONFIDENCE = 0.95  # of intervals
LEVEL = 0.05  # what adjusted p-values are compared with, all looks at them together
MARGIN = 0.02  # what a difference may be and still count as none, in the metric's unit
Verdict = Literal["helps", "equivalent", "no evidence", "harms", "one repeat"]
Question = Literal["none", "best classical", "more images"]
Problem = Literal["one class", "training images", "chance"]
_Cell = TypeVar("_Cell", bound=parts.CellId)


class Interval(Record):
    """A 95 % interval.

    Attributes:
        low: Its lower end; null for one repeat, which has no interval.
        high: Its upper end; null for one repeat.
        n: Repeats.
    """

    low: float | None
    high: float | None
    n: Positive

    @model_validator(mode="after")
    def _has_both_ends(self) -> Self:
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high are two numbers, or both null")
        return self


class Mean(Interval):
    """A mean over repeats.

    Attributes:
        mean: Over repeats.
    """

    mean: float


class Effect(Interval):
    """A paired difference to another arm, in the metric's unit.

    Attributes:
        effect: The arm's value less that of the other, the mean over repeats.
    """

    effect: float


class Summary(Mean, ArmAndClassifier):
    """The mean of a metric on the test images.

    Attributes:
        metric: ``accuracy``, ``precision``, ``recall``, ``f1``, ``auroc`` or, in nats, ``loss``.
        class_name: The class that it is of; null: all, as a mean over classes if need be.
    """

    metric: str
    class_name: str | None


class Learnt(ArmAndClassifier):
    """Whether an arm's trainings have learnt to tell the classes.

    Their balanced accuracy on the test images is in the summary, as the mean recall.

    Attributes:
        training: Balanced accuracy on the arm's real training images; null where it has none.
        guessing: What answers that have nothing to do with the images stay below in 97.5 of 100
            cases.
        never_answered: Classes that no repeat answers for any test image.
        problem: Why it has not learnt: it takes nearly all test images for ``one class``, does not
            fit its own ``training images``, or is no better than ``chance`` on the test images;
            null where it has.
    """

    training: Mean | None
    guessing: Annotated[float, Field(ge=0)]
    never_answered: tuple[str, ...]
    problem: Problem | None


class PairedDifference(Effect):
    """A paired difference between two arms, for other repeats and other test images alike.

    Attributes:
        p: Two-sided p-value of no difference; null for one repeat, as the next two.
        p_equivalent: Of a difference of the margin or more.
        detectable: The smallest true difference that a comparison like this one finds in 80 of 100
            cases, in the unit of the effect; of several comparisons, as the clearest of them.
        enough_repeats: About how many would decide in 80 of 100 cases, if the difference is as it
            seems; null where not even 100 would.
        enough_images: Then about how many test images would; else null.
        items: Test images that were scored at least once; groups of them, where there are groups.
    """

    p: Share | None
    p_equivalent: Share | None
    detectable: Annotated[float, Field(ge=0)] | None
    enough_repeats: Positive | None = None
    enough_images: Positive | None = None
    items: Count


class Comparison(PairedDifference, ArmAndClassifier):
    """A verdict.

    Attributes:
        against: The other arm.
        question: What ``against`` is: ``none``, the best classical arm, or ``none`` with fewer
            images.
        metric: What the verdict goes by.
        margin: What a difference may be and still count as none, in the metric's unit.
        adjusted_p: After Holm's correction; of a worse arm p is multiplied by ``candidates``
            before. Null for one repeat.
        adjusted_equivalent: Likewise of ``p_equivalent``, multiplied by ``candidates`` anyway.
        candidates: Arms that the other one was chosen from.
        family: Comparisons corrected for together: those of one question.
        unlearnt: Which of the two arms has not learnt; then there is no evidence of anything.
        level: That of the look with ``n`` repeats: 0.05, or less where several were planned.
        verdict: By which of the adjusted p-values is below it.
    """

    against: str
    question: Question
    metric: str
    margin: Annotated[float, Field(gt=0)]
    adjusted_p: Share | None
    adjusted_equivalent: Share | None
    candidates: Positive
    family: Count
    unlearnt: tuple[str, ...] = ()
    level: Share = LEVEL
    verdict: Verdict

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        p_values = (self.p, self.p_equivalent, self.adjusted_p, self.adjusted_equivalent)
        missing = [x is None for x in (self.low, *p_values, self.detectable)]
        if set(missing) != {self.verdict == "one repeat"}:
            raise ValueError(
                "low, high, the p-values and detectable are numbers, but of one repeat all null"
            )
        return self


class Dose(Mean, ArmAndClassifier):
    """A point of a dose curve: the metric of the verdicts on validation images.

    Attributes:
        family: The arm without its amount.
        amount: What the value is; empty for ``none``, which has no value.
        value: Of the amount.
        chosen: Whether this amount was taken for this classifier, so that it alone was tested.
    """

    family: str
    amount: Literal["add", "to", "share", ""]
    value: float | None
    chosen: bool

    @model_validator(mode="after")
    def _has_a_value(self) -> Self:
        if (self.value is None) != (not self.amount):
            raise ValueError("an amount has a value, and what has none no value")
        return self


class RunResults(Record):
    """Everything that a run found: ``results.json``.

    Attributes:
        format: The number of this form of the file.
        neuplug: neuplug's version.
        request: The key of the question that the run answers: the same question has the same key.
        created: When, ISO 8601.
        command: How the run was asked for; empty in Python.
        name: Of the run.
        folder: Of the run, when it was written.
        config: The resolved settings, as in config.yaml, with the number of steps if the run has
            found that the usual one is too few.
        leak: What leaks from a given test part into the training part, where that was allowed.
        provenance: By the key of each generator's fit: which real images it goes back to, none of
            the test.
        arms: Those that were tested, none first.
        classifiers: Their names.
        profiles: By classifier what it costs.
        cells: Every single result.
        metric: What the verdicts go by, as the option ``metric`` has it.
        learnt: What the arms have learnt with each classifier.
        looks: When verdicts were to be looked at; not all may have been needed.
        evaluators: By evaluator what it says of itself.
        learning: Of each classifier, if asked for with ``worth``: what more photographs would
            bring, and what arms are worth in photographs.
        warnings: Sentences that the reader must know, each once: of the run, then those of
            generators, filters and evaluators, and why an evaluator failed, with the arms and
            repeats for which they hold, those of controls last.

    Example:
        >>> found = neuplug.compose(data="PHOTOS", aug=["flip"], clf=["smallcnn"], repeats=2)
        >>> later = neuplug.read_results(found.folder)
        >>> later == found.results, len(later.cells)
        (True, 4)
    """

    format: Literal[4]
    neuplug: str
    request: str
    created: AwareDatetime
    command: str
    name: str
    folder: str
    config: dict[str, JsonValue]
    data: parts.Data
    leak: str | None
    provenance: dict[str, parts.Provenance]
    protocol: parts.Protocol
    arms: Annotated[tuple[parts.Arm, ...], Field(min_length=1)]
    classifiers: Annotated[tuple[str, ...], Field(min_length=1)]
    profiles: dict[str, Profile]
    cells: Annotated[tuple[parts.Cell, ...], Field(min_length=1)]
    summary: tuple[Summary, ...]
    metric: str
    learnt: tuple[Learnt, ...]
    looks: Annotated[tuple[parts.Look, ...], Field(min_length=1)]
    comparisons: tuple[Comparison, ...]
    doses: tuple[Dose, ...]
    generators: tuple[parts.GeneratorFit, ...]
    filtered: tuple[parts.Filtered, ...]
    evaluations: tuple[parts.Evaluation, ...]
    evaluators: dict[str, parts.EvaluatorWords]
    warnings: tuple[str, ...]
    cost: parts.Cost
    arm_costs: tuple[parts.ArmCost, ...]
    learning: tuple[parts.LearningCurve, ...]

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        """Whatever one part says of another is there."""
        arms = {arm.name for arm in self.arms}
        known = {"arm": arms, "against": arms, "classifier": {*self.classifiers}}
        known["evaluator"] = {*self.evaluators}
        where = "cells summary learnt comparisons generators filtered evaluations arm_costs"
        where += " learning"
        for part in where.split():
            for (i, entry), name in product(enumerate(getattr(self, part)), known):
                said = getattr(entry, name, None)
                if said is not None and said not in known[name]:
                    raise ValueError(f"{part}[{i}].{name} is {said!r}, and the run has none")
        for i, cell in enumerate(self.cells):
            sizes = {len(cell.test.confusion), *map(len, cell.test.confusion)}
            if sizes != {len(self.data.classes)}:
                raise ValueError(f"cells[{i}].test.confusion has another number of classes")
        chosen = [(d.family, d.classifier) for d in self.doses if d.chosen]
        for i, dose in enumerate(self.doses):
            if dose.amount and chosen.count((dose.family, dose.classifier)) != 1:
                raise ValueError(f"doses[{i}]: of {dose.family} not one amount is chosen")
        return self

    @property
    def by_name(self) -> dict[str, parts.Arm]:
        """The arms by their names."""
        return {arm.name: arm for arm in self.arms}

    @property
    def groups(self) -> dict[tuple[str, str], list[parts.Cell]]:
        """(arm, classifier) to their cells, one for each repeat."""
        return grouped(self.cells)

    @property
    def means(self) -> dict[tuple[str, str, str, str | None], Summary]:
        """(arm, classifier, metric, class or ``None`` for all) to the mean with its interval."""
        return {(s.arm, s.classifier, s.metric, s.class_name): s for s in self.summary}

    def decisive(self, arm: str, classifier: str) -> Summary | None:
        """The metric of the verdicts, of an arm with a classifier that it was tested with."""
        metric = read_metric(self.metric)
        return self.means.get((arm, classifier, metric.score, metric.class_name))

    def compared(self, question: Question = "none") -> list[Comparison]:
        """The comparisons that answer a question; by default those with ``none``."""
        return [c for c in self.comparisons if c.question == question]

    def tested(self, classifier: str) -> list[parts.Arm]:
        """The arms that ran with a classifier; of an arm's amounts the one chosen for it."""
        groups = self.groups
        return [arm for arm in self.arms if (arm.name, classifier) in groups]


def grouped(cells: Iterable[_Cell]) -> dict[tuple[str, str], list[_Cell]]:
    """The cells of each arm and classifier, as they come."""
    groups: dict[tuple[str, str], list[_Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.arm, cell.classifier), []).append(cell)
    return groups


# Curves.

# (step, value)
Curve = tuple[tuple[float, float], ...]


class Curves(Record):
    """What went on in the trainings: ``curves.json``.

    Attributes:
        format: The number of this form of the file.
        classifiers: By the key of a cell: losses over steps, by name.
        generators: By the key of a fit: what the generator has noted, by name.
        units: By the key of a fit: what a curve is measured in, where it is not a loss.
        checkpoints: By the key of a fit: the distance to the training images of each generator that
            was kept.
    """

    format: Literal[4]
    classifiers: dict[str, dict[str, Curve]]
    generators: dict[str, dict[str, Curve]]
    units: dict[str, dict[str, str]]
    checkpoints: dict[str, Curve]
