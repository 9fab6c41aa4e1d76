"""A generator by itself: fitted one for each class, or once if it is conditional."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from neuplug.data.imageset import TrainingSet, refuse_unfit
from neuplug.errors import InputError
from neuplug.plugins.evaluator import ClassGenerator
from neuplug.plugins.generator import FitContext, FitRecord, Generator, Progress
from neuplug.plugins.registry import load
from neuplug.seeds import derive_seed
from neuplug.training.devices import pick_device


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
    name = generator if isinstance(generator, str) else type(generator).__name__.lower()
    blank = load(generator) if isinstance(generator, str) else generator
    if not isinstance(blank, Generator):
        raise InputError(f"{name} is not a generator.")
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
