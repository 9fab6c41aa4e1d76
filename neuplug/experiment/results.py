"""From finished jobs to the run's results: the content of ``results.json``."""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from neuplug import __version__
from neuplug.data.dataset import Dataset
from neuplug.experiment.arms import Arm
from neuplug.experiment.comparisons import Correct, compare, differences, grouped
from neuplug.experiment.costs import arm_costs
from neuplug.experiment.identity import versions
from neuplug.experiment.plan import Cell, Plan
from neuplug.experiment.provenance import provenance
from neuplug.experiment.published import published_beside
from neuplug.experiment.runner import Failure
from neuplug.experiment.steps.checks import own_words
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.tasks import EvaluateTask, MadeImages, SampleTask, TrainTask
from neuplug.imageset import ImageSet
from neuplug.interfaces import Evaluator
from neuplug.metrics import classification_metrics
from neuplug.report.notices import notices
from neuplug.statistics import estimate

SCHEMA = "neuplug.results/2"
_CHOSEN = [
    "Of several amounts of an arm the one with the highest accuracy on validation images was "
    "chosen for each classifier; it alone was scored on the test images."
]


def collect(
    plan: Plan, bench: TaskContext, failures: Iterable[Failure], request: str, command: str
) -> dict[str, Any]:
    """Everything that a run found, as JSON values.

    Args:
        plan: All of whose jobs are done, but for failed evaluators.
        bench: Where the results are.
        failures: Of evaluators.
        request: The key of the question that the run answers.
        command: How the run was asked for.
    """
    cells = [_cell(plan, bench, cell) for cell in plan.cells]
    generators = [_generator(plan, bench, i) for i in range(len(plan.fits))]
    evaluations = _evaluations(plan, bench, failures)
    filtered = _filtered(plan, bench)
    told = {
        "arms": [_arm(arm) for arm in plan.arms],
        "generators": generators,
        "filtered": filtered,
        "evaluations": evaluations,
    }
    comparisons = compare(cells, plan.arms, _correct(plan, bench))
    kinds = {key: task.kind for key, task in plan.tasks.items() if not task.optional}
    seconds = {key: bench.about(key)["seconds"] for key in kinds}
    fit_seconds, cell_seconds = (
        sum(seconds[key] for key in seconds if kinds[key] == kind) for kind in ("fit", "train")
    )
    return {
        "schema": SCHEMA,
        "neuplug": __version__,
        "request": request,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": command,
        "config": plan.config.model_dump(mode="json"),
        "data": _data(plan),
        "leak": plan.leak or None,
        "provenance": provenance(plan),
        "protocol": _protocol(plan, bench),
        "arms": told["arms"],
        "classifiers": list(dict.fromkeys(cell.classifier for cell in plan.cells)),
        "profiles": _profiles(plan, bench),
        "cells": cells,
        "published": published_beside(plan.config, cells, evaluations),
        "summary": _summary(cells),
        "comparisons": comparisons,
        "differences": differences(cells, comparisons),
        "generators": generators,
        "filtered": filtered,
        "evaluations": evaluations,
        "evaluators": _evaluators(plan),
        "warnings": _warnings(plan, told),
        "cost": {
            "generators_seconds": fit_seconds,
            "classifiers_seconds": cell_seconds,
            "total_seconds": fit_seconds + cell_seconds,
        },
        "arm_costs": arm_costs(plan, seconds, comparisons),
    }


def _data(plan: Plan) -> dict[str, Any]:
    dataset, split = plan.dataset, plan.splits[0]
    report = dataset.report
    images = dataset.images

    def counts(indices: list[int]) -> dict[str, int]:
        numbers = torch.bincount(images.labels[indices], minlength=len(images.classes))
        return dict(zip(images.classes, numbers.tolist(), strict=True))

    return {
        "source": report.source,
        "simulated": report.simulated,
        "layout": report.layout,
        "classes": list(images.classes),
        "imgsz": list(images.image_size),
        "channels": images.channels,
        "counts": images.counts(),
        "train": counts(split.train),
        "val": counts(split.val),
        "test": counts(split.test),
        "left_out": counts(split.left_out),
        "skipped": [list(item) for item in report.skipped],
        "exact_duplicates": len(report.exact),
        "exact_duplicate_images": sum(map(len, report.exact)),
        "near_duplicates": None if report.near is None else len(report.near),
        **_near_groups(dataset),
        "digest": dataset.key,
        "images_digest": _images_digest(images),
    }


def _images_digest(images: ImageSet) -> str:
    """SHA-256 of the images as decoded, with labels and ids: wherever their files lie."""
    return hashlib.sha256(json.dumps([images.digest(), *images.ids]).encode()).hexdigest()


def _near_groups(dataset: Dataset) -> dict[str, int | None]:
    """How many groups near duplicates are in, and how many images these hold together."""
    names = ("near_duplicate_groups", "near_duplicate_images")
    if dataset.report.near is None:
        return dict.fromkeys(names)
    near = {identifier for *pair, _ in dataset.report.near for identifier in pair}
    members = zip(dataset.images.ids, dataset.groups, strict=True)
    groups = {group for identifier, group in members if identifier in near}
    bound = sum(group in groups for group in dataset.groups)
    return dict(zip(names, (len(groups), bound), strict=True))


