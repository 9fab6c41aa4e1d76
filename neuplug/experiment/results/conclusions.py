"""What follows from single results: means, differences, verdicts, costs. Light."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from neuplug.experiment.results.parts import ArmAndClassifier, Positive, Seconds
from neuplug.records import Record
from neuplug.training.metrics import Count, Share

Verdict = Literal["helps", "no evidence", "harms", "one repeat"]
Question = Literal["none", "best classical", "more images"]


class Interval(Record):
    """A 95 % interval over repeats.

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
        metric: ``accuracy``, ``precision``, ``recall``, ``f1`` (parts of one) or ``loss`` (nats).
        class_name: The class that it is of; null: all, as a mean over classes where that is a
            choice.
    """

    metric: str
    class_name: str | None


class PairedDifference(Effect):
    """A paired difference between two arms, for other repeats and other test images alike.

    Attributes:
        p: Two-sided p-value of no difference; null for one repeat, as the next one.
        detectable: The smallest true difference that a comparison like this one finds in 80 of 100
            cases, in the unit of the effect; of several comparisons, as the clearest of them.
        items: Test images that were scored at least once; groups of them, where there are groups.
    """

    p: Share | None
    detectable: Annotated[float, Field(ge=0)] | None
    items: Count


class Comparison(PairedDifference, ArmAndClassifier):
    """A verdict.

    Attributes:
        against: The other arm.
        question: What ``against`` is: ``none``, the best classical arm, or ``none`` with fewer
            images.
        metric: What the verdict goes by.
        adjusted_p: After Holm's correction; of a worse arm p is multiplied by ``candidates``
            before. Null for one repeat.
        candidates: Arms that the other one was chosen from.
        family: Comparisons corrected for together: those of one question.
        verdict: ``helps`` or ``harms`` where the adjusted p-value is below 0.05.
    """

    against: str
    question: Question
    metric: Literal["accuracy"]
    adjusted_p: Share | None
    candidates: Positive
    family: Count
    verdict: Verdict

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        missing = [x is None for x in (self.low, self.p, self.adjusted_p, self.detectable)]
        if set(missing) != {self.verdict == "one repeat"}:
            raise ValueError(
                "low, high, p, adjusted_p and detectable are numbers, but of one repeat all null"
            )
        return self


class Dose(Mean, ArmAndClassifier):
    """A point of a dose curve: the accuracy on validation images.

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


class Cost(Record):
    """Seconds of work, all processes together.

    Attributes:
        generators_seconds: Fitting generators.
        classifiers_seconds: Training classifiers.
    """

    generators_seconds: Seconds
    classifiers_seconds: Seconds


class ArmCost(ArmAndClassifier):
    """What an arm takes; what several share counts in full for each.

    Its seconds are those of one repeat, the mean over ``n``.

    Attributes:
        generators_seconds: Fitting all generators that it rests on.
        images_seconds: Making images in advance.
        training_seconds: Training the classifier, with images that are changed on the fly.
        seconds: Their sum.
        n: Repeats.
    """

    generators_seconds: Seconds
    images_seconds: Seconds
    training_seconds: Seconds
    seconds: Seconds
    n: Positive
