"""What a plugin's classes implement: Augmenter, Generator, Classifier, Evaluator.

Each takes one validated :class:`~neuplug.options.Options` object. This module loads without torch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from neuplug.errors import InputError
from neuplug.imported import note_import
from neuplug.options import Options
from neuplug.seeds import derive_seed

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from neuplug.imageset import HeldOutSet, ImageSet, TrainingSet


class ComponentBase(ABC):  # noqa: B024 - its kinds have the abstract methods
    """What the four kinds share: options.

    Attributes:
        options_class: The model of the component's options.
        quick_options: Options that make it small and fast where only its conduct counts and not
            its result, such as ``{"steps": 3}``; :mod:`neuplug.testing` checks it with these.
        control: Whether it adds nothing new and is there to be compared with: an arm with a control
            is never taken for the best classical one, nor compared with it.
        uses: Distributions or packages that it imports, or reads files of, and that its
            distribution does not require, such as ``("acme-images",)``. Their files are part of the
            key of its results, so that it is not answered with old ones when they change.

    Example:
        >>> flip = neuplug.load("flip", vertical=0.0)
        >>> isinstance(flip, ComponentBase), flip.options.vertical, flip.control
        (True, 0.0, False)
    """

    options_class: ClassVar[type[Options]] = Options
    quick_options: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    control: ClassVar[bool] = False
    uses: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        note_import(cls.__module__)  # whoever imports it: its code is what its files are now

    def __init__(self, options: Options | None = None) -> None:
        self.options: Any = options if options is not None else self.options_class()

    def check_images(self, in_chans: int, image_size: tuple[int, int]) -> None:
        """Refuse what would fail later, before anything is trained. By default it takes all images.

        Files that options name, such as weights, are opened and checked here as well.

        Args:
            in_chans: 1 (grey) or 3 (RGB).
            image_size: (height, width) in pixels.

        Raises:
            InputError: A sentence with what it takes, and what to choose instead.

        Example:
            >>> try:
            ...     neuplug.load("dcgan").check_images(in_chans=1, image_size=(600, 600))
            ... except neuplug.InputError as error:
            ...     print(error)
            dcgan makes images from 28 to 256 pixels a side, not 600x600: choose another --imgsz.
        """
        return None


class Augmenter(ComponentBase):
    """Changes images at random without changing what they show.

    Attributes:
        joins: Whether its images always join the set, as a generator's do. By default those of an
            augmenter at the end of an arm without an amount take the others' place in each batch.
        deterministic: Whether it does the same to an image every time, such as stretching its
            contrast.
    """

    joins: ClassVar[bool] = False
    deterministic: ClassVar[bool] = False

    @abstractmethod
    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Return one changed version of each image.

        Args:
            images: uint8 (N, C, H, W), N from 0, C 1 or 3. Not to be modified in place.
            rng: The only source of randomness; on the CPU.

        Returns:
            uint8 (N, C, H, W), the same shape.
        """

    def fuse(self, following: Augmenter) -> Augmenter | None:
        """Return one augmenter that does what ``self`` then ``following`` do, or ``None``.

        Override it where doing both at once is better than one after the other, for example
        one warp instead of two. It is asked about any augmenter, another plugin's too, and leaves
        both as they are. With the same generator the images are like those of the two in turn, but
        for what doing it at once spares them, such as a second resampling.
        """
        return None


class Progress(Protocol):
    """Called while long work goes on."""

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Say that ``done`` of ``total`` steps are through; ``note`` is a short live figure."""


def _silent(done: int, total: int, note: str = "") -> None:
    return None


class Checkpoint:
    """Where interrupted work finds itself again. This one forgets; the core passes one that keeps.

    ``save`` takes a tree of dicts, lists, tensors, numbers, strings and ``None``, such as
    ``{"step": 100, "model": model.state_dict(), "optimizer": optimizer.state_dict()}``.
    """

    def save(self, tree: Mapping[str, Any]) -> None:
        """Keep ``tree``, replacing what was kept before, never leaving half of it."""

    def load(self) -> dict[str, Any] | None:
        """What was kept last, or ``None``."""
        return None


@dataclass(frozen=True)
class FitContext:
    """What a generator is given besides its images.

    Attributes:
        device: Where to train; results must be on the CPU.
        seed: The source of all randomness.
        name: What is being fitted, for messages, for example ``dcgan for crazing``.
        progress: To be called now and then.
        checkpoint: To be saved now and then and loaded at the start.
    """

    device: torch.device
    seed: int
    name: str = "generator"
    progress: Progress = _silent
    checkpoint: Checkpoint = field(default_factory=Checkpoint)


@dataclass
class FitRecord:
    """What happened in a fit, for the report.

    Attributes:
        curves: Name to (step, value) pairs; a value is finite.
        units: Name of a curve to what it is measured in, such as ``probability``, unless it is a
            loss: curves of one unit share a scale, so every other unit is drawn apart from losses.
        grids: (step, uint8 (N, C, H, W)): the same fixed noise drawn at several steps.
        warnings: Sentences that the user must see, such as a collapse of diversity.
        checkpoints: (step, distance to the training images) of each generator that was kept;
            the smallest distance is the best one.
        epoch_steps: Steps in an epoch, where the length of the training was given in epochs.
    """

    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    grids: list[tuple[int, Tensor]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    checkpoints: list[tuple[int, float]] = field(default_factory=list)
    epoch_steps: int | None = None
    units: dict[str, str] = field(default_factory=dict)


class Generator(ComponentBase):
    """Learns from images and draws new ones.

    Attributes:
        sampling_options: Options that matter to :meth:`sample` alone, such as which checkpoint to
            draw from: arms that differ in these share one fit.
    """

    sampling_options: ClassVar[frozenset[str]] = frozenset()

    @property
    def conditional(self) -> bool:
        """Whether one fit serves all classes. By default the core fits one for each class."""
        return False

    @abstractmethod
    def fit(self, train: TrainingSet, context: FitContext) -> FitRecord:
        """Learn from ``train``: the images of one class, or of all if ``conditional``.

        Raises:
            InputError: If they are too few for it; a class may have a single one.
            TrainingDiverged: If a loss is no longer finite.
        """

    @abstractmethod
    def sample(self, labels: Tensor, seed: int) -> Tensor:
        """Draw one image for each label, the same ones for the same seed.

        Args:
            labels: int64 (N,), N from 0, indices into the classes of the set it was fitted on.
            seed: The only source of randomness.

        Returns:
            uint8 (N, C, H, W) on the CPU.
        """

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """All that :meth:`sample` needs, as a tree of tensors, numbers and strings."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned; then :meth:`sample` works."""


