"""A paper's numbers beside the run's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from neuplug.experiment.analysis.statistics import estimate
from neuplug.experiment.config import ComposeConfig
from neuplug.experiment.recipes import Published as Table
from neuplug.experiment.recipes import Recipe, load_recipe
from neuplug.experiment.results.model import (
    Ours,
    Protocols,
    Published,
    PublishedNumber,
    PublishedTable,
    Way,
)
from neuplug.experiment.results.parts import Cell, Evaluation
from neuplug.training.metrics import Scores

# Of a class, the mean of its precision and recall, as edcgan2023 reports
PRECISION_AND_RECALL = "ap"


def published_beside(
    config: ComposeConfig, cells: Sequence[Cell], evaluations: Sequence[Evaluation]
) -> Published | None:
    """The recipe's published tables with what the run found for each number.

    Args:
        config: Of the run.
        cells: Likewise.
        evaluations: Likewise.

    Returns:
        ``None`` without a recipe.
    """
    if config.recipe is None:
        return None
    recipe = load_recipe(config.recipe)
    return Published(
        recipe=recipe.name,
        budget=config.budget,
        title=recipe.title,
        source=recipe.source,
        protocols=Protocols(**recipe.protocols.model_dump()),
        decisions=tuple(recipe.decisions),
        tables=tuple(
            PublishedTable(
                title=table.title,
                protocol=table.protocol,
                metrics=tuple((m.name, m.class_name) for m in table.metrics),
                note=table.note,
                rows=tuple(_numbers(recipe, table, config, cells, evaluations)),
            )
            for table in recipe.published
        ),
    )


def _numbers(
    recipe: Recipe,
    table: Table,
    config: ComposeConfig,
    cells: Sequence[Cell],
    evaluations: Sequence[Evaluation],
) -> Iterator[PublishedNumber]:
    names = _own_names(recipe, cells)
    for row in table.rows:
        classifier = row.classifier or recipe.classifier(config.budget or "laptop")
        group = [
            c
            for c in cells
            if (c.base, c.classifier) == (row.arm, classifier)
            and (row.per_class is None or row.per_class == _real_images(c, config))
        ]
        measured = [e for e in evaluations if (e.evaluator, e.arm) == (table.evaluator, row.arm)]
        for metric, paper in zip(table.metrics, row.values, strict=True):
            if paper is None:
                continue
            key = metric.name, names.get(metric.class_name or "", metric.class_name)
            if table.evaluator is None:
                ours = _ours(group, *key, table.protocol, paper)
            else:
                found = _entry([_measured(e, *key) for e in measured], paper)
                ours = {} if found is None else {"test": found}
            yield PublishedNumber(
                arm=row.arm,
                per_class=row.per_class,
                classifier=classifier,
                metric=metric.name,
                class_name=metric.class_name,
                paper=paper,
                ours=ours,
            )


def _real_images(cell: Cell, config: ComposeConfig) -> int | None:
    if cell.per_class_images is not None:
        return cell.per_class_images
    return config.per_class[0] if config.per_class else None


def _own_names(recipe: Recipe, cells: Sequence[Cell]) -> dict[str, str]:
    """The recipe's class names to those of this data."""
    present = cells[0].test.per_class if cells else {}
    return {
        name: next((a for a in others if a in present), name)
        for name, others in recipe.aliases.items()
    }


def _measured(evaluation: Evaluation, metric: str, class_name: str | None) -> float | None:
    found = {(m.name, m.class_name): m.value for m in evaluation.metrics}
    return found.get((metric, class_name))


def _ours(
    group: Sequence[Cell], metric: str, class_name: str | None, protocol: Way, paper: float
) -> dict[Way, Ours]:
    """Means by what was scored, where every cell has the number."""
    scored: dict[Way, list[Scores | None]] = {
        "test": [c.test for c in group],
        "all": [c.all_images for c in group],
    }
    if protocol == "train":
        scored = {"train": [c.train for c in group]}
    found = {
        way: _entry([None if s is None else _value(s, metric, class_name) for s in scores], paper)
        for way, scores in scored.items()
    }
    return {way: entry for way, entry in found.items() if entry is not None}


def _entry(values: Sequence[float | None], paper: float) -> Ours | None:
    numbers = [value for value in values if value is not None]
    if not numbers or len(numbers) < len(values):
        return None
    found = estimate(numbers)
    return Ours(**asdict(found), difference=found.mean - paper)


def _value(scores: Scores, metric: str, class_name: str | None) -> float | None:
    if class_name is None:
        return scores.metrics.get(metric)
    row = scores.per_class.get(class_name)
    if row is None:
        return None
    if metric == PRECISION_AND_RECALL:
        return (row.precision + row.recall) / 2
    return getattr(row, metric, None)
