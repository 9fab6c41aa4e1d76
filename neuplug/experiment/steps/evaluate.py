"""The step of an evaluator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neuplug.data.imageset import HeldOutSet, TrainingSet
from neuplug.experiment.components import load_component, named_faults
from neuplug.experiment.steps.checks import describe_evaluation
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.steps.generate import SourceOpener
from neuplug.experiment.tasks import EvaluateTask
from neuplug.plugins.evaluator import Embedder, EvaluationContext, Evaluator
from neuplug.plugins.generator import Progress
from neuplug.seeds import derive_seed


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
