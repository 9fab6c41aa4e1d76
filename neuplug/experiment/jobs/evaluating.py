"""The job of an evaluator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neuplug.data.dataset import Dataset
from neuplug.experiment.blame import blame
from neuplug.experiment.jobs.classifiers import load_trained
from neuplug.experiment.jobs.components import load_component
from neuplug.experiment.jobs.findings import describe_evaluation
from neuplug.experiment.jobs.sources import SourceOpener
from neuplug.experiment.jobs.workbench import Workbench, held_out, real_training
from neuplug.experiment.plan import Job
from neuplug.interfaces import Embedder, EvaluationContext, Evaluator, Progress
from neuplug.seeds import derive_seed


def evaluate(bench: Workbench, job: Job, folder: Path, progress: Progress) -> dict[str, Any]:
    """Show an evaluator what it needs and keep what it found."""
    task = job.task
    dataset = bench.dataset(task["dataset"])
    evaluator: Evaluator = load_component(task["component"])
    figures = folder / "figures"
    figures.mkdir()
    context = _context(bench, task, dataset, figures)
    if _nothing_passed(evaluator, context):
        return {"metrics": [], "figures": [], "warnings": []}
    with blame(task["component"]):
        found = evaluator.evaluate(context)
        return describe_evaluation(evaluator, found, figures, dataset.images.classes)


def _nothing_passed(evaluator: Evaluator, context: EvaluationContext) -> bool:
    """Whether the arm's filters let no image pass, so that there is as little to see as in none.

    That they did is a warning of the drawing already. How many pass is known only now: an arm that
    draws nothing at all has no such job.
    """
    needed = evaluator.needs & {"generated", "generators"}
    return bool(needed) and context.generated is not None and not len(context.generated)


def _context(
    bench: Workbench, task: dict[str, Any], dataset: Dataset, figures: Path
) -> EvaluationContext:
    pool, indices, cell = task["drawn"], task["indices"], task["cell"]
    opener = SourceOpener(bench, dataset)
    return EvaluationContext(
        train=real_training(dataset, indices["train"]),
        test=held_out(dataset, indices["test"]),
        generated=bench.training_set(pool, dataset, list(dataset.images.classes)) if pool else None,
        logits=bench.tree(cell, "predictions")["logits"] if cell else None,
        device=bench.device,
        seed=derive_seed(task["seed"], "evaluator"),
        folder=figures,
        generators={
            name: tuple(opener.open(source, name) for source in sources)
            for name, sources in task["drawn_by"].items()
        },
        embedder=_embedder(bench, task["embedded_by"], dataset),
    )


def _embedder(
    bench: Workbench, trained: dict[str, Any] | None, dataset: Dataset
) -> Embedder | None:
    if trained is None:
        return None
    fitted = load_trained(bench, trained, dataset)
    return Embedder(trained["component"]["name"], fitted.embed, fitted.classify)
