"""An evaluator by itself."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from neuplug.data.imageset import HeldOutSet, ImageSet, TrainingSet
from neuplug.errors import InputError
from neuplug.library.generators import FittedGenerator
from neuplug.plugins.evaluator import Embedder, Evaluation, EvaluationContext, Evaluator
from neuplug.plugins.registry import load
from neuplug.training.devices import pick_device
from neuplug.training.fitted import FittedClassifier


def held_out(images: ImageSet) -> HeldOutSet:
    """The same images, for measuring alone: nothing that learns accepts them.

    Example:
        >>> photos = torch.zeros(4, 1, 32, 32, dtype=torch.uint8)
        >>> test = neuplug.held_out(neuplug.training_set(photos, ["rust", "dent"] * 2))
        >>> test.counts(), isinstance(test, neuplug.TrainingSet)
        ({'dent': 2, 'rust': 2}, False)
    """
    return HeldOutSet(images.images, images.labels, images.classes, images.ids)


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
    component = load(evaluator) if isinstance(evaluator, str) else evaluator
    name = evaluator if isinstance(evaluator, str) else type(evaluator).__name__
    if not isinstance(component, Evaluator):
        raise InputError(f"{name} is not an evaluator.")
    given = {
        "generated": generated,
        "generators": generator,
        "embedder": classifier,
        "logits": logits,
    }
    _refuse_unfit(name, train, test, sorted(n for n in component.needs if given.get(n) is None))
    component.check_images(train.channels, train.image_size)
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="neuplug-"))
    folder.mkdir(parents=True, exist_ok=True)
    return component.evaluate(
        EvaluationContext(
            train=train,
            test=test,
            generated=generated,
            logits=logits,
            device=pick_device(device),
            seed=seed,
            folder=folder,
            generators={c: (s,) for c, s in generator.sources.items()} if generator else {},
            embedder=Embedder("classifier", classifier.embed, classifier.classify)
            if classifier
            else None,
        )
    )


def _refuse_unfit(name: str, train: object, test: object, missing: Sequence[str]) -> None:
    """Refuse parts of another type, such as when the two are swapped, and what is not given."""
    for part, images, kind in (("train", train, TrainingSet), ("test", test, HeldOutSet)):
        if not isinstance(images, kind):
            raise InputError(
                f"{name}: {part} must be a neuplug.{kind.__name__}, not a "
                f"{type(images).__name__}: give the parts of a split, or train=neuplug.training_set"
                "(...) and test=neuplug.held_out(...)."
            )
    if missing:
        asked = [{"generators": "generator", "embedder": "classifier"}.get(m, m) for m in missing]
        raise InputError(
            f"{name} needs {' and '.join(asked)}: give {'them' if len(asked) > 1 else 'it'}."
        )
