"""Tasks and training sets, as values.

A task is one unit of work, typed, with a key, told to any process as JSON. A mixture is the
training set of an arm: what it consists of, class by class. Loads no torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from neuplug.experiment.grammar import Filter, join_filters
from neuplug.storage.store import hash_of
from neuplug.training.options import TrainingOptions

# Real training images, of all classes, that a training score rests on at most: one forward pass
SCORED = 2000


class Value(BaseModel):
    """Immutable, and refuses fields that it does not know.

    Attributes:
        beside: Fields that a result does not depend on, so that they are no part of a key.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    beside: ClassVar[frozenset[str]] = frozenset()

    def deciding(self) -> dict[str, Any]:
        """The fields that a result depends on."""
        names = [name for name in type(self).model_fields if name not in self.beside]
        return {name: getattr(self, name) for name in names}


class RealImages(Value):
    """Images of the data set.

    Attributes:
        indices: Of the images.
        digest: Of their pixels. The key goes by this, so that it is the same wherever they lie.
    """

    indices: tuple[int, ...] = ()
    digest: str = ""

    beside = frozenset({"indices"})

    def __len__(self) -> int:
        return len(self.indices)


class Result(Value):
    """What a task leaves in the store.

    Attributes:
        task: Its key.
    """

    task: str


class MadeImages(Result):
    """Images of one class that a task makes.

    Attributes:
        n: How many it is asked for.
        filter: What they must pass, as the user wrote it; may be empty.
    """

    n: int
    filter: str = ""

    beside = frozenset({"n", "filter"})

    def __len__(self) -> int:
        return self.n


Part = RealImages | MadeImages