class LatentGenerator(Generator):
    """A generator that draws an image from a point in a latent space, differentiably."""

    @property
    @abstractmethod
    def latent_dim(self) -> int:
        """Length of a latent vector; :meth:`sample` draws it from a standard normal."""

    @abstractmethod
    def decode(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Images of latents, with gradients; each depends on its own latent and label alone.

        Args:
            latents: float32 (N, ``latent_dim``), N from 0.
            labels: int64 (N,), as for :meth:`sample`.

        Returns:
            float32 (N, C, H, W) in grey levels, 0-255, on the latents' device: of latents from a
            standard normal, images such as :meth:`sample` draws.
        """


class Classifier(ComponentBase):
    """Builds a network. The core trains it, so that every arm is treated alike."""

    @property
    def channels(self) -> frozenset[int]:
        """The numbers of image channels it takes; the core turns grey into RGB where needed."""
        return frozenset({1, 3})

    @property
    def normalization(self) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        """Mean and standard deviation for pixels in 0-1, or ``None``: those of the real images."""
        return None

    def check_images(self, in_chans: int, image_size: tuple[int, int]) -> None:
        """Refuse RGB images where it takes grey ones alone; see :class:`ComponentBase`."""
        if in_chans == 3 and 3 not in self.channels:
            raise InputError(
                f"{type(self).__name__} takes grey images only, and these are RGB: choose another "
                "classifier."
            )

    @abstractmethod
    def build(self, num_classes: int, in_chans: int, image_size: tuple[int, int]) -> nn.Module:
        """Return a new network, initialised from torch's current random state.

        The module maps normalised float images (N, in_chans, H, W) to logits (N, num_classes);
        its ``forward_features`` maps them to embeddings (N, F). In ``eval()`` N may be 0.

        Raises:
            InputError: If the images are too small for it.
        """


@dataclass(frozen=True)
class ClassGenerator:
    """A fitted generator as the source of one class.

    Attributes:
        generator: Ready to sample. What it draws itself has passed no filter.
        label: The class among those that the generator was fitted on.
    """

    generator: Generator
    label: int

    def sample(self, n: int, seed: int) -> Tensor:
        """Draw ``n`` images of the class, uint8 (n, C, H, W), the same ones for the same seed.

        Where the arm has filters (``filter=copies``), these images have passed them too, as those
        that the classifiers were trained on: others are drawn in place of what is dropped.

        Raises:
            NeuplugError: If the filters let fewer than ``n`` of ten times as many images pass.
        """
        import torch

        return self.generator.sample(torch.full((n,), self.label, dtype=torch.int64), seed)


@dataclass(frozen=True)
class Embedder:
    """A classifier trained on the run's real training images, as a measure of likeness.

    Attributes:
        name: The classifier's name.
        embed: uint8 (N, C, H, W) to features, float32 (N, F), on the CPU.
        classify: uint8 (N, C, H, W) to logits, float32 (N, classes), on the CPU; the core gives it.
    """

    name: str
    embed: Callable[[Tensor], Tensor]
    classify: Callable[[Tensor], Tensor] | None = None


@dataclass(frozen=True)
class EvaluationContext:
    """What an evaluator may look at.

    Attributes:
        train: The real training images.
        test: The real test images.
        generated: What a generator drew, or ``None`` where the arm has none.
        logits: float32 (N, classes) on ``test``, or ``None`` where no classifier is involved.
        seed: The source of all randomness.
        folder: An empty folder for figures.
        generators: Class names to what drew their images, one for each pooled training run;
            filled for an evaluator that needs ``generators``.
        embedder: Filled for an evaluator that needs ``embedder``.
    """

    train: TrainingSet
    test: HeldOutSet
    generated: ImageSet | None
    logits: Tensor | None
    device: torch.device
    seed: int
    folder: Path
    generators: Mapping[str, tuple[ClassGenerator, ...]] = field(default_factory=dict)
    embedder: Embedder | None = None

    def draw(self, name: str, n: int, seed: int) -> Tensor:
        """Draw ``n`` more images of a class, uint8 (n, C, H, W), from all its training runs alike.

        They are of the kind that the classifiers were trained on: an arm's filters hold for them
        as for ``generated``. There are always ``n``, since fewer would be another measure.

        Raises:
            KeyError: If no generator draws the class.
            NeuplugError: If the filters let too few pass; see :meth:`ClassGenerator.sample`. An
                evaluator that does not catch it fails with its sentence and stops nothing else.
        """
        import torch

        sources = self.generators[name]
        shares = [n // len(sources) + (i < n % len(sources)) for i in range(len(sources))]
        return torch.cat(
            [
                s.sample(k, derive_seed(seed, i))
                for i, (s, k) in enumerate(zip(sources, shares, strict=True))
            ]
        )


@dataclass(frozen=True)
class Metric:
    """One number that an evaluator found.

    Attributes:
        name: What is measured, such as ``kid``: the same for all classes and arms. Recipes and
            programs find it by its name and its class.
        value: Finite.
        class_name: The class that it is of; ``None``: all classes together.
        low: Lower end of its 95 % interval within this repeat, with ``high``.
        high: Upper end.
        std: Its standard deviation within this repeat, such as over several generated sets.
        n: Images that it comes from, of the kind that is judged: generated ones, as a rule.
        unit: ``share`` for a part of a whole, from 0 to 1, which the report shows in percent;
            ``images`` for a number of images; else what it is measured in, or empty.
        label: What the report calls it, such as ``kernel inception distance``; by default its name.
        higher_is_better: ``None`` where neither higher nor lower is.
        reference: The value that real images have, such as the distance between two halves of them.

    Example:
        >>> kid = neuplug.Metric("kid", 0.021, n=240, low=0.014, high=0.03, reference=0.001)
        >>> kid.value > kid.reference, kid.class_name is None, kid.label
        (True, True, '')
    """

    name: str
    value: float
    class_name: str | None = None
    low: float | None = None
    high: float | None = None
    std: float | None = None
    n: int | None = None
    unit: str = ""
    label: str = ""
    higher_is_better: bool | None = None
    reference: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """What an evaluator found.

    Attributes:
        metrics: Its numbers, no name twice for one class.
        figures: Files written below the context's folder, none of them empty. Files that differ in
            their suffix alone are one figure, of which the report shows the first and keeps all.
        warnings: Sentences that the user must see, such as too few images for a measure.
    """

    metrics: Sequence[Metric]
    figures: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()

    def metric(self, name: str, class_name: str | None = None) -> Metric:
        """The metric of this name, of a class or of all together.

        Raises:
            KeyError: If there is none.
        """
        for metric in self.metrics:
            if (metric.name, metric.class_name) == (name, class_name):
                return metric
        raise KeyError((name, class_name))


class Evaluator(ComponentBase):
    """Measures generated images or predictions.

    Its numbers and figures are a section of the report.

    Attributes:
        title: The heading of that section; the component's name where it is empty.
        guide: How to read the numbers and figures, in a few sentences for someone who has never
            seen such ones; may be empty.
    """

    title: ClassVar[str] = ""
    guide: ClassVar[str] = ""

    @property
    def needs(self) -> frozenset[str]:
        """Of ``generated``, ``generators``, ``embedder`` and ``logits``, what must be there.

        It is called once for each generated set, or once for each cell if it needs ``logits``.
        """
        return frozenset({"generated"})

    @abstractmethod
    def evaluate(self, context: EvaluationContext) -> Evaluation:
        """Measure. An exception is recorded beside the result, and stops nothing but for one.

        Some classes may have no generated image, or a single one. What that does not allow is left
        out, with a sentence in ``warnings``.

        Raises:
            NeuplugError: A sentence, if there is nothing to measure.
            InputError: A sentence, if what the user gave is at fault, such as a weights file that
                is not there. It ends the run.
        """


KINDS: Mapping[str, type[ComponentBase]] = {
    "augmenter": Augmenter,
    "generator": Generator,
    "classifier": Classifier,
    "evaluator": Evaluator,
}

__all__ = [
    "KINDS",
    "Augmenter",
    "Checkpoint",
    "ClassGenerator",
    "Classifier",
    "ComponentBase",
    "Embedder",
    "Evaluation",
    "EvaluationContext",
    "Evaluator",
    "FitContext",
    "FitRecord",
    "Generator",
    "LatentGenerator",
    "Metric",
    "Options",
    "Progress",
]
