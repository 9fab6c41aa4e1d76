"""What a classifier's logits on the test images are worth, and what it costs. Light until used."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from neuplug.records import Record

if TYPE_CHECKING:
    from torch import Tensor, nn

    from neuplug.data.imageset import ImageSet
    from neuplug.training.fitted import FittedClassifier

# Forward passes before those that are timed, and those
_WARM_UP, _TIMED = 3, 20

# A part of a whole, from 0 to 1
Share = Annotated[float, Field(ge=0, le=1)]

# A number of things, from 0
Count = Annotated[int, Field(ge=0)]


class ClassScores(Record):
    """How well the images of one class are recognised.

    Attributes:
        precision: Of the images predicted to be of the class, those that are; 0 if none is
            predicted so.
        recall: Of the images of the class, those predicted to be; 0 if there is none.
        f1: The harmonic mean of both; 0 where both are.
        support: Images of the class.
    """

    precision: Share
    recall: Share
    f1: Share
    support: Count


class Scores(Record):
    """How well a classifier does on some images.

    Attributes:
        accuracy: Images classified rightly.
        precision: The mean over classes.
        recall: The mean over classes.
        f1: The mean over classes (macro F1).
        loss: The mean cross-entropy, in nats.
        per_class: By class name, in label order.
        confusion: Numbers of images; rows: the true class, columns: the predicted one, both in
            label order.

    Example:
        >>> found = neuplug.classification_metrics(torch.eye(2), torch.tensor([0, 1]), ["a", "b"])
        >>> isinstance(found, neuplug.Scores), found.metrics["recall"], found.per_class["b"].f1
        (True, 1.0, 1.0)
    """

    accuracy: Share
    precision: Share
    recall: Share
    f1: Share
    loss: Annotated[float, Field(ge=0)]
    per_class: dict[str, ClassScores]
    confusion: tuple[tuple[Count, ...], ...]

    @property
    def metrics(self) -> dict[str, float]:
        """The numbers of all classes together, by name."""
        return {name: getattr(self, name) for name in METRICS}


class Profile(Record):
    """What a classifier costs, whatever it is trained on.

    Attributes:
        parameters: Trainable numbers.
        multiply_adds: Of convolutions and dense layers, for one image.
        latency_ms: Median time for one uint8 image, its normalisation included, in milliseconds; of
            a run the median over its cells.
        threads: Processor threads that this time was taken with.
    """

    parameters: Count
    multiply_adds: Count
    latency_ms: Annotated[float, Field(ge=0)]
    threads: Annotated[int, Field(ge=1)]


# The metrics of all classes together
METRICS = ("accuracy", "precision", "recall", "f1", "loss")

# The metrics of a class
CLASS_METRICS = ("precision", "recall", "f1")


def classification_metrics(logits: Tensor, labels: Tensor, classes: Sequence[str]) -> Scores:
    """Accuracy, macro precision, recall and F1, cross-entropy, the same per class, confusions.

    A class that is never predicted has precision 0.

    Args:
        logits: float32 (N, classes).
        labels: int64 (N,).
        classes: Class names in label order.

    Returns:
        :class:`neuplug.Scores`.

    Example:
        >>> logits = torch.tensor([[2.0, 0.0], [0.0, 2.0], [1.0, 0.0], [0.0, 3.0]])
        >>> found = neuplug.classification_metrics(logits, torch.tensor([0, 1, 1, 1]), ["a", "b"])
        >>> found.accuracy, found.confusion, found.per_class["a"].precision
        (0.75, ((1, 0), (1, 2)), 0.5)
    """
    # a few lines here: scikit-learn would take longer to load than a small run takes in all
    import torch

    predicted, count = logits.argmax(1), len(classes)
    confusion = torch.bincount(labels * count + predicted, minlength=count**2).view(count, count)
    hits, support = confusion.diagonal().double(), confusion.sum(1)
    precision, recall = hits / confusion.sum(0).clamp(min=1), hits / support.clamp(min=1)
    f1 = 2 * hits / (confusion.sum(0) + support).clamp(min=1)
    # of a certain and wrong answer as scikit-learn's log_loss has it, not infinite
    least = torch.finfo(torch.float64).eps
    likelihood = logits.double().softmax(1).gather(1, labels[:, None]).clamp(least, 1 - least)
    per_class = (precision.tolist(), recall.tolist(), f1.tolist(), support.tolist())
    return Scores(
        accuracy=float((predicted == labels).double().mean()),
        precision=float(precision.mean()),
        recall=float(recall.mean()),
        f1=float(f1.mean()),
        loss=-float(likelihood.log().mean()),
        per_class={
            name: ClassScores(precision=p, recall=r, f1=f, support=n)
            for name, p, r, f, n in zip(classes, *per_class, strict=True)
        },
        confusion=confusion.tolist(),
    )


def profile_classifier(fitted: FittedClassifier, images: ImageSet) -> Profile:
    """Measure a classifier on an image of the size of ``images``.

    Args:
        fitted: On the device to measure.
        images: At least one image.
    """
    import torch

    module, one = fitted.module.eval(), images.images[:1]
    seconds = []
    with torch.no_grad():
        multiply_adds = _multiply_adds(module, fitted.prepare(one))
        for _ in range(_WARM_UP + _TIMED):
            started = time.perf_counter()
            module(fitted.prepare(one)).cpu()  # waits for the device
            seconds.append(time.perf_counter() - started)
    return Profile(
        parameters=sum(p.numel() for p in module.parameters() if p.requires_grad),
        multiply_adds=multiply_adds,
        latency_ms=1000 * statistics.median(seconds[_WARM_UP:]),
        threads=torch.get_num_threads(),
    )


def _multiply_adds(module: nn.Module, one: Tensor) -> int:
    """Of convolutions and dense layers, for what is put in.

    PyTorch's ``FlopCounterMode`` would load ``torch.compile``, which takes seconds.
    """
    from torch import nn

    counts: list[int] = []

    def count(layer: Any, _: Any, output: Tensor) -> None:
        counts.append(output.numel() * layer.weight[0].numel())

    kinds = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
    hooks = [m.register_forward_hook(count) for m in module.modules() if isinstance(m, kinds)]
    module(one)
    for hook in hooks:
        hook.remove()
    return sum(counts)