class Mixture(Value):
    """The training set of an arm.

    Attributes:
        parts: Class name to real images and generated sets.
    """

    parts: dict[str, tuple[Part, ...]] = {}

    def size(self, name: str) -> int:
        """How many images a class is to have."""
        return sum(map(len, self.parts[name]))

    def __len__(self) -> int:
        return sum(map(self.size, self.parts))

    def only(self, names: Iterable[str]) -> Mixture:
        """Some of its classes."""
        return Mixture(parts={name: self.parts[name] for name in names})

    def real(self) -> Mixture:
        """Its real images."""
        return Mixture(
            parts={
                name: tuple(part for part in parts if isinstance(part, RealImages))
                for name, parts in self.parts.items()
            }
        )

    def evenly(self, most: int = SCORED) -> list[int]:
        """About so many of its real images at most, as many of each class as may be."""
        share = most // len(self.parts) + 1
        members = [sorted(self.only([name]).indices) for name in self.parts]
        return [index for own in members for index in own[:: len(own) // share + 1]]

    @property
    def tasks(self) -> list[str]:
        """Keys of the tasks that make its generated sets."""
        return [p.task for parts in self.parts.values() for p in parts if isinstance(p, MadeImages)]

    @property
    def indices(self) -> set[int]:
        """Of the real images in it."""
        return {
            index
            for parts in self.parts.values()
            for part in parts
            if isinstance(part, RealImages)
            for index in part.indices
        }


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


class Trained(Result):
    """A classifier that a :class:`TrainTask` trains."""

    component: ComponentRef

    beside = frozenset({"component"})


class Source(Result):
    """A generator that a :class:`FitTask` fits, as the source of one class.

    Attributes:
        component: The generator.
        classes: That it was fitted on.
        filters: What its images must pass; none lets every image pass.
        copies_rule: How copies are told, where a filter drops them.
        real: The images that must not be copied.
        judge: The classifier that is asked for agreement.
    """

    component: ComponentRef
    classes: tuple[str, ...]
    filters: tuple[Filter, ...] = ()
    copies_rule: str = ""
    real: RealImages = RealImages()
    judge: Trained | None = None

    beside = frozenset({"classes"})

    @property
    def how(self) -> str:
        """Its filters, as the user writes them."""
        return join_filters(self.filters)


class Task(Value):
    """One unit of work.

    Attributes:
        seed: What all its random numbers follow from.
        label: For people.
        dataset: Key of the data set.
        image_size: (height, width) in pixels.
        device: ``cpu`` or ``cuda``: kinds of devices differ in the last digits.
        images: How many images it learns from, for estimates.
        where: Whose training set that is, for messages.
    """

    kind: str
    seed: int
    label: str
    dataset: str
    image_size: tuple[int, int]
    device: str
    images: int = 0
    where: str = ""

    # Whether a run goes on without its result
    optional: ClassVar[bool] = False
    beside = frozenset({"label", "dataset", "image_size", "images", "where"})

    @cached_property
    def key(self) -> str:
        """Hash of all that goes into its result."""
        return hash_of(_plain(self))

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """Keys of tasks whose results it reads."""
        found = (part.task for part in _within(self) if isinstance(part, Result))
        return tuple(dict.fromkeys(found))

    @property
    def components(self) -> tuple[ComponentRef, ...]:
        """The components at work, the one that does the task first."""
        return tuple(part for part in _within(self) if isinstance(part, ComponentRef))

    @property
    def share(self) -> float:
        """About how long it takes beside other tasks of the same kind and component."""
        return 1.0

    def cost_class(self) -> str:
        """Tasks of the same class take about the same time, whatever their seed and images."""
        component = self.components[0]
        training = getattr(self, "training", None)
        epochs = component.options.get("epochs") or (training and training.epochs)
        about: list[Any] = [
            self.kind,
            self.share,
            component.name,
            component.options,
            self.image_size,
        ]
        about += [training.model_dump(mode="json") if training else None]
        return hash_of([*about, self.images if epochs else None])


def _within(value: Any) -> Iterator[Value]:
    """The values that something consists of, itself first."""
    if isinstance(value, Value):
        yield value
        value = value.deciding()
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, tuple):
        for part in value:
            yield from _within(part)


def _plain(value: Any) -> Any:
    """What decides a result, as JSON values for a key; the order of a mapping counts."""
    if isinstance(value, Value):
        return {name: _plain(part) for name, part in value.deciding().items()}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return [[name, _plain(part)] for name, part in value.items()]
    return [_plain(part) for part in value] if isinstance(value, tuple) else value


class FitTask(Task):
    """Let a generator learn from the images of its classes.

    Attributes:
        component: The generator, without the options that only its sampling goes by.
        mixture: What it learns from, by class.
        pretrain: Whether others start from it, so that nothing is drawn from it.
        start: The fit that it starts from.
    """

    kind: Literal["fit"] = "fit"
    component: ComponentRef
    mixture: Mixture
    pretrain: bool = False
    start: Result | None = None

    @property
    def share(self) -> float:
        """What classes give up for a common start, about half of their time, goes there."""
        return len(self.mixture.parts) / 2 if self.pretrain else 0.5 if self.start else 1.0


class SampleTask(Task):
    """Draw images of a class from a fitted generator.

    Attributes:
        source: What to draw from.
        class_name: Of the images.
        n: How many are wanted; filters may leave fewer.
    """

    kind: Literal["sample"] = "sample"
    source: Source
    class_name: str
    n: int


class AugmentTask(Task):
    """Change images of a class until there are as many as wanted.

    Attributes:
        augmenters: In turn.
        class_name: Of the images.
        mixture: Of that class: what is changed.
        n: How many to make.
    """

    kind: Literal["augment"] = "augment"
    augmenters: tuple[ComponentRef, ...]
    class_name: str
    mixture: Mixture
    n: int


class TrainTask(Task):
    """Train a classifier and let it predict.

    Attributes:
        component: The classifier.
        training: How it is trained.
        start: The training that it goes on from.
        online: Augmenters that act on each batch, in turn; a mixer may come last.
        mixture: The training set.
        val: Real images by which the best state is kept.
        metric: By which the best state is found, of equals by the loss.
        test: Real images to predict.
        train: Real training images to predict, for the training score.
        everything: All real images, where these are to be predicted too.
        score_val: Whether ``val`` is to be predicted too.
    """

    kind: Literal["train"] = "train"
    component: ComponentRef
    training: TrainingOptions
    start: Trained | None = None
    online: tuple[ComponentRef, ...] = ()
    mixture: Mixture
    val: RealImages
    metric: str
    test: RealImages
    train: RealImages = RealImages()
    everything: RealImages = RealImages()
    score_val: bool = False


class EvaluateTask(Task):
    """Show an evaluator what it needs and keep what it finds.

    Attributes:
        component: The evaluator.
        classes: Of the data set.
        cell: The training whose predictions it looks at.
        drawn: What the arm's generators have drawn.
        sources: Class name to what drew its images, for an evaluator that draws more.
        embedder: A classifier trained on real images, as a measure of likeness.
        train: The real training images.
        test: The real test images.
    """

    kind: Literal["evaluate"] = "evaluate"
    component: ComponentRef
    classes: tuple[str, ...]
    cell: Trained | None = None
    drawn: Mixture = Mixture()
    sources: dict[str, tuple[Source, ...]] = Field(default_factory=dict)
    embedder: Trained | None = None
    train: RealImages
    test: RealImages

    optional: ClassVar[bool] = True


AnyTask = FitTask | SampleTask | AugmentTask | TrainTask | EvaluateTask
_ADAPTER: TypeAdapter[AnyTask] = TypeAdapter(Annotated[AnyTask, Field(discriminator="kind")])


def read_task(text: str | bytes) -> AnyTask:
    """The task of ``task.model_dump_json()``."""
    return _ADAPTER.validate_json(text)
