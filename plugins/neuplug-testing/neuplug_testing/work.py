"""The work that each kind of component is there for, as the core lets it do it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuplug.data.imageset import TrainingSet
from neuplug.plugins.component import Augmenter, Classifier, ComponentBase, Mixer
from neuplug.plugins.evaluator import ClassGenerator, Embedder, EvaluationContext, Evaluator, Metric
from neuplug.plugins.generator import Checkpoint, FitContext, FitRecord, Generator, LatentGenerator
from neuplug.seeds import seeded
from neuplug.training.fitted import FittedClassifier
from neuplug_testing.pictures import CLASSES, Format, generated_set, held_out_set, training_set

CPU = torch.device("cpu")
DRAWN = 8
# Part of the largest number; a batch of another size, or another process, sums up in another order
ROUNDING = 1e-3


@dataclass
class Done:
    """What came of a component's work.

    Attributes:
        value: What it returned, to be compared: a tensor, or names with numbers.
        changed: The tensors that it was given and changed in place.
        progress: The calls of ``context.progress``: (done, total).
        record: The ``FitRecord`` of a generator's fit; the ``Evaluation`` of an evaluator.
    """

    value: Any
    changed: list[str]
    progress: list[tuple[int, int]] = field(default_factory=list)
    record: Any = None


class _Given:
    """Tensors that are handed over, with copies to see whether they stay as they are."""

    def __init__(self, **tensors: Tensor) -> None:
        self._now = tensors
        self._before = {name: tensor.clone() for name, tensor in tensors.items()}

    def changed(self) -> list[str]:
        return [name for name, t in self._now.items() if not torch.equal(t, self._before[name])]


def augment(
    augmenter: Augmenter, form: Format, seed: int, folder: Path, n: int | None = None
) -> Done:
    """Change a batch, of ``n`` images if that is said."""
    images = training_set(form).images[:n]
    given = _Given(images=images)
    result = augmenter.augment(images, torch.Generator().manual_seed(seed))
    return Done(result, given.changed())


def one_hot(labels: Tensor) -> Tensor:
    """Targets of unmixed images, float32 (N, classes)."""
    return torch.nn.functional.one_hot(labels, len(CLASSES)).float()


def mix(mixer: Mixer, form: Format, seed: int, folder: Path, n: int | None = None) -> Done:
    """Mix a batch, of ``n`` images if that is said."""
    train = training_set(form)
    images, targets = train.images[:n], one_hot(train.labels[:n])
    given = _Given(images=images, targets=targets)
    mixed = mixed_batch(mixer, images, targets, torch.Generator().manual_seed(seed))
    return Done(mixed, given.changed())


def mixed_batch(
    mixer: Mixer, images: Tensor, targets: Tensor, rng: torch.Generator
) -> dict[str, Tensor]:
    """What a mixer makes of a batch: ``images`` and ``targets``.

    Raises:
        TypeError: If it returns anything but a pair.
    """
    mixed = mixer.mix(images, targets, rng)
    if not isinstance(mixed, tuple) or len(mixed) != 2:
        raise TypeError(f"mix returned a {type(mixed).__name__} instead of images and targets")
    return dict(zip(("images", "targets"), mixed, strict=True))


def on_batch(component: Augmenter | Mixer, images: Tensor, rng: torch.Generator) -> Any:
    """What an augmenter or a mixer makes of images whose classes take turns."""
    if isinstance(component, Augmenter):
        return component.augment(images, rng)
    return mixed_batch(component, images, one_hot(torch.arange(len(images)) % len(CLASSES)), rng)


def to_learn(generator: Generator, form: Format) -> TrainingSet:
    """What the core would give it: all classes, or one alone."""
    return training_set(form, CLASSES if generator.conditional else CLASSES[:1])


def to_draw(generator: Generator, n: int = DRAWN) -> Tensor:
    """Labels, int64 (n,)."""
    return torch.arange(n) % (len(CLASSES) if generator.conditional else 1)


def generate(
    generator: Generator,
    form: Format,
    seed: int,
    folder: Path,
    checkpoint: Checkpoint | None = None,
    train: TrainingSet | None = None,
    start: Mapping[str, Any] | None = None,
) -> Done:
    """Fit, on the usual images if none are given, and draw."""
    train = to_learn(generator, form) if train is None else train
    given = _Given(images=train.images, labels=train.labels)
    steps: list[tuple[int, int]] = []

    def progress(done: int, total: int, note: str = "") -> None:
        steps.append((done, total))

    context = FitContext(CPU, seed, "the generator", progress, checkpoint or Checkpoint(), start)
    record = generator.fit(train, context)
    drawn = generator.sample(to_draw(generator), seed)
    return Done(drawn, given.changed(), steps, FitRecord() if record is None else record)


def build(classifier: Classifier, form: Format, seed: int, num_classes: int) -> FittedClassifier:
    """A new network, as the core makes it, with weights drawn by ``seed``."""
    # grey becomes RGB where the classifier does not take grey
    channels = form.channels if form.channels in classifier.channels else 3
    with seeded(seed, CPU):
        module = classifier.build(num_classes, channels, form.image_size)
    module = module.to(memory_format=torch.channels_last)
    level = torch.full((channels,), 0.4)
    return FittedClassifier(module, level, level / 2, channels)


def classify(classifier: Classifier, form: Format, seed: int, folder: Path, n: int = DRAWN) -> Done:
    """Build a network and ask it about a batch of ``n`` images."""
    fitted = build(classifier, form, seed, 3)
    batch = fitted.prepare(training_set(form).images[:n])
    given = _Given(images=batch)
    module = fitted.module.eval()
    with torch.no_grad(), seeded(seed, CPU):
        logits = module(batch)
    return Done(logits, given.changed())


class Pattern(LatentGenerator):
    """For evaluators: a class's mean image with more or less of some of its images."""

    def __init__(self, images: Tensor) -> None:
        super().__init__()
        pixels = images.float()
        self.mean, self.ways = pixels.mean(0), pixels - pixels.mean(0)

    @property
    def latent_dim(self) -> int:
        """As many as there are images."""
        return len(self.ways)

    def decode(self, latents: Tensor, labels: Tensor) -> Tensor:
        """See :class:`neuplug.LatentGenerator`."""
        mixed = torch.einsum("nl,lchw->nchw", latents / math.sqrt(len(self.ways)), self.ways)
        return (self.mean + mixed).clamp(0, 255)

    def sample(self, labels: Tensor, seed: int) -> Tensor:
        """See :class:`neuplug.Generator`."""
        rng = torch.Generator().manual_seed(seed)
        latents = torch.randn(len(labels), self.latent_dim, generator=rng)
        return self.decode(latents, labels).round().to(torch.uint8)

    def fit(self, train: TrainingSet, context: FitContext) -> FitRecord:
        """It is fitted from the beginning."""
        return FitRecord()

    def state_dict(self) -> dict[str, Any]:
        """See :class:`neuplug.Generator`."""
        return {"mean": self.mean, "ways": self.ways}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """See :class:`neuplug.Generator`."""
        self.mean, self.ways = state["mean"], state["ways"]


