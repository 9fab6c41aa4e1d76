"""Evaluators: measure generated images or predictions. Loads no torch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from neuplug.plugins.component import ComponentBase
from neuplug.plugins.generator import Generator
from neuplug.records import Record
from neuplug.seeds import derive_seed

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from neuplug.data.imageset import HeldOutSet, ImageSet, TrainingSet


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
    std: Annotated[float, Field(ge=0)] | None = None
    n: Annotated[int, Field(ge=0)] | None = None
    unit: str = ""
    label: str = ""
    higher_is_better: bool | None = None
    reference: float | None = None

    # as a part of a file of results it is checked like the other parts
    __pydantic_config__ = Record.model_config


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
