"""The steps that measure: train a classifier and let it predict, or ask an evaluator."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from torch import Tensor

from neuplug.data.imageset import HeldOutSet, TrainingSet
from neuplug.errors import TrainingDiverged
from neuplug.experiment.components import load_component, named_faults
from neuplug.experiment.steps.checks import describe_evaluation
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.steps.generate import SourceOpener, load_augmenters
from neuplug.experiment.tasks import EvaluateTask, TrainTask
from neuplug.plugins.evaluator import Embedder, EvaluationContext, Evaluator
from neuplug.plugins.generator import Progress
from neuplug.seeds import derive_seed
from neuplug.storage.files import write_whole
from neuplug.storage.tensorfile import tree_bytes
from neuplug.training.loop import check_logits, fit_classifier
from neuplug.training.metrics import profile_classifier


def train(
    context: TaskContext, task: TrainTask, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Train a classifier and let it predict."""
    dataset = context.dataset(task.dataset)
    images = context.training_set(task.mixture, dataset, task.where)
    classifier = load_component(task.component)
    augmenter = load_augmenters(task.online)
    val = dataset.images.subset(task.val.indices)
    start = context.tree(task.start.task, "classifier") if task.start else None
    predicted = {"logits": task.test, "logits_all": task.everything}
    predicted |= {"logits_val": task.val} if task.score_val else {}
    with named_faults(task.component):
        fitted, record = fit_classifier(
            classifier,
            images,
            task.training,
            context.fit_context(task, progress),
            val=HeldOutSet(**vars(val)) if len(val) else None,
            augmenter=augmenter,
            start=start,
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
        "steps": task.training.total_steps(len(images)),
        "profile": profile,
    }


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
        embedder = Embedder(task.embedder.component.name, fitted.embed, fitted.classify)
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
