"""A paper's numbers beside the run's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from neuplug.experiment.config import ComposeConfig
from neuplug.recipes import Published, Recipe, load_recipe
from neuplug.statistics import estimate

PRECISION_AND_RECALL = "ap"
"""``ap:<class>``: the mean of a class's precision and recall, as edcgan2023 reports."""


def published_beside(
    config: ComposeConfig, cells: list[dict[str, Any]], evaluations: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """The recipe's published tables with what the run found for each number.

    Args:
        config: Of the run.
        cells: As in ``results.json``.
        evaluations: Likewise.

    Returns:
        ``None`` without a recipe. Else what the recipe says of itself, and ``tables``, whose rows
        have ``arm``, ``per_class``, ``classifier``, ``metric``, ``paper``, and ``ours``: for each
        protocol that the run has (``test``: images nobody has trained on; ``all``: every real
        image; ``train``: the real training images) the mean, interval and count, and the difference
        to the paper; empty where the run has no such arm.
    """
    if config.recipe is None:
        return None
    recipe = load_recipe(config.recipe)
    return {
        "recipe": recipe.name,
        "budget": config.budget,
        "title": recipe.title,
        "source": recipe.source,
        "protocols": recipe.protocols.model_dump(),
        "decisions": recipe.decisions,
        "tables": [_table(recipe, table, config, cells, evaluations) for table in recipe.published],
    }


def _table(
    recipe: Recipe,
    table: Published,
    config: ComposeConfig,
    cells: list[dict[str, Any]],
    evaluations: list[dict[str, Any]],
) -> dict[str, Any]:
    names = _own_names(recipe, cells)
    rows = []
    for row in table.rows:
        classifier = row.classifier or recipe.classifier(config.budget or "laptop")
        group = [
            c
            for c in cells
            if c["base"] == row.arm
            and c["classifier"] == classifier
            and (row.per_class is None or row.per_class == _real_images(c, config))
        ]
        measured = [
            e for e in evaluations if e["evaluator"] == table.evaluator and e["arm"] == row.arm
        ]
        for metric, paper in zip(table.metrics, row.values, strict=True):
            if paper is not None:
                if table.evaluator is None:
                    ours = _ours(group, _translated(metric, names), table.protocol, paper)
                else:
                    ours = _measured(measured, metric, paper)
                rows.append(
                    {
                        "arm": row.arm,
                        "per_class": row.per_class,
                        "classifier": classifier,
                        "metric": metric,
                        "paper": paper,
                        "ours": ours,
                    }
                )
    return {
        "title": table.title,
        "protocol": table.protocol,
        "metrics": table.metrics,
        "note": table.note,
        "rows": rows,
    }


def _real_images(cell: dict[str, Any], config: ComposeConfig) -> int | None:
    if cell["per_class_images"] is not None:
        return int(cell["per_class_images"])
    return config.per_class[0] if config.per_class else None


def _own_names(recipe: Recipe, cells: list[dict[str, Any]]) -> dict[str, str]:
    """The recipe's class names to those of this data."""
    present = cells[0]["per_class"] if cells else {}
    return {
        name: next((a for a in others if a in present), name)
        for name, others in recipe.aliases.items()
    }


def _translated(metric: str, names: Mapping[str, str]) -> str:
    kind, colon, name = metric.partition(":")
    return f"{kind}{colon}{names.get(name, name)}"


def _ours(group: list[dict[str, Any]], metric: str, protocol: str, paper: float) -> dict[str, Any]:
    """Means by protocol, where every cell has the number."""
    wanted = {"train": "train_scores"} if protocol == "train" else {"test": "", "all": "all_images"}
    found = {}
    for name, key in wanted.items():
        scored = [c[key] if key else c for c in group]
        values = [_value(s, metric) for s in scored if s is not None]
        if (entry := _entry(values, len(group), paper)) is not None:
            found[name] = entry
    return found


def _measured(evaluations: list[dict[str, Any]], metric: str, paper: float) -> dict[str, Any]:
    """The mean of an evaluator's metric, where every evaluation has it."""
    values = [e["metrics"].get(metric) for e in evaluations]
    entry = _entry(values, len(evaluations), paper)
    return {} if entry is None else {"test": entry}


def _entry(values: list[float | None], wanted: int, paper: float) -> dict[str, Any] | None:
    numbers = [value for value in values if value is not None]
    if not numbers or len(numbers) < wanted:
        return None
    e = estimate(numbers)
    return {**asdict(e), "difference": e.mean - paper}


def _value(scored: dict[str, Any], metric: str) -> float | None:
    kind, _, name = metric.partition(":")
    if not name:
        value = scored["metrics"].get(kind)
        return None if value is None else float(value)
    row = scored["per_class"].get(name)
    if row is None:
        return None
    if kind == PRECISION_AND_RECALL:
        return float((row["precision"] + row["recall"]) / 2)
    return float(row[kind]) if kind in row else None
