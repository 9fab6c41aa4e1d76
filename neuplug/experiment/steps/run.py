"""Doing one task: the steps that train and evaluate, and what all steps have in common."""

from __future__ import annotations

import functools
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from neuplug.data.imageset import HeldOutSet, TrainingSet
from neuplug.errors import NeuplugError, TrainingDiverged
from neuplug.experiment.analysis.influence import image_scores
from neuplug.experiment.components import load_component, named, named_faults
from neuplug.experiment.decisive import Decisive, read_metric
from neuplug.experiment.events import TaskDone, TaskEvent, TaskFailed, TaskProgress, TaskStarted
from neuplug.experiment.steps.checks import describe_evaluation
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.steps.generate import SourceOpener, augment, fit, load_online, sample
from neuplug.experiment.tasks import AnyTask, EvaluateTask, TrainTask, read_task
from neuplug.plugins.evaluator import Embedder, EvaluationContext, Evaluator
from neuplug.plugins.generator import Progress
from neuplug.seeds import derive_seed, one_thread, seeded
from neuplug.storage.files import write_json, write_whole
from neuplug.storage.store import MissingResult
from neuplug.storage.tensorfile import tree_bytes
from neuplug.training.loop import check_logits, fit_classifier
from neuplug.training.metrics import profile_classifier

_TIMED = ("fit", "train")

# Between two looks at what another process has claimed
WAIT_SECONDS = 0.1

# Of torch's generator and its number of threads there is one in a process
_TORCH = threading.RLock()


