"""Components by themselves: a generator fitted to every class, an evaluator that measures."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuplug.data.imageset import HeldOutSet, ImageSet, TrainingSet, refuse_unfit
from neuplug.errors import InputError
from neuplug.plugins.component import ComponentBase
from neuplug.plugins.evaluator import (
    ClassGenerator,
    Embedder,
    Evaluation,
    EvaluationContext,
    Evaluator,
)
from neuplug.plugins.generator import FitContext, FitRecord, Generator, Progress
from neuplug.plugins.registry import load
from neuplug.seeds import derive_seed
from neuplug.training.devices import pick_device
from neuplug.training.fitted import FittedClassifier

# What an evaluator's needs are called here
_ARGUMENTS = {"generators": "generator", "embedder": "classifier"}


def component_of(
    kind: type[ComponentBase], given: str | ComponentBase, **options: Any
) -> tuple[str, Any]:
    """A component of one kind, with its name.

    Args:
        kind: The base class of its kind.
        given: The component's name, or one that is loaded.
        options: Of the component, if a name is given.

    Raises:
        InputError: If it is of another kind, or there is none of that name.
    """
    component = load(given, **options) if isinstance(given, str) else given
    name = given if isinstance(given, str) else type(given).__name__.lower()
    if not isinstance(component, kind):
        what = kind.__name__.lower()
        raise InputError(f"{name} is not {'an' if what[0] in 'aeiou' else 'a'} {what}.")
    return name, component


@dataclass(frozen=True)
class FittedGenerator:
    """A generator that has learned every class of a set.

    Attributes:
        name: Of the component; the origin of its images.
        classes: Class names in label order.
        sources: Class name to what draws its images.
        records: Class name to what happened in its fit, the same one for all if it is conditional.
    """

    name: str
    classes: tuple[str, ...]
    sources: Mapping[str, ClassGenerator]
    records: Mapping[str, FitRecord] = field(repr=False)

    def sample(self, n: int | Mapping[str, int], seed: int) -> TrainingSet:
        """Draw images, the same ones for the same seed.

        Args:
            n: Images of each class, or class names to numbers.
            seed: The only source of randomness.

        Raises:
            InputError: If it has not learned a class.
        """
        counts = dict.fromkeys(self.classes, n) if isinstance(n, int) else dict(n)
        if strangers := sorted(set(counts) - set(self.classes)):
            raise InputError(
                f"{self.name} has not learned {', '.join(strangers)}; "
                f"it draws {', '.join(self.classes)}."
            )
        parts = []
        for name, k in counts.items():
            images = self.sources[name].sample(k, derive_seed(seed, name))
            labels = torch.full((k,), self.classes.index(name), dtype=torch.int64)
            ids = tuple(f"{self.name}/{name}/{i:05d}" for i in range(k))
            parts.append(TrainingSet(images, labels, self.classes, ids, (self.name,) * k))
        return TrainingSet.concatenate(parts)


def fit_generator(
    generator: str | Generator,
    train: TrainingSet,
    *,
    seed: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
) -> FittedGenerator:
    """Fit a generator to every class of a set.

    Args:
        generator: A component's name, or one that is loaded with options and not fitted; it stays
            as it is.
        train: Real images.
        seed: The source of all randomness.
        device: ``auto``, ``cpu``, ``cuda``.
        progress: Told how far each fit is.

    Raises:
        InputError: If there is no such generator, it cannot take these images, or they are no
            training set.
        TrainingDiverged: If a loss is no longer finite.

    Example:
        >>> dcgan = neuplug.load("dcgan", steps=2, ngf=4, ndf=4)
        >>> images = neuplug.training_set(torch.zeros(8, 1, 32, 32, dtype=torch.uint8), [0, 1] * 4)
        >>> neuplug.fit_generator(dcgan, images, device="cpu").sample(3, seed=0).counts()
        {'0': 3, '1': 3}
    """
    name, blank = component_of(Generator, generator)
    refuse_unfit(train, name)
    blank.check_images(train.channels, train.image_size)
    where = pick_device(device)
    sources: dict[str, ClassGenerator] = {}
    records: dict[str, FitRecord] = {}
    told: dict[str, Any] = {} if progress is None else {"progress": progress}
    for together in [train.classes] if blank.conditional else [(c,) for c in train.classes]:
        fitted = copy.deepcopy(blank)
        title = name if blank.conditional else f"{name}, {together[0]}"
        context = FitContext(where, derive_seed(seed, "fit", name, *together), title, **told)
        record = fitted.fit(train if blank.conditional else _only(train, together[0]), context)
        for label, c in enumerate(together):
            sources[c], records[c] = ClassGenerator(fitted, label), record
    return FittedGenerator(name, train.classes, sources, records)


def _only(train: TrainingSet, name: str) -> TrainingSet:
    """The images of a class, which is the new set's only one."""
    mine = train.of_class(train.classes.index(name))
    if not len(mine):
        raise InputError(f"there are no images of {name} to learn from.")
    return replace(mine, labels=torch.zeros_like(mine.labels), classes=(name,))