def _protocol(plan: Plan, bench: TaskContext) -> dict[str, Any]:
    config, training = plan.config, plan.config.training
    if training.epochs is not None:
        budget = f"{training.epochs} epochs of each arm's own training set"
    else:
        budget = f"{training.total_steps(0)} optimiser steps for every arm"
    if training.real_first:
        unit = "epochs" if training.epochs is not None else "steps"
        budget += f", after {training.real_first} {unit} on its real images alone"
    kept = "best validation loss" if plan.splits[0].val else "the last step"
    return {
        "repeats": config.repeats,
        "seed": config.seed,
        "steps": None if training.epochs is not None else training.total_steps(0),
        "epochs": training.epochs,
        "batch": training.batch,
        "schedule": training.schedule,
        "optimizer": training.optimizer,
        "lr": training.lr,
        "device": str(bench.device),
        "versions": {"python": platform.python_version(), **versions(list(plan.components))},
        "sentences": [
            f"Each repeat draws the training images and all seeds anew; within a repeat every arm "
            f"sees the same ones ({config.repeats} repeats, seed {config.seed}).",
            f"Classifiers train for {budget}, batch {training.batch}, {training.optimizer}, "
            f"{training.schedule} learning rate {training.lr:g}; the weights of {kept} are kept.",
            "Generators and augmenters see training images only; test images are real and unseen.",
            _proof(plan),
            *_CHOSEN[: bool(plan.unchosen)],
            "Means have 95 % t intervals over repeats. A verdict's interval is for the paired "
            "difference over repeats and test images together; verdicts are corrected for their "
            "number (Holm). Repeats draw from the same images, so they are more alike than new "
            "collections would be.",
        ],
    }


def _proof(plan: Plan) -> str:
    """What was made sure of, in one sentence."""
    fits = len({entry.key for entry in plan.fits})
    if plan.leak:
        return (
            "The given split leaks: copies of test images, or images of their groups, are among "
            "the training images, so that the test is not clean."
        )
    held = "Exact and near duplicates and groups are kept on one side of every split"
    if not fits:
        return f"{held}."
    return (
        f"{held}; for each of the {fits} generator fits it was checked, back to the real images, "
        "that none is a validation or test image of its repeat or bound to one (results.json, "
        "provenance)."
    )


def _trainings(plan: Plan, cell: Cell) -> list[str]:
    """The keys of a cell's training and of the one on real images that goes before it."""
    task = plan.tasks[cell.key]
    return [cell.key, *([task.start] if isinstance(task, TrainTask) and task.start else [])]


def _profiles(plan: Plan, bench: TaskContext) -> dict[str, dict[str, Any]]:
    """What each classifier costs; its time for an image is the median over its cells."""
    found: dict[str, list[dict[str, Any]]] = {}
    for cell in plan.cells:
        found.setdefault(cell.classifier, []).append(bench.about(cell.key)["profile"])
    return {
        name: {**some[0], "latency_ms": statistics.median(p["latency_ms"] for p in some)}
        for name, some in found.items()
    }


def _arm(arm: Arm) -> dict[str, Any]:
    return {
        "name": arm.name,
        "base": arm.base,
        "per_class": arm.per_class,
        "against": arm.baseline,
        "control": arm.control,
        "stages": [
            {
                "name": group.name,
                "kind": "generator" if group.generates else "augmenter",
                "amount": "on each batch" if group.amount is None else _amount(group.amount),
                "options": {c.name: c.options.model_dump(mode="json") for c in group.chosen},
            }
            for group in arm.groups
        ],
    }


def _amount(amount: Any) -> str:
    return str(amount) or "as many as there are"


def _cell(plan: Plan, bench: TaskContext, cell: Cell) -> dict[str, Any]:
    about = bench.about(cell.key)
    split, images = plan.splits[cell.repeat], plan.dataset.images
    predictions = bench.tree(cell.key, "predictions")
    logits = predictions["logits"]
    labels = images.labels[split.test]
    whole = predictions.get("logits_all")
    abouts = [bench.about(key) for key in _trainings(plan, cell)]
    return {
        "arm": cell.arm.name,
        "base": cell.arm.base,
        "per_class_images": cell.arm.per_class,
        "against": cell.arm.baseline,
        "classifier": cell.classifier,
        "repeat": cell.repeat,
        "key": cell.key,
        **classification_metrics(logits, labels, images.classes),
        "all_images": _scores(whole, images, range(len(images))),
        "train_scores": _scores(whole, images, cell.split.train),
        "test_images": len(labels),
        "train_images": about["train_images"],
        "steps": sum(a["steps"] for a in abouts),
        "seconds": sum(a["seconds"] for a in abouts),
        "device": about["device"],
        "torch": about["torch"],
        "curves": _curves(about["curves"]),
    }


