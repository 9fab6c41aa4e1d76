"""The one loop that trains every classifier, so that arms differ in their images only."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import lr_scheduler

from neuplug.data.imageset import HeldOutSet, TrainingSet, refuse_unfit
from neuplug.errors import InputError, TrainingDiverged, expect
from neuplug.plugins.component import Augmenter, Classifier, Mixer
from neuplug.plugins.generator import FitContext, FitRecord
from neuplug.seeds import derive_seed, seeded
from neuplug.training.batches import batch_parts
from neuplug.training.devices import wants_bf16
from neuplug.training.fitted import FittedClassifier
from neuplug.training.graphs import captured
from neuplug.training.normalization import normalization_of
from neuplug.training.optimizers import make_optimizer, make_scheduler
from neuplug.training.options import TrainingOptions

CHECKPOINT_SECONDS = 20.0
# A training set up to this size has its place on the GPU
RESIDENT_BYTES = 1 << 30

Batch = tuple[Tensor, Tensor]
# Of logits and labels: how good they are, more being better
Judge = Callable[[Tensor, Tensor], float]


def check_logits(logits: object, shape: tuple[int, int]) -> None:
    """Hold a plugin's network to what it owes.

    Raises:
        TypeError: If its output is anything but floating-point numbers (N, classes).
    """
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        kind = logits.dtype if isinstance(logits, Tensor) else type(logits).__name__
        raise TypeError(f"its network returned {kind} instead of floating-point logits")
    if tuple(logits.shape) != shape:
        raise TypeError(
            f"its network returned logits of shape {tuple(logits.shape)} instead of {shape}, one "
            "for each class (num_classes of build)"
        )


def fit_classifier(
    classifier: Classifier,
    train: TrainingSet,
    options: TrainingOptions,
    context: FitContext,
    *,
    val: HeldOutSet | None = None,
    augmenter: Augmenter | None = None,
    mixer: Mixer | None = None,
    start: Mapping[str, Any] | None = None,
    judge: Judge | None = None,
) -> tuple[FittedClassifier, FitRecord]:
    """Train a classifier.

    Args:
        classifier: Builds the network.
        train: What to learn from.
        options: The same for every arm of a comparison.
        context: Device, seed, progress and checkpoint; an interrupted fit goes on exactly.
        val: If given, the weights that do best on it are kept, else the last ones.
        augmenter: Applied to each batch anew.
        mixer: Applied to each batch after that; the loss is the cross entropy to its targets.
        start: A fitted classifier's ``state_dict`` to go on from, its normalisation included
            (retraining); ``options.phases()`` are the caller's to arrange.
        judge: Says of logits (N, classes) and labels (N,) of ``val`` how good they are, more being
            better, such as their accuracy; of equals the lower loss is kept. By default the loss
            alone says it.

    Returns:
        The trained classifier, and the curves ``train_loss`` and, with ``val``, ``val_loss``.

    Raises:
        TrainingDiverged: If the loss is no longer finite.
        InputError: If ``train`` is no training set, has no images, or they do not suit the
            classifier.
        TypeError: If the network's output is no logits (N, classes).
    """
    expect(classifier, Classifier, "classifier", "a neuplug.Classifier, as neuplug.load returns it")
    expect(options, TrainingOptions, "options", "neuplug.TrainingOptions")
    expect(context, FitContext, "context", "a neuplug.FitContext")
    refuse_unfit(train, context.name)
    if not len(train):
        raise InputError("the training set has no images: give at least one of each class.")
    with seeded(context.seed, context.device):
        loop = _Loop(classifier, train, options, context, val, augmenter, mixer, start, judge)
        loop.run()
    return loop.fitted, loop.record


@dataclass
class _Loop:
    """A training in progress; its fields are the arguments of :func:`fit_classifier`."""

    classifier: Classifier
    train: TrainingSet
    options: TrainingOptions
    context: FitContext
    val: HeldOutSet | None
    augmenter: Augmenter | None
    mixer: Mixer | None
    start: Mapping[str, Any] | None
    judge: Judge | None

    def __post_init__(self) -> None:
        train, options, context = self.train, self.options, self.context
        self.drawing = batch_parts(train, options, context.seed)
        # of their own, so that an augmenter changes nothing about which images are drawn, nor a
        # mixer about what augmenters do
        self.augment_rng = torch.Generator().manual_seed(derive_seed(context.seed, "augment"))
        self.mix_rng = torch.Generator().manual_seed(derive_seed(context.seed, "mix"))
        self.total = options.total_steps(len(self.drawing[0].indices))
        self.record = FitRecord()
        self.fitted = self._build()
        module = self.fitted.module
        self.optimizer = make_optimizer(module, options, context.device)
        self.scheduler = make_scheduler(self.optimizer, options, self.total)
        self.bf16 = options.precision == "bf16" or (
            options.precision == "auto" and wants_bf16(module, context.device)
        )
        graph = self.classifier.capturable
        self.gradients = captured(self._gradients, context.device) if graph else self._gradients
        # images that an augmenter or a mixer changes are changed on the processor
        changed = self.augmenter is not None or self.mixer is not None
        self.frozen = self.fitted.has_frozen_trunk(train.images[:1])
        # features that nothing changes are computed once, and stand in the images' place
        images = self.fitted.embed(train.images) if self.frozen and not changed else train.images
        resident = not changed and images.nbytes <= RESIDENT_BYTES
        self.images = images.to(context.device) if resident else images
        self.labels = train.labels.to(self.images.device)
        self.step, self.best_value = 0, (-math.inf, -math.inf)
        self.best: dict[str, Any] | None = None
        # features of validation images
        self.watched = self.fitted.embed(self.val.images) if self.frozen and self.val else None

    def _build(self) -> FittedClassifier:
        train, device, channels = self.train, self.context.device, self.train.channels
        if channels not in self.classifier.channels:
            if channels != 1:
                raise InputError(f"{self.context.name} takes grey images only; these are RGB.")
            channels = 3
        module = self.classifier.build(len(train.classes), channels, train.image_size)
        module = module.to(device).to(memory_format=torch.channels_last)
        if self.start is None:
            mean, std = normalization_of(self.classifier, train, channels)
        else:
            module.load_state_dict(self.start["module"])
            mean, std = self.start["mean"], self.start["std"]
        return FittedClassifier(module, mean.to(device), std.to(device), channels)

    def run(self) -> None:
        self._resume()
        every = max(1, self.total // self.options.evaluations)
        saved = time.monotonic()
        while self.step < self.total:
            count = min(every - self.step % every, self.total - self.step)
            ahead = _ahead(self._batch, count, self.context.device)
            losses = [self._step(*batch) for batch in ahead]
            self.step += count
            self._evaluate(losses)
            # between evaluations nothing is pending, so a resumed fit is exact
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self._save()
                saved = time.monotonic()
        if self.best is not None:
            self.fitted.module.load_state_dict(self.best)

    def _batch(self) -> Batch:
        drawn = torch.cat([part.draw() for part in self.drawing])
        index = drawn.to(self.images.device, non_blocking=True)
        images, labels = self.images[index], self.labels[index]
        if self.augmenter is not None:
            images = self.augmenter.augment(images, self.augment_rng)
        if self.mixer is not None:
            targets = F.one_hot(labels, len(self.train.classes)).float()
            parts = zip(self._split(images), self._split(targets), strict=True)
            mixed = [self.mixer.mix(some, shares, self.mix_rng) for some, shares in parts]
            images, labels = (torch.cat(part) for part in zip(*mixed, strict=True))
        # in pinned memory, so that its way to the GPU is waited for by no one
        pinned = images.device.type != self.context.device.type == "cuda"
        return (images.pin_memory() if pinned else images), labels

    def _split(self, batch: Tensor) -> tuple[Tensor, ...]:
        """The parts of a batch."""
        return tuple(batch.split([part.size for part in self.drawing]))

    def _step(self, images: Tensor, labels: Tensor) -> Tensor:
        here = [part.to(self.context.device, non_blocking=True) for part in (images, labels)]
        loss: Tensor = self.gradients(*here).clone()
        self.optimizer.step()
        if self.options.schedule != "plateau":
            self.scheduler.step()
        return loss

    def _gradients(self, images: Tensor, labels: Tensor) -> Tensor:
        """Leave the gradients of a batch with the parameters, and return its loss.

        Args:
            images: uint8 (N, C, H, W), or their features, which no step changes.
            labels: int64 (N,), or of mixed images float32 (N, classes), the share of each class.
        """
        network, batch = self._network(images)
        device = self.context.device
        with torch.autocast(device.type, torch.bfloat16, enabled=self.bf16, cache_enabled=False):
            logits = network(batch)
        check_logits(logits, (len(labels), len(self.train.classes)))
        loss, smoothing = torch.zeros((), device=device), self.options.label_smoothing
        parts = zip(self.drawing, self._split(logits.float()), self._split(labels), strict=True)
        for part, scores, wanted in parts:
            loss = loss + part.loss(scores, wanted, smoothing)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        return loss.detach()

    def _network(self, images: Tensor) -> tuple[Callable[[Tensor], Any], Tensor]:
        """What learns of a batch, in training mode, and what it is given.

        Features of a frozen trunk are those of a prediction: in float32, batch normalisation with
        its stored statistics, no dropout.
        """
        module: Any = self.fitted.module
        if not self.frozen:
            return module.train(), self.fitted.prepare(images)
        batch = images if images.is_floating_point() else self.fitted.features(images)
        return (module if module.training else module.train()).forward_head, batch

    def _evaluate(self, losses: list[Tensor]) -> None:
        train_loss = float(torch.stack(losses).mean())
        if not math.isfinite(train_loss):
            raise TrainingDiverged(
                f"{self.context.name}: the training loss is {train_loss} at step {self.step}; "
                f"lower the learning rate (lr = {self.options.lr})."
            )
        self.record.curves.setdefault("train_loss", []).append((self.step, train_loss))
        watched = train_loss
        if self.val is not None and len(self.val):
            seen, fitted, labels = self.watched, self.fitted, self.val.labels
            logits = fitted.predict(self.val) if seen is None else fitted.classify_features(seen)
            watched = float(F.cross_entropy(logits, labels))
            if math.isfinite(watched):  # a network may find itself again; a curve has numbers
                self.record.curves.setdefault("val_loss", []).append((self.step, watched))
                value = self.judge(logits, labels) if self.judge else 0.0
                self._keep_best(round(value, 12), watched)
        if isinstance(self.scheduler, lr_scheduler.ReduceLROnPlateau):
            self.scheduler.step(watched)
        self.context.progress(self.step, self.total, f"loss {train_loss:.3f}")

    def _keep_best(self, value: float, loss: float) -> None:
        """Keep the weights if no others have done better on the validation images.

        A few images have few values of most metrics, so that many states are equal by it: the loss
        then tells one that is sure of its right answers from one that is right by a hair.
        """
        if (value, -loss) > self.best_value:
            self.best_value = (value, -loss)
            state = self.fitted.module.state_dict()
            self.best = {k: v.detach().clone() for k, v in state.items()}

    def _parts(self) -> dict[str, Any]:
        """What has a state of its own, by the name that a checkpoint gives it."""
        return {
            "module": self.fitted.module,
            "optimizer": self.optimizer,
            "scheduler": self.scheduler,
        }

    def _generators(self) -> dict[str, torch.Generator]:
        """Likewise, what is drawn from."""
        return {"augment_rng": self.augment_rng, "mix_rng": self.mix_rng}

    def _save(self) -> None:
        on_gpu = self.context.device.type == "cuda"
        state = {name: part.state_dict() for name, part in self._parts().items()}
        state |= {"step": self.step, "best": self.best, "best_value": self.best_value}
        state |= {name: rng.get_state() for name, rng in self._generators().items()}
        state["drawing"] = [[part.queue, part.rng.get_state()] for part in self.drawing]
        state["curves"] = self.record.curves
        state["torch_rng"] = torch.get_rng_state()
        state["gpu_rng"] = torch.cuda.get_rng_state(self.context.device) if on_gpu else None
        self.context.checkpoint.save(state)

    def _resume(self) -> None:
        state = self.context.checkpoint.load()
        if state is None:
            return
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.step, self.best, self.best_value = (
            state["step"],
            state["best"],
            (*state["best_value"],),
        )
        for name, rng in self._generators().items():
            rng.set_state(state[name])
        for drawing, (queue, rng_state) in zip(self.drawing, state["drawing"], strict=True):
            drawing.queue = queue
            drawing.rng.set_state(rng_state)
        self.record.curves = state["curves"]
        torch.set_rng_state(state["torch_rng"])
        if state["gpu_rng"] is not None:
            torch.cuda.set_rng_state(state["gpu_rng"], self.context.device)


def _ahead(make: Callable[[], Batch], count: int, device: torch.device) -> Iterator[Batch]:
    """So many batches; for a GPU each is made by a thread while the one before is used."""
    if device.type != "cuda":
        yield from (make() for _ in range(count))
        return
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(make)
        for left in reversed(range(count)):
            batch = coming.result()
            if left:
                coming = thread.submit(make)
            yield batch
