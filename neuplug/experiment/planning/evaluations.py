"""The evaluators of generated sets and of cells' predictions."""

from __future__ import annotations

from neuplug.experiment.isolation import named_faults
from neuplug.experiment.planning.builder import ArmRepeat, Drawn, PlanBuilder
from neuplug.experiment.tasks import EvaluateTask
from neuplug.seeds import derive_seed


def add_evaluations(
    builder: PlanBuilder, where: ArmRepeat, drawn: Drawn, cell: str | None
) -> tuple[tuple[str, str], ...]:
    """Add every evaluator that has something to look at.

    Args:
        builder: To add to.
        where: The arm and repeat.
        drawn: What the arm's generators have drawn.
        cell: The key of a training whose predictions to evaluate; ``None`` for the generated set.

    Returns:
        Evaluators' names with the keys of their tasks.
    """
    found = []
    generated = drawn.mixture
    for evaluator in builder.selection.evaluators:
        with named_faults(evaluator.spec):
            needs: frozenset[str] = evaluator.make().needs
        if ("logits" in needs) != (cell is not None):
            continue
        if not generated.parts and needs & {"generated", "generators"}:
            continue
        sources = drawn.sources.items() if "generators" in needs else ()
        key = builder.add(
            EvaluateTask,
            f"{evaluator.name}, repeat {where.repeat + 1}",
            component=evaluator.reference(),
            cell=cell,
            classes=builder.dataset.images.classes,
            drawn=generated,
            sources={name: tuple(some) for name, some in sources if some},
            embedder=builder.embedder(where) if "embedder" in needs else None,
            train=builder.real(where.split.train),
            test=builder.real(where.split.test),
            seed=derive_seed(builder.config.seed, "evaluate", evaluator.name, where.repeat),
        )
        found.append((evaluator.name, key))
    return tuple(found)