def _embed(images: Tensor) -> Tensor:
    """Mean grey levels of a 4x4 grid, which tell lying from standing bars a little."""
    pooled = torch.nn.functional.adaptive_avg_pool2d(images.float() / 255, 4).flatten(1)
    return torch.cat([pooled, pooled.square()], dim=1)


def _classify(images: Tensor) -> Tensor:
    """Logits by whether rows or columns differ more."""
    grey = images.float().mean(1)
    return torch.stack([grey.mean(2).std(1), grey.mean(1).std(1)], dim=1)


def context_for(evaluator: Evaluator, form: Format, seed: int, folder: Path) -> EvaluationContext:
    """What the core would give it: all that it needs, and no more."""
    needs = evaluator.needs
    train, test = training_set(form), held_out_set(form)
    sources = {
        name: (ClassGenerator(Pattern(train.of_class(label).images), 0),)
        for label, name in enumerate(CLASSES)
    }
    return EvaluationContext(
        train=train,
        test=test,
        generated=generated_set(form) if "generated" in needs else None,
        logits=_classify(test.images) if "logits" in needs else None,
        device=CPU,
        seed=seed,
        folder=folder,
        generators=sources if "generators" in needs else {},
        embedder=Embedder("stand-in", _embed, _classify) if "embedder" in needs else None,
    )


def evaluate(evaluator: Evaluator, form: Format, seed: int, folder: Path) -> Done:
    """Measure."""
    context = context_for(evaluator, form, seed, folder)
    sets = {"train": context.train, "test": context.test, "generated": context.generated}
    tensors = {f"{name} images": s.images for name, s in sets.items() if s is not None}
    if context.logits is not None:
        tensors["logits"] = context.logits
    given = _Given(**tensors)
    found = evaluator.evaluate(context)
    metrics = [m for m in getattr(found, "metrics", ()) if isinstance(m, Metric)]
    value = {f"{m.name}, {m.class_name}": asdict(m) for m in metrics}
    return Done(value, given.changed(), record=found)


WORK: Mapping[str, Callable[[Any, Format, int, Path], Done]] = {
    "augmenter": augment,
    "mixer": mix,
    "generator": generate,
    "classifier": classify,
    "evaluator": evaluate,
}


def again(kind: str, component: ComponentBase, form: Format, seed: int, folder: Path) -> Any:
    """The part of the work that the core asks for again and again of one object."""
    if isinstance(component, Generator):
        return component.sample(to_draw(component), seed)
    return WORK[kind](component, form, seed, folder).value


def alike(one: Any, other: Any, tolerance: float = 0.0) -> bool:
    """Whether two values are the same.

    Args:
        one: A value of :class:`Done`.
        other: Another one.
        tolerance: As a part of the largest number; for what another process has computed.
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(
            alike(one[key], other[key], tolerance) for key in one
        )
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        if one.shape != other.shape or one.dtype != other.dtype:
            return False
        if not tolerance or not one.numel():
            return torch.equal(one, other)
        gap = (one.double() - other.double()).abs().max()
        return bool(gap <= tolerance * one.double().abs().max().clamp(min=1))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=max(tolerance, 1e-9)) or (
            math.isnan(one) and math.isnan(other)
        )
    return bool(one == other)