def evaluate(
    evaluator: str | Evaluator,
    *,
    train: TrainingSet,
    test: HeldOutSet,
    generated: ImageSet | None = None,
    generator: FittedGenerator | None = None,
    classifier: FittedClassifier | None = None,
    logits: Tensor | None = None,
    folder: Path | None = None,
    seed: int = 0,
    device: str = "auto",
) -> Evaluation:
    """Ask an evaluator about images or predictions.

    Args:
        evaluator: A component's name, or one that is loaded with options.
        train: The real training images.
        test: Real images that nothing has learned from.
        generated: What a generator drew.
        generator: To draw more from.
        classifier: Trained on ``train``: gives the features that likeness is measured in.
        logits: float32 (N, classes), of a classifier on ``test``.
        folder: Where figures go; by default a new temporary folder.
        seed: The source of all randomness.
        device: ``auto``, ``cpu``, ``cuda``.

    Raises:
        InputError: If there is no such evaluator, it needs what is not given, or ``train`` or
            ``test`` is of another type, such as when the two are swapped.

    Example:
        >>> photos = torch.randint(0, 256, (20, 1, 32, 32), dtype=torch.uint8)
        >>> images = neuplug.training_set(photos, ["rust", "dent"] * 10)
        >>> train, test = images.subset(range(12)), neuplug.held_out(images.subset(range(12, 20)))
        >>> by_pixels = neuplug.load("memorization", features=False)
        >>> found = neuplug.evaluate(by_pixels, train=train, test=test, generated=train)
        >>> found.metric("copies, pixels").value
        1.0
    """
    name, component = component_of(Evaluator, evaluator)
    for part, images, kind in (("train", train, TrainingSet), ("test", test, HeldOutSet)):
        if not isinstance(images, kind):  # such as when the two are swapped
            raise InputError(
                f"{name}: {part} must be a neuplug.{kind.__name__}, not a "
                f"{type(images).__name__}: give the parts of a split, or train=neuplug.training_set"
                "(...) and test=neuplug.held_out(...)."
            )
    given = dict(generated=generated, generators=generator, embedder=classifier, logits=logits)
    missing = sorted(need for need in component.needs if given.get(need) is None)
    if asked := [_ARGUMENTS.get(need, need) for need in missing]:
        raise InputError(
            f"{name} needs {' and '.join(asked)}: give {'them' if len(asked) > 1 else 'it'}."
        )
    component.check_images(train.channels, train.image_size)
    folder = folder or Path(tempfile.mkdtemp(prefix="neuplug-"))
    folder.mkdir(parents=True, exist_ok=True)
    embedder = None
    if classifier is not None:
        embedder = Embedder("classifier", classifier.embed, classifier.classify)
    found: Evaluation = component.evaluate(
        EvaluationContext(
            train=train,
            test=test,
            generated=generated,
            logits=logits,
            device=pick_device(device),
            seed=seed,
            folder=folder,
            generators={c: (s,) for c, s in generator.sources.items()} if generator else {},
            embedder=embedder,
        )
    )
    return found