def _correct(plan: Plan, bench: TaskContext) -> Correct:
    numbers = {name: i for i, name in enumerate(dict.fromkeys(plan.dataset.groups))}
    found = {}
    for cell in plan.cells:
        test = plan.splits[cell.repeat].test
        predicted = bench.tree(cell.key, "predictions")["logits"].argmax(1)
        right = predicted == plan.dataset.images.labels[test]
        groups = [numbers[plan.dataset.groups[i]] for i in test]
        found[cell.key] = (right.numpy(), np.asarray(groups))
    return found


def _scores(
    logits: torch.Tensor | None, images: ImageSet, indices: Sequence[int]
) -> dict[str, Any] | None:
    """Metrics on some of all real images, where the run has scored them."""
    if logits is None:
        return None
    chosen = torch.as_tensor(list(indices))
    return classification_metrics(logits[chosen], images.labels[chosen], images.classes)


def _generator(plan: Plan, bench: TaskContext, index: int) -> dict[str, Any]:
    entry = plan.fits[index]
    record = bench.record(entry.key)
    about = bench.about(entry.key)
    return {
        "stage": entry.stage,
        "arm": entry.arm,
        "class": entry.class_name,
        "repeat": entry.repeat,
        "key": entry.key,
        "run": entry.run,
        "images": about["images"],
        "seconds": about["seconds"],
        "curves": _curves(record.curves),
        "units": record.units,
        "checkpoints": _curves({"": record.checkpoints})[""],
        "epoch_steps": record.epoch_steps,
        "warnings": record.warnings,
    }


def _finite(metrics: dict[str, float]) -> dict[str, float]:
    """Without what earlier versions stored unchecked: JSON has no word for what is not finite."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def _curves(curves: dict[str, Any]) -> dict[str, list[list[float]]]:
    """Likewise for curves, whose other points stay."""
    return {
        name: [[step, value] for step, value in points if math.isfinite(value)]
        for name, points in curves.items()
    }


def _summary(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for arm, classifier, group in grouped(cells):
        values = {name: [c["metrics"][name] for c in group] for name in group[0]["metrics"]}
        for name in group[0]["per_class"]:
            for metric in ("precision", "recall", "f1"):
                values[f"{metric}:{name}"] = [c["per_class"][name][metric] for c in group]
        for metric, numbers in values.items():
            row = {"arm": arm, "classifier": classifier, "metric": metric}
            rows.append({**row, **asdict(estimate(numbers))})
    return rows


def _evaluations(
    plan: Plan, bench: TaskContext, failures: Iterable[Failure]
) -> list[dict[str, Any]]:
    errors = {failure.task.key: str(failure) for failure in failures}
    rows, seen = [], set()
    for cell in plan.cells:
        for name, key in cell.evaluations:
            task = plan.tasks[key]
            assert isinstance(task, EvaluateTask)
            classifier = cell.classifier if task.cell else None
            if (key, cell.arm.name, classifier) in seen:
                continue
            seen.add((key, cell.arm.name, classifier))
            about = {} if key in errors else bench.about(key)
            rows.append(
                {
                    "evaluator": name,
                    "key": key,
                    "arm": cell.arm.name,
                    "classifier": classifier,
                    "repeat": cell.repeat,
                    "metrics": _finite(about.get("metrics", {})),
                    "figures": [f"evaluations/{key[:8]}/{f}" for f in about.get("figures", [])],
                    "warnings": about.get("warnings", []),
                    "error": errors.get(key),
                }
            )
    return rows


def _evaluators(plan: Plan) -> dict[str, dict[str, Any]]:
    """By name what each evaluator says of itself to the reader of the report."""
    found = {}
    for provided in plan.components:
        if provided.kind == "evaluator":
            try:
                found[provided.name] = own_words(provided.load())
            except TypeError:  # of which the evaluation's error tells
                found[provided.name] = own_words(Evaluator)
    return found


def _filtered(plan: Plan, bench: TaskContext) -> list[dict[str, Any]]:
    """What each filtered drawing let through."""
    rows, seen = [], set()
    for cell in plan.cells:
        for name, parts in cell.mixture.parts.items():
            for key in (part.task for part in parts if isinstance(part, MadeImages)):
                task, row = plan.tasks[key], (key, cell.arm.name)
                if not isinstance(task, SampleTask) or not task.source.filters or row in seen:
                    continue
                seen.add(row)
                about = bench.about(key)
                rows.append(
                    {"arm": cell.arm.name, "repeat": cell.repeat, "class": name, "key": key}
                    | {"filters": list(map(list, task.source.filters)), "wanted": task.n}
                    | {name: about[name] for name in ("images", "drawn", "warnings")}
                )
    return rows


def _warnings(plan: Plan, told: dict[str, Any]) -> list[str]:
    """Every sentence once: first of the run, then with the arms and repeats for which it holds."""
    found = [plan.leak] if plan.leak else []
    return list(dict.fromkeys([*found, *plan.warnings, *map(str, notices(told))]))
