"""What the results of a run consist of. Light.

Seconds are those of one process, each job counted once unless said otherwise; repeats count from 0.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from neuplug.records import Record
from neuplug.training.metrics import Count, Scores

Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(ge=0)]
Counts = dict[str, Count]


class ArmAndClassifier(Record):
    """What a number is of."""

    arm: str
    """Its name."""
    classifier: str
    """Its name."""


# The data and the arms.


class Data(Record):
    """The images."""

    source: str
    """Where they came from: a path, ``demo``, or that they were in memory."""
    simulated: bool
    """Whether they are computed rather than taken of real things."""
    layout: str
    """How they lay there, in words."""
    classes: Annotated[tuple[str, ...], Field(min_length=1)]
    """Class names in label order."""
    imgsz: tuple[Positive, Positive]
    """Height and width in pixels, after resizing."""
    channels: Literal[1, 3]
    """1: grey, 3: RGB."""
    counts: Counts
    """Images by class."""
    train: Counts
    """Training images by class, in the first repeat."""
    val: Counts
    """Validation images by class, in the first repeat."""
    test: Counts
    """Test images by class, in the first repeat."""
    left_out: Counts
    """Images by class that were in no part of the first repeat."""
    skipped: tuple[tuple[str, str], ...]
    """Files that could not be used, each with the reason."""
    exact_duplicates: Count
    """Clusters of equal images."""
    exact_duplicate_images: Count
    """Images in these clusters."""
    near_duplicates: Count | None
    """Pairs of nearly equal images; null where they were not looked for, as the next two."""
    near_duplicate_groups: Count | None
    """Groups that such images are in; a group never crosses a split."""
    near_duplicate_images: Count | None
    """Images in these groups."""
    digest: str
    """Of the images and how they were read: the set's key in the cache of this machine."""
    images_digest: str
    """SHA-256 of the images as decoded, with labels and ids: equal wherever their files lie."""


class Provenance(Record):
    """What a generator has learned from."""

    training_images: Count
    """Real images that went into it, through other generators and augmenters too."""
    ids: str
    """SHA-256 of their ids in ascending order, a line feed after each."""
    overlap_with_validation: Count
    """Those among the validation images of the same repeat."""
    overlap_with_test: Count
    """Those among the test images of the same repeat."""


class Protocol(Record):
    """How everything was trained and measured."""

    repeats: Positive
    """Draws of the split and of all seeds."""
    seed: Count
    """The run's random seed."""
    steps: Count | None
    """Optimiser steps of every classifier; null where the length is in epochs."""
    epochs: Count | None
    """Epochs of every classifier; null where the length is in steps."""
    batch: Positive
    """Images in a step."""
    schedule: str
    """How the learning rate changes."""
    optimizer: str
    """Its name."""
    lr: float
    """The learning rate at the start."""
    device: str
    """Where classifiers and generators were trained, such as ``cpu``."""
    versions: dict[str, str]
    """Of Python and of the distributions that took part."""
    sentences: tuple[str, ...]
    """The same in words, and what was made sure of."""


class Stage(Record):
    """A generator in an arm, or neighbouring augmenters that act as one."""

    name: str
    """As the user wrote it."""
    kind: Literal["generator", "augmenter"]
    """What it is."""
    amount: str
    """How many images it makes of each class, in words; ``on each batch`` if it adds none."""
    options: dict[str, dict[str, JsonValue]]
    """The validated options of its components, by name."""


class Arm(Record):
    """One way to prepare the training set."""

    name: str
    """The user's label or text, with the amount and number of images where there are several."""
    base: str
    """The name without the number of real images."""
    per_class: Positive | None
    """Real training images of each class, where several numbers are compared; else null."""
    against: str
    """The arm that it is compared with: ``none``, with as many real images."""
    control: bool
    """Whether it adds nothing new, and is there to be compared with."""
    stages: tuple[Stage, ...]
    """In order; of ``none`` there is none."""


