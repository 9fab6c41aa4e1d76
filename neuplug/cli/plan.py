"""``neuplug compose --dry-run``: what would run, and what is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neuplug.cli.printing import make_console, print_table

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
    costs = [
        known.get(task.cost_class())
        for task in plan.tasks.values()
        if task.kind in ("fit", "train") and not store.has(task.key)
    ]
    return None if None in costs else float(sum(filter(None, costs)))


def print_plan(found: dict[str, Any]) -> None:
    """Show a summary on the terminal."""
    console, images = make_console(), found["images"]
    height, width = images["size"]
    console.print(
        f"{found['data']}: {len(found['classes'])} classes at {height}x{width}, {images['train']} "
        f"training, {images['val']} validation, {images['test']} test images"
    )
    console.print(f"arms: {', '.join(found['arms'])}")
    console.print(
        f"classifiers: {', '.join(found['classifiers'])}; {found['repeats']} repeats; "
        f"{found['cells']} cells"
    )
    counts = [(title, *found["tasks"][kind].values()) for kind, title in KINDS.items()]
    rows = [(title, all_, stored, all_ - stored) for title, all_, stored in counts if all_]
    print_table(console, ("work", "all", "stored", "to do"), rows)
    console.print(f"cost: {_cost_text(found)}")
    for sentence in found["warnings"]:
        console.print(f"warning: {sentence}")


def _cost_text(found: dict[str, Any]) -> str:
    if all(c["all"] == c["stored"] for c in found["tasks"].values()):
        return "nothing, all of it is in the store"
    seconds = found["seconds"]
    if seconds is None:
        return "unknown: no task like these has run on this machine"
    return f"about {seconds / 60:.1f} minutes of work, shared among the worker processes"
