"""Tasks: one unit of work each, typed, with a key, told to any process as JSON. Loads no torch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, JsonValue, TypeAdapter

from neuplug.experiment.mixture import Mixture, RealImages, Value
from neuplug.storage.store import hash_of
from neuplug.training.options import TrainingOptions


class ComponentRef(Value):
    """A component with its options, as plain data: its part of a key, and enough to load it.

    Attributes:
        code: Hash of the code and data that it consists of.
        files: For each option that names a file, a hash of its content.
    """

    kind: str
    name: str
    distribution: str
    version: str
    code: str
    options: dict[str, JsonValue] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)

    @property
    def source(self) -> str:
        """``name of distribution version``, for messages."""
        return f"{self.name} of {self.distribution} {self.version}"


class Trained(Value):
    """A classifier that a task trains.

    Attributes:
        task: Key of the :class:`TrainTask`.
    """

    task: str
    component: ComponentRef


class Source(Value):
    """A fitted generator as the source of one class, behind the filters of its stage.

    Attributes:
        fit: Key of the :class:`FitTask`.
        component: The generator.
        classes: That it was fitted on.
        filters: Kinds and levels; none lets every image pass.
        against: What must not be copied: ``by``, how copies are told, and ``real``, a digest.
        real: The images that must not be copied.
        judge: The classifier that is asked for agreement.
    """

    fit: str
    component: ComponentRef
    classes: tuple[str, ...]
    filters: tuple[tuple[str, float], ...] = ()
    against: dict[str, str] | None = None
    real: tuple[int, ...] = ()
    judge: Trained | None = None

    @property
    def needs(self) -> list[str]:
        """The tasks that must be done before it can be drawn from."""
        return [self.fit, *([self.judge.task] if self.judge else [])]

    def filtering(self) -> list[Any]:
        """What its filters add to the identity of what is drawn."""
        return [self.filters, self.against, self.judge.task if self.judge else None]

    def identity(self) -> list[Any]:
        """What decides which images it gives, for a key."""
        return [self.fit, self.component.options, *self.filtering()]


class Resources(Value):
    """What a task occupies while it runs."""

    cpus: int = 1
    gpus: int = 0


class Task(Value):
    """One unit of work.

    Attributes:
        seed: What all its random numbers follow from.
        label: For people.
        dataset: Key of the data set.
        image_size: (height, width) in pixels.
        device: ``cpu`` or ``cuda``: kinds of devices differ in the last digits.
        images: How many images it learns from, for estimates.
    """

    kind: str
    seed: int
    label: str
    dataset: str
    image_size: tuple[int, int]
    device: str
    images: int = 0

    # Whether a run goes on without its result
    optional: ClassVar[bool] = False

    @cached_property
    def key(self) -> str:
        """Hash of all that goes into its result."""
        return hash_of([self.kind, self.device, self.seed, self.identity()])

    @abstractmethod
    def identity(self) -> Any:
        """All that decides the result, besides the seed and the kind of device, as JSON values."""

    @property
    @abstractmethod
    def needs(self) -> tuple[str, ...]:
        """Keys of tasks whose results it reads."""

    @property
    @abstractmethod
    def components(self) -> tuple[ComponentRef, ...]:
        """The components at work, the one that does the task first."""

    @property
    def resources(self) -> Resources:
        """What it occupies while it runs."""
        return Resources(gpus=int(self.device != "cpu"))

    def cost_class(self) -> str:
        """Tasks of the same class take about the same time, whatever their seed and images."""
        component = self.components[0]
        training = getattr(self, "training", None)
        epochs = component.options.get("epochs") or (training and training.epochs)
        about: list[Any] = [self.kind, component.name, component.options, self.image_size]
        about += [training.model_dump(mode="json") if training else None]
        return hash_of([*about, self.images if epochs else None])


def _once(*keys: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for key in keys if key))


class FitTask(Task):
    """Let a generator learn from the images of its classes.

    Attributes:
        component: The generator, without the options that only its sampling goes by.
        mixture: What it learns from, by class.
        where: Whose mixture that is, for messages.
    """

    kind: Literal["fit"] = "fit"
    component: ComponentRef
    mixture: Mixture
    where: str

    def identity(self) -> Any:
        """See :class:`Task`."""
        return [_identity(self.component), self.mixture.classes, self.mixture.identity()]

    @property
    def needs(self) -> tuple[str, ...]:
        """See :class:`Task`."""
        return _once(*self.mixture.tasks)

    @property
    def components(self) -> tuple[ComponentRef, ...]:
        """See :class:`Task`."""
        return (self.component,)


class SampleTask(Task):
    """Draw images of a class from a fitted generator.

    Attributes:
        source: What to draw from.
        class_name: Of the images.
        n: How many are wanted; filters may leave fewer.
        sampling: The options that only sampling goes by.
    """

    kind: Literal["sample"] = "sample"
    source: Source
    class_name: str
    n: int
    sampling: dict[str, JsonValue] = Field(default_factory=dict)

    def identity(self) -> Any:
        """See :class:`Task`."""
        drawn = [self.source.fit, self.class_name, self.n, self.sampling]
        return [*drawn, *self.source.filtering()]

    @property
    def needs(self) -> tuple[str, ...]:
        """See :class:`Task`."""
        return _once(*self.source.needs)

    @property
    def components(self) -> tuple[ComponentRef, ...]:
        """See :class:`Task`."""
        return (self.source.component,)


class AugmentTask(Task):
    """Change images of a class until there are as many as wanted.

    Attributes:
        augmenters: In turn.
        class_name: Of the images.
        mixture: Of that class: what is changed.
        n: How many to make.
        where: Whose mixture that is, for messages.
    """

    kind: Literal["augment"] = "augment"
    augmenters: tuple[ComponentRef, ...]
    class_name: str
    mixture: Mixture
    n: int
    where: str

    def identity(self) -> Any:
        """See :class:`Task`."""
        return [
            [_identity(ref) for ref in self.augmenters],
            self.class_name,
            self.mixture.identity(),
            self.n,
        ]

    @property
    def needs(self) -> tuple[str, ...]:
        """See :class:`Task`."""
        return _once(*self.mixture.tasks)

    @property
    def components(self) -> tuple[ComponentRef, ...]:
        """See :class:`Task`."""
        return self.augmenters


class TrainTask(Task):
    """Train a classifier and let it predict.

    Attributes:
        component: The classifier.
        training: How it is trained.
        start: Key of the training that it goes on from.
        online: Augmenters that act on each batch.
        mixture: The training set.
        val: Real images by which the best state is kept.
        test: Real images to predict.
        everything: All real images, where these are to be predicted too.
        score_val: Whether ``val`` is to be predicted too.
        where: Whose mixture that is, for messages.
    """

    kind: Literal["train"] = "train"
    component: ComponentRef
    training: TrainingOptions
    start: str | None = None
    online: tuple[ComponentRef, ...] = ()
    mixture: Mixture
    val: RealImages
    test: RealImages
    everything: RealImages = RealImages()
    score_val: bool = False
    where: str

    def identity(self) -> Any:
        """See :class:`Task`."""
        return [
            _identity(self.component),
            self.training.model_dump(mode="json"),
            self.start,
            [_identity(ref) for ref in self.online],
            self.mixture.classes,
            self.mixture.identity(),
            *(part.digest for part in (self.val, self.test, self.everything)),
            self.score_val,
        ]

    @property
    def needs(self) -> tuple[str, ...]:
        """See :class:`Task`."""
        return _once(*self.mixture.tasks, self.start)

    @property
    def components(self) -> tuple[ComponentRef, ...]:
        """See :class:`Task`."""
        return (self.component, *self.online)


class EvaluateTask(Task):
    """Show an evaluator what it needs and keep what it finds.

    Attributes:
        component: The evaluator.
        classes: Of the data set.
        cell: Key of the training whose predictions it looks at.
        drawn: What the arm's generators have drawn.
        sources: Class name to what drew its images, for an evaluator that draws more.
        embedder: A classifier trained on real images, as a measure of likeness.
        train: The real training images.
        test: The real test images.
    """

    kind: Literal["evaluate"] = "evaluate"
    component: ComponentRef
    classes: tuple[str, ...]
    cell: str | None = None
    drawn: Mixture = Mixture()
    sources: dict[str, tuple[Source, ...]] = Field(default_factory=dict)
    embedder: Trained | None = None
    train: RealImages
    test: RealImages

    optional: ClassVar[bool] = True

    def identity(self) -> Any:
        """See :class:`Task`."""
        return [
            _identity(self.component),
            self.classes,
            self.cell,
            self.drawn.identity(),
            {name: [s.identity() for s in some] for name, some in self.sources.items()},
            self.embedder.task if self.embedder else None,
            self.train.digest,
            self.test.digest,
        ]

    @property
    def needs(self) -> tuple[str, ...]:
        """See :class:`Task`."""
        sources = [key for some in self.sources.values() for s in some for key in s.needs]
        embedder = self.embedder.task if self.embedder else None
        return _once(*self.drawn.tasks, self.cell, *sources, embedder)

    @property
    def components(self) -> tuple[ComponentRef, ...]:
        """See :class:`Task`."""
        return (self.component,)


AnyTask = FitTask | SampleTask | AugmentTask | TrainTask | EvaluateTask
_ADAPTER: TypeAdapter[AnyTask] = TypeAdapter(Annotated[AnyTask, Field(discriminator="kind")])


def read_task(text: str | bytes) -> AnyTask:
    """The task of ``task.model_dump_json()``."""
    return _ADAPTER.validate_json(text)


def _identity(component: ComponentRef) -> Mapping[str, Any]:
    return component.model_dump(mode="json")
