"""The step of an evaluator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neuplug.data.dataset import Dataset
from neuplug.data.splits import Split
from neuplug.experiment.isolation import named_faults
from neuplug.experiment.steps.checks import describe_evaluation
from neuplug.experiment.steps.components import load_component
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.steps.mixtures import training_set
from neuplug.experiment.steps.sources import SourceOpener
from neuplug.experiment.steps.train import load_trained
from neuplug.experiment.tasks import EvaluateTask, Trained
from neuplug.plugins.evaluator import Embedder, EvaluationContext, Evaluator
from neuplug.plugins.generator import Progress
from neuplug.seeds import derive_seed


def evaluate(
    context: TaskContext, task: EvaluateTask, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Show an evaluator what it needs and keep what it found."""
    dataset = context.dataset(task.dataset)
    evaluator: Evaluator = load_component(task.component)
    figures = folder / "figures"
    figures.mkdir()
    shown = _shown(context, task, dataset, figures)
    if _nothing_passed(evaluator, shown):
        return {"metrics": [], "figures": [], "warnings": []}
    with named_faults(task.component):
        found = evaluator.evaluate(shown)
        return describe_evaluation(evaluator, found, figures, dataset.images.classes)


def _nothing_passed(evaluator: Evaluator, shown: EvaluationContext) -> bool:
    """Whether the arm's filters let no image pass, so that there is as little to see as in none.

    That they did is a warning of the sampling already. How many pass is known only now: an arm that
    draws nothing at all has no such task.
    """
    needed = evaluator.needs & {"generated", "generators"}
    return bool(needed) and shown.generated is not None and not len(shown.generated)


def _shown(
    context: TaskContext, task: EvaluateTask, dataset: Dataset, figures: Path
) -> EvaluationContext:
    classes = dataset.images.classes
    opener = SourceOpener(context, dataset)
    real = Split(train=[*task.train.indices], val=[], test=[*task.test.indices], left_out=[])
    train, _, test = real.sets(dataset)
    return EvaluationContext(
        train=train,
        test=test,
        generated=training_set(context, task.drawn, dataset, classes) if task.drawn.parts else None,
        logits=context.tree(task.cell.task, "predictions")["logits"] if task.cell else None,
        device=context.device,
        seed=derive_seed(task.seed, "evaluator"),
        folder=figures,
        generators={
            name: tuple(opener.open(source, name) for source in sources)
            for name, sources in task.sources.items()
        },
        embedder=_embedder(context, task.embedder, dataset),
    )


def _embedder(context: TaskContext, trained: Trained | None, dataset: Dataset) -> Embedder | None:
    if trained is None:
        return None
    fitted = load_trained(context, trained, dataset)
    return Embedder(trained.component.name, fitted.embed, fitted.classify)