def train(
    context: TaskContext, task: TrainTask, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Train a classifier and let it predict."""
    dataset = context.dataset(task.dataset)
    images = context.training_set(task.mixture, dataset, task.where)
    classifier = load_component(task.component)
    augmenter, mixer = load_online(task.online)
    val = dataset.images.subset(task.val.indices)
    start = context.tree(task.start.task, "classifier") if task.start else None
    predicted = {"logits": task.test, "logits_all": task.everything, "logits_train": task.train}
    predicted |= {"logits_val": task.val} if task.score_val else {}
    with named_faults(task.component):
        fitted, record = fit_classifier(
            classifier,
            images,
            task.training,
            context.fit_context(task, progress),
            val=HeldOutSet(**vars(val)) if len(val) else None,
            augmenter=augmenter,
            mixer=mixer,
            start=start,
            judge=functools.partial(_quality, read_metric(task.metric), dataset.images.classes),
        )
        predictions = {
            name: fitted.predict(dataset.images, list(real.indices))
            for name, real in predicted.items()
            if real.indices or name == "logits"
        }
        for logits in predictions.values():
            _check(logits, len(dataset.images.classes), task)
        profile = profile_classifier(fitted, dataset.images).model_dump()
        state = tree_bytes(fitted.state_dict())
    write_whole(folder / "classifier.safetensors", state)
    write_whole(folder / "predictions.safetensors", tree_bytes(predictions))
    return {
        "curves": record.curves,
        "train_images": dict(Counter(images.origins)),
        "steps": record.curves["train_loss"][-1][0],
        "profile": profile,
    }


def _quality(metric: Decisive, classes: Sequence[str], logits: Tensor, labels: Tensor) -> float:
    """How good logits are by a metric, more being better."""
    return metric.sign * float(image_scores(metric, logits.numpy(), labels.numpy(), classes).mean())


def _check(logits: Tensor, classes: int, task: TrainTask) -> None:
    """Refuse predictions that no metric can be made of."""
    check_logits(logits, (len(logits), classes))
    if not logits.isfinite().all():
        component = task.component
        raise TrainingDiverged(
            f"{task.label}: after training, the network of {component.source} returns logits that "
            f"are not finite; lower the learning rate (lr = {task.training.lr}), or check the "
            f"plugin with 'neuplug plugins check {component.distribution}'."
        )


def evaluate(
    context: TaskContext, task: EvaluateTask, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Show an evaluator what it needs and keep what it found."""
    dataset = context.dataset(task.dataset)
    classes = dataset.images.classes
    evaluator: Evaluator = load_component(task.component)
    generated = context.training_set(task.drawn, dataset) if task.drawn.parts else None
    needed = evaluator.needs & {"generated", "generators"}
    if needed and generated is not None and not len(generated):
        # the filters let no image pass, of which the sampling has warned already
        return {"metrics": [], "figures": [], "warnings": []}
    figures = folder / "figures"
    figures.mkdir()
    opener = SourceOpener(context, dataset)
    embedder = None
    if task.embedder is not None:
        fitted = context.trained(task.embedder, dataset)
        whose = task.embedder.component
        calls = (named(whose, call) for call in (fitted.embed, fitted.classify))
        embedder = Embedder(whose.name, *calls)
    shown = EvaluationContext(
        train=TrainingSet(**vars(dataset.images.subset(task.train.indices))),
        test=HeldOutSet(**vars(dataset.images.subset(task.test.indices))),
        generated=generated,
        logits=context.tree(task.cell.task, "predictions")["logits"] if task.cell else None,
        device=context.device,
        seed=derive_seed(task.seed, "evaluator"),
        folder=figures,
        generators={
            name: tuple(opener.open(source, name) for source in sources)
            for name, sources in task.sources.items()
        },
        embedder=embedder,
    )
    with named_faults(task.component):
        found = evaluator.evaluate(shown)
        return describe_evaluation(evaluator, found, figures, classes)


# By the kind of task
_STEPS: dict[str, Callable[..., dict[str, Any]]] = {
    step.__name__: step for step in (fit, sample, augment, train, evaluate)
}


def do_task(
    store: str | Path, device: str, task: str | bytes, send: Callable[[TaskEvent], Any]
) -> None:
    """Do a task and leave its result in the store: what an executor does wherever tasks run.

    Args:
        store: The folder of :class:`neuplug.ExecutorContext`.
        device: Likewise.
        task: As JSON.
        send: Told that it has started, how far it is, and that it is done or has failed.
    """
    found = read_task(task)
    send(TaskStarted(key=found.key))
    try:
        run_task(_context(str(store), device), found, send)
    except Exception as error:
        traceback.print_exc()
        send(failure(found, error))
    else:
        send(TaskDone(key=found.key))


@functools.cache
def _context(store: str, device: str) -> TaskContext:
    return TaskContext.open(Path(store), device)


def failure(task: AnyTask, error: Exception) -> TaskFailed:
    """The event of an error."""
    if not isinstance(error, NeuplugError):
        error = NeuplugError(f"{task.label} failed: {type(error).__name__}: {error}")
    missing = error.key if isinstance(error, MissingResult) else None
    message = " ".join(str(error).split("\n"))
    return TaskFailed(key=task.key, error=type(error).__name__, message=message, missing=missing)


def run_task(context: TaskContext, task: AnyTask, send: Callable[[TaskProgress], Any]) -> None:
    """Do a task, unless its result is there; wait while another process does it.

    Args:
        context: What it works with.
        task: What to do.
        send: Told how far it is.

    Raises:
        PluginError: If a plugin fails.
        TrainingDiverged: If a training loss is no longer finite.
        MissingResult: If what it needs is gone or damaged.
        StorageError: If the store cannot be written.
    """
    while not context.store.has(task.key):
        claim = context.store.claim(task.key)
        if claim is None:
            time.sleep(WAIT_SECONDS)
            continue
        with claim:
            if not context.store.has(task.key):
                _run(context, task, send)


def _run(context: TaskContext, task: AnyTask, send: Callable[[TaskProgress], Any]) -> None:
    def progress(done: int, total: int, note: str = "") -> None:
        send(TaskProgress(key=task.key, fraction=done / max(1, total), note=note))

    started = time.monotonic()
    # what a plugin draws from torch's own generator follows from the task's seed
    with (
        context.store.write(task.key) as folder,
        _TORCH,
        one_thread(context.device),
        seeded(task.seed, context.device),
    ):
        notes = _STEPS[task.kind](context, task, folder, progress)
        seconds = time.monotonic() - started
        about = {"task": task.label, "device": str(context.device), "torch": torch.__version__}
        write_json(folder / "about.json", {**about, "seconds": seconds, **notes})
    if task.kind in _TIMED:
        context.store.note_time(task.cost_class(), seconds)
