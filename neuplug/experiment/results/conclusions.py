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
    """A 95 % interval over repeats."""

    low: float | None
    """Its lower end; null for one repeat, which has no interval."""
    high: float | None
    """Its upper end; null for one repeat."""
    n: Positive
    """Repeats."""

    @model_validator(mode="after")
    def _has_both_ends(self) -> Self:
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high are two numbers, or both null")
        return self


class Mean(Interval):
    """A mean over repeats."""

    mean: float
    """Over repeats."""


class Effect(Interval):
    """A paired difference to another arm, in the metric's unit."""

    effect: float
    """The arm's value less that of the other, the mean over repeats."""


class Summary(Mean, ArmAndClassifier):
    """The mean of a metric on the test images."""

    metric: str
    """``accuracy``, ``precision``, ``recall``, ``f1`` (parts of one) or ``loss`` (nats)."""
    class_name: str | None
    """The class that it is of; null: all, as a mean over classes where that is a choice."""


class Difference(Effect, ArmAndClassifier):
    """How an arm differs from the one it is compared with, in any metric and without a verdict."""

    against: str
    """The other arm."""
    metric: str
    """As in the summary."""


class Comparison(Effect, ArmAndClassifier):
    """A verdict. Its interval is for other repeats and other test images alike."""

    against: str
    """The other arm."""
    question: Question
    """What ``against`` is: ``none``, the best classical arm, or ``none`` with fewer images."""
    metric: Literal["accuracy"]
    """What the verdict goes by."""
    p: Share | None
    """Two-sided p-value of no difference; null for one repeat, as the next two."""
    adjusted_p: Share | None
    """After Holm's correction; of a worse arm p is multiplied by ``candidates`` before."""
    detectable: Annotated[float, Field(ge=0)] | None
    """The smallest difference found in 80 of 100 cases, as the clearest of the family."""
    candidates: Positive
    """Arms that the other one was chosen from."""
    family: Count
    """Comparisons corrected for together: those of one question."""
    items: Count
    """Test images, or groups of them."""
    verdict: Verdict
    """``helps`` or ``harms`` where the adjusted p-value is below 0.05."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        missing = [x is None for x in (self.low, self.p, self.adjusted_p, self.detectable)]
        if set(missing) != {self.verdict == "one repeat"}:
            raise ValueError(
                "low, high, p, adjusted_p and detectable are numbers, but of one repeat all null"
            )
        return self


class Dose(Mean, ArmAndClassifier):
    """A point of a dose curve: the accuracy on validation images."""

    family: str
    """The arm without its amount."""
    amount: Literal["add", "to", "share", ""]
    """What the value is; empty for ``none``, which has no value."""
    value: float | None
    """Of the amount."""
    chosen: bool
    """Whether this amount was taken for this classifier, so that it alone was tested."""

    @model_validator(mode="after")
    def _has_a_value(self) -> Self:
        if (self.value is None) != (not self.amount):
            raise ValueError("an amount has a value, and what has none no value")
        return self


class Cost(Record):
    """Seconds of work, all processes together."""

    generators_seconds: Seconds
    """Fitting generators."""
    classifiers_seconds: Seconds
    """Training classifiers."""
    total_seconds: Seconds
    """Their sum."""


class ArmCost(ArmAndClassifier):
    """What an arm takes, and takes for a point gained; what several share counts in full for each.

    Its seconds are those of one repeat, the mean over ``n``.
    """

    against: str
    """Its baseline; the arm itself where it is one."""
    generators_seconds: Seconds
    """Fitting all generators that it rests on."""
    images_seconds: Seconds
    """Making images in advance."""
    training_seconds: Seconds
    """Training the classifier, with images that are changed on the fly."""
    seconds: Seconds
    """Their sum."""
    n: Positive
    """Repeats."""
    minutes_per_point: Seconds | None
    """The sum in minutes for each point of accuracy gained; null where none is."""
    low: Seconds | None
    """The same at the upper end of the gain's interval; null for one repeat."""
    high: Seconds | None
    """The same at its lower end; null also where that interval holds zero."""
