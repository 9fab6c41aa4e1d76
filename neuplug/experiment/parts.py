"""What the results of a run consist of. Light.

Seconds are those of one process, each job counted once unless said otherwise; repeats count from 0.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from neuplug.plugins.evaluator import Metric
from neuplug.records import Record
from neuplug.training.metrics import Count, Scores, Share

Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(ge=0)]
Counts = dict[str, Count]


class ArmAndClassifier(Record):
    """What a number is of.

    Attributes:
        arm: Its name.
        classifier: Its name.
    """

    arm: str
    classifier: str


# The data and the arms.


class Data(Record):
    """The images.

    Attributes:
        source: Where they came from: a path, ``demo``, or that they were in memory.
        simulated: Whether they are computed rather than taken of real things.
        layout: How they lay there, in words.
        classes: Class names in label order.
        imgsz: Height and width in pixels, after resizing.
        channels: 1: grey, 3: RGB.
        counts: Images by class.
        train: Training images by class, in the first repeat.
        val: Validation images by class, in the first repeat.
        test: Test images by class, in the first repeat.
        left_out: Images by class that were in no part of the first repeat.
        skipped: Files that could not be used, each with the reason.
        exact_duplicates: Clusters of equal images.
        exact_duplicate_images: Images in these clusters.
        near_duplicate_groups: Groups that nearly equal images are in, which never cross a split;
            null where they were not looked for, as the next one.
        near_duplicate_images: Images in these groups.
        images_digest: SHA-256 of the images as decoded, with labels and ids: equal wherever their
            files lie.
    """

    source: str
    simulated: bool
    layout: str
    classes: Annotated[tuple[str, ...], Field(min_length=1)]
    imgsz: tuple[Positive, Positive]
    channels: Literal[1, 3]
    counts: Counts
    train: Counts
    val: Counts
    test: Counts
    left_out: Counts
    skipped: tuple[tuple[str, str], ...]
    exact_duplicates: Count
    exact_duplicate_images: Count
    near_duplicate_groups: Count | None
    near_duplicate_images: Count | None
    images_digest: str


class Provenance(Record):
    """What a generator has learned from.

    Attributes:
        training_images: Real images that went into it, through other generators and augmenters too.
        ids: SHA-256 of their ids in ascending order, a line feed after each.
        overlap_with_validation: Those among the validation images of the same repeat.
        overlap_with_test: Those among the test images of the same repeat.
    """

    training_images: Count
    ids: str
    overlap_with_validation: Count
    overlap_with_test: Count


class Protocol(Record):
    """How everything was trained and measured.

    Attributes:
        device: Where classifiers and generators were trained, such as ``cpu``.
        versions: Of Python and of the distributions that took part.
        sentences: The settings of the training in words, and what was made sure of.
    """

    device: str
    versions: dict[str, str]
    sentences: tuple[str, ...]


class Stage(Record):
    """A generator or mixer in an arm, or neighbouring augmenters that act as one.

    Attributes:
        name: As the user wrote it.
        kind: What it is.
        amount: How many images it makes of each class, in words; ``on each batch`` if it adds none.
        options: The validated options of its components, by name.
    """

    name: str
    kind: Literal["generator", "augmenter", "mixer"]
    amount: str
    options: dict[str, dict[str, JsonValue]]


class Arm(Record):
    """One way to prepare the training set.

    Attributes:
        name: The user's label or text, with the amount and number of images where there are
            several.
        base: The name without the number of real images.
        per_class: Real training images of each class, where several numbers are compared; else
            null.
        against: The arm that it is compared with: ``none``, with as many real images.
        control: Whether it adds nothing new, and is there to be compared with.
        stages: In order; of ``none`` there is none.
    """

    name: str
    base: str
    per_class: Positive | None
    against: str
    control: bool
    stages: tuple[Stage, ...]

    @property
    def size(self) -> str:
        """``10 per class``, where several numbers of real images are compared; else empty."""
        return "" if self.per_class is None else f"{self.per_class} per class"


# Single results.


class CellId(ArmAndClassifier):
    """Which arm, classifier and repeat.

    Attributes:
        repeat: From 0.
        key: Of the trained classifier in the store. Cells with one key are one and the same.
    """

    repeat: Count
    key: str


class Cell(CellId):
    """One arm, classifier and repeat.

    Attributes:
        test: On the test images.
        all_images: On every real image, those of the training among them; null where not asked for.
        train: On its own real training images, of which there are; of more than 2000, about so
            many, evenly chosen.
        test_images: Test images.
        train_images: Images that it was trained on, by origin: ``real``, or what made them.
        steps: Optimiser steps.
        seconds: That the training took, and one on real images before it.
        device: Where it was trained.
        torch: The version of PyTorch that it was trained with, which may be an earlier run's.
    """

    test: Scores
    all_images: Scores | None
    train: Scores | None
    test_images: Count
    train_images: Counts
    steps: Count
    seconds: Seconds
    device: str
    torch: str


class AtCount(Record):
    """The metric of the verdicts with so many photographs.

    Attributes:
        photographs: Training photographs of a class, the mean over classes and repeats.
        value: The metric.
        low: The lower end of its 95 % interval; null for one repeat, as the next.
        high: The upper end.
    """

    photographs: Annotated[float, Field(gt=0)]
    value: float
    low: float | None
    high: float | None


class Worth(Record):
    """With how many more photographs ``none`` would do as well as an arm.

    Attributes:
        arm: Its name.
        photographs: Further ones of each class; negative where fewer would do, null where that is
            not between the smallest number of the curve and twice the largest.
        low: The lower end of the 95 % interval; null where it is beyond these, or unknown of one
            repeat.
        high: The upper end; null likewise.
    """

    arm: str
    photographs: float | None
    low: float | None
    high: float | None


class LearningCurve(Record):
    """How the metric of the verdicts grows with the number of photographs, in the arm ``none``.

    Attributes:
        classifier: Its name.
        photographs: By arm, of those that are ``none`` with a number of real images, the training
            photographs of a class: the mean over classes and repeats.
        expected: By the curve, from the smallest number to twice the largest, for other draws of
            training and test images.
        worth: Of each other arm.
    """

    classifier: str
    photographs: dict[str, float]
    expected: tuple[AtCount, ...]
    worth: tuple[Worth, ...]


class GeneratorFit(Record):
    """A generator that was trained. Its curves are in the file of curves under its key.

    Attributes:
        stage: The generator's name.
        arm: One that rests on it; what several share has an entry for each, with one key.
        class_name: The class that it learned; null where it learned all of them, for one fit to
            draw all or for those of the classes to start from.
        repeat: From 0.
        run: Which of several trainings whose images are pooled, from 0.
        key: In the store.
        images: That it learned from.
        seconds: That the training took.
        epoch_steps: Steps in an epoch; null where its length was not given in epochs.
        warnings: What the generator said.
    """

    stage: str
    arm: str
    class_name: str | None
    repeat: Count
    run: Count
    key: str
    images: Count
    seconds: Seconds
    epoch_steps: Positive | None
    warnings: tuple[str, ...]


class Filtered(Record):
    """What filters let through of a generator's images.

    Attributes:
        arm: Whose images they are.
        repeat: From 0.
        class_name: The class that was drawn.
        key: Of the drawing in the store.
        filters: Each filter's kind and level.
        wanted: Images asked for.
        images: Images that passed.
        drawn: Images drawn for these.
        warnings: Said where too few passed.
    """

    arm: str
    repeat: Count
    class_name: str
    key: str
    filters: tuple[tuple[str, float], ...]
    wanted: Count
    images: Count
    drawn: Count
    warnings: tuple[str, ...]


class Evaluation(Record):
    """What an evaluator found in one repeat.

    Attributes:
        evaluator: Its name.
        arm: What it looked at.
        classifier: Whose predictions it looked at; null if at images alone.
        repeat: From 0.
        key: In the store. What several arms share has an entry for each, with one key.
        metrics: Its numbers.
        figures: Files below the run's folder.
        warnings: What it said.
        error: Why it failed; null where it did not.
    """

    evaluator: str
    arm: str
    classifier: str | None
    repeat: Count
    key: str
    metrics: tuple[Metric, ...]
    figures: tuple[str, ...]
    warnings: tuple[str, ...]
    error: str | None


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


class Look(Record):
    """When the verdicts of a run were to be looked at.

    Attributes:
        repeats: The number of repeats then.
        level: What adjusted p-values are compared with then. The levels of all looks of a run come
            to 0.05, so that it makes a mistake at any of them in at most so many cases.
    """

    repeats: Positive
    level: Share


class EvaluatorWords(Record):
    """What an evaluator says of itself.

    Attributes:
        title: The heading of its section; its name where this is empty.
        guide: How to read its numbers and figures; may be empty.
    """

    title: str
    guide: str
