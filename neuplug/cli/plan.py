"""``neuplug compose --dry-run``: what would run, and what is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuplug.experiment.plan import Plan
    from neuplug.storage.store import Store

KINDS = {
    "fit": "generators to train",
    "sample": "sets to draw from generators",
    "augment": "sets to augment",
    "train": "classifiers to train",
    "evaluate": "evaluations",
}


def plan_summary(plan: Plan, store: Store) -> dict[str, Any]:
    """What a plan comes to, as JSON values."""
    tasks = list(plan.tasks.values())
    split, images = plan.splits[0], plan.dataset.images
    return {
        "data": plan.dataset.report.source,
        "classes": list(images.classes),
        "images": {
            "size": list(images.image_size),
            "train": len(split.train),
            "val": len(split.val),
            "test": len(split.test),
        },
        "arms": [arm.name for arm in plan.arms],
        "classifiers": list(dict.fromkeys(cell.classifier for cell in plan.cells)),
        "repeats": plan.config.repeats,
        "cells": len(plan.cells),
        "tasks": {
            kind: {
                "all": sum(task.kind == kind for task in tasks),
                "stored": sum(task.kind == kind and store.has(task.key) for task in tasks),
            }
            for kind in KINDS
        },
        "seconds": _cost(plan, store),
        "warnings": plan.warnings,
    }


def _cost(plan: Plan, store: Store) -> float | None:
    """Seconds of one processor's work still to do, if tasks like these were done before."""
    known = store.timings()
    total = 0.0
    for task in plan.tasks.values():
        if task.kind not in ("fit", "train") or store.has(task.key):
            continue
        seconds = known.get(task.cost_class())
        if seconds is None:
            return None
        total += seconds
    return total


def print_plan(found: dict[str, Any]) -> None:
    """Show a summary on the terminal."""
    from rich.console import Console
    from rich.table import Table

    console = Console(emoji=False)
    size = found["images"]
    console.print(
        f"{found['data']}: {len(found['classes'])} classes at {size['size'][0]}x{size['size'][1]}, "
        f"{size['train']} training, {size['val']} validation, {size['test']} test images",
        highlight=False,
        markup=False,
    )
    arms, classifiers = ", ".join(found["arms"]), ", ".join(found["classifiers"])
    console.print(f"arms: {arms}", highlight=False, markup=False)
    console.print(f"classifiers: {classifiers}; {found['repeats']} repeats; ", end="")
    console.print(f"{found['cells']} cells")
    table = Table("work", "all", "stored", "to do", box=None)
    for kind, title in KINDS.items():
        count = found["tasks"][kind]
        if count["all"]:
            todo = count["all"] - count["stored"]
            table.add_row(title, str(count["all"]), str(count["stored"]), str(todo))
    console.print(table)
    console.print(f"cost: {_cost_text(found)}", highlight=False)
    for sentence in found["warnings"]:
        console.print(f"warning: {sentence}", highlight=False, markup=False)


def _cost_text(found: dict[str, Any]) -> str:
    if all(c["all"] == c["stored"] for c in found["tasks"].values()):
        return "nothing, all of it is in the store"
    seconds = found["seconds"]
    if seconds is None:
        return "unknown: no task like these has run on this machine"
    return f"about {seconds / 60:.1f} minutes of work, shared among the worker processes"