class Profile(Record):
    """What a classifier costs, whatever it is trained on."""

    parameters: Count
    """Trainable numbers."""
    multiply_adds: Count
    """Of convolutions and dense layers, for one image."""
    latency_ms: Annotated[float, Field(ge=0)]
    """Milliseconds for one image: the median over cells of medians."""
    threads: Positive
    """Processor threads that this time was taken with."""


# Single results.


class Cell(ArmAndClassifier):
    """One arm, classifier and repeat."""

    repeat: Count
    """From 0."""
    base: str
    """The arm's name without the number of real images."""
    per_class_images: Positive | None
    """Real training images of each class, where several numbers are compared; else null."""
    against: str
    """The arm that it is compared with."""
    key: str
    """Of the trained classifier in the store. Cells with one key are one and the same."""
    test: Scores
    """On the test images."""
    all_images: Scores | None
    """On every real image, those of the training among them; null where not asked for."""
    train: Scores | None
    """On the real training images; null likewise."""
    test_images: Count
    """Test images."""
    train_images: Counts
    """Images that it was trained on, by origin: ``real``, or what made them."""
    steps: Count
    """Optimiser steps."""
    seconds: Seconds
    """That the training took, and one on real images before it."""
    device: str
    """Where it was trained."""
    torch: str
    """PyTorch's version."""


class GeneratorFit(Record):
    """A generator that was trained. Its curves are in the file of curves under its key."""

    stage: str
    """The generator's name."""
    arm: str
    """One that draws from it; what several share has an entry for each, with one key."""
    class_name: str | None
    """The class that it learned; null where one fit serves all."""
    repeat: Count
    """From 0."""
    run: Count
    """Which of several trainings whose images are pooled, from 0."""
    key: str
    """In the store."""
    images: Count
    """That it learned from."""
    seconds: Seconds
    """That the training took."""
    epoch_steps: Positive | None
    """Steps in an epoch; null where its length was not given in epochs."""
    warnings: tuple[str, ...]
    """What the generator said."""


class Filtered(Record):
    """What filters let through of a generator's images."""

    arm: str
    """Whose images they are."""
    repeat: Count
    """From 0."""
    class_name: str
    """The class that was drawn."""
    key: str
    """Of the drawing in the store."""
    filters: tuple[tuple[str, float], ...]
    """Each filter's kind and level."""
    wanted: Count
    """Images asked for."""
    images: Count
    """Images that passed."""
    drawn: Count
    """Images drawn for these."""
    warnings: tuple[str, ...]
    """Said where too few passed."""


class Metric(Record):
    """One number of an evaluator; see :class:`neuplug.Metric`."""

    name: str
    """What is measured: the same for all classes and arms."""
    class_name: str | None
    """The class that it is of; null: all together."""
    value: float
    """In its unit."""
    low: float | None
    """Lower end of its 95 % interval within the repeat; null where there is none."""
    high: float | None
    """Upper end."""
    std: Annotated[float, Field(ge=0)] | None
    """Its standard deviation within the repeat; null where there is none."""
    n: Count | None
    """Images that it comes from; null where it does not say so."""
    unit: str
    """``share``: a part of one; ``images``: a number of them; else what it is measured in."""
    label: str
    """What the report calls it; its name where this is empty."""
    higher_is_better: bool | None
    """Null where neither higher nor lower is."""
    reference: float | None
    """The value that real images have; null where it is not known."""


class Evaluation(Record):
    """What an evaluator found in one repeat."""

    evaluator: str
    """Its name."""
    arm: str
    """What it looked at."""
    classifier: str | None
    """Whose predictions it looked at; null if at images alone."""
    repeat: Count
    """From 0."""
    key: str
    """In the store. What several arms share has an entry for each, with one key."""
    metrics: tuple[Metric, ...]
    """Its numbers."""
    figures: tuple[str, ...]
    """Files below the run's folder."""
    warnings: tuple[str, ...]
    """What it said."""
    error: str | None
    """Why it failed; null where it did not."""


class EvaluatorWords(Record):
    """What an evaluator says of itself."""

    title: str
    """The heading of its section; its name where this is empty."""
    guide: str
    """How to read its numbers and figures; may be empty."""
