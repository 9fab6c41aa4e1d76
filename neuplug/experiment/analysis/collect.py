"""From finished tasks to the run's results."""

from __future__ import annotations

import dataclasses
import datetime
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuplug import __version__
from neuplug.experiment import parts
from neuplug.experiment import results as model
from neuplug.experiment.analysis.about import about_arm, about_data, about_protocol
from neuplug.experiment.analysis.comparisons import AllScored, score_cells, verdicts
from neuplug.experiment.analysis.learnt import fit_sentence, learnt, training_scores, withhold
from neuplug.experiment.analysis.worth import learning
from neuplug.experiment.looks import planned_looks
from neuplug.experiment.plan import Cell, FitEntry, Plan
from neuplug.experiment.runner import Failure
from neuplug.experiment.steps.checks import own_words
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.summary.wording import with_notices
from neuplug.experiment.tasks import EvaluateTask, SampleTask, TrainTask
from neuplug.plugins.evaluator import Evaluator
from neuplug.training.metrics import Profile, classification_metrics

# Kind of task to where its time counts
_PARTS = {
    "fit": "generators_seconds",
    "sample": "images_seconds",
    "augment": "images_seconds",
    "train": "training_seconds",
}


def collect(
    plan: Plan,
    bench: TaskContext,
    failures: Iterable[Failure],
    doses: Iterable[model.Dose],
    folder: Path,
    *,
    request: str,
    command: str,
) -> model.RunResults:
    """Everything that a run found, but for its curves.

    Args:
        plan: All of whose tasks are done, but for failed evaluators.
        bench: Where the results are.
        failures: Of evaluators.
        doses: What amounts were chosen by.
        request: The key of the question that the run answers.
        command: How the run was asked for.
        folder: Of the run.
    """
    cells = [_cell(plan, bench, cell) for cell in plan.cells]
    scored = score_cells(plan, bench)
    seconds = {
        key: float(bench.about(key)["seconds"])
        for key, task in plan.tasks.items()
        if not task.optional
    }
    results = model.RunResults(
        format=model.FORMAT,
        neuplug=__version__,
        request=request,
        created=datetime.datetime.now(datetime.UTC).replace(microsecond=0),
        command=command,
        name=folder.name,
        folder=str(folder),
        config=plan.config.model_dump(mode="json"),
        data=about_data(plan),
        leak=plan.leak or None,
        provenance=plan.provenance,
        protocol=about_protocol(plan, bench),
        arms=tuple(map(about_arm, plan.arms)),
        classifiers=tuple(dict.fromkeys(cell.classifier for cell in plan.cells)),
        profiles=_profiles(plan, bench),
        cells=tuple(cells),
        metric=plan.metric[0].name,
        summary=tuple(_summary(cells, scored)),
        looks=planned_looks(plan.config.repeats),
        **_verdicts(plan, cells, scored),
        doses=tuple(doses),
        generators=tuple(_generator(bench, entry) for entry in plan.fits),
        filtered=tuple(_filtered(plan, bench)),
        evaluations=tuple(_evaluations(plan, bench, failures)),
        evaluators=_evaluators(plan),
        warnings=tuple(filter(None, (plan.leak, *plan.warnings, fit_sentence(plan, bench)))),
        cost=_cost(plan, seconds),
        arm_costs=tuple(_arm_costs(plan, seconds)),
        learning=tuple(learning(plan, scored)) if plan.config.worth else (),
    )
    return with_notices(results)


def collect_curves(plan: Plan, bench: TaskContext) -> model.Curves:
    """What went on in the trainings of a run."""
    records = {entry.key: bench.record(entry.key) for entry in plan.fits}
    found = {
        "classifiers": {cell.key: bench.about(cell.key)["curves"] for cell in plan.cells},
        "generators": {key: record.curves for key, record in records.items()},
        "units": {key: record.units for key, record in records.items()},
        "checkpoints": {key: record.checkpoints for key, record in records.items()},
    }
    return model.Curves.model_validate({"format": model.FORMAT, **found})


def _verdicts(plan: Plan, cells: Sequence[parts.Cell], scored: AllScored) -> dict[str, Any]:
    """What arms have learnt, and how those compare that have."""
    groups = {key: len(np.unique(each.groups)) for key, each in scored.cells.items()}
    known = tuple(learnt(cells, groups, scored.classes))
    unlearnt = {(each.arm, each.classifier) for each in known if each.problem}
    compared = verdicts(cells, plan.arms, scored, plan.config)
    return {"learnt": known, "comparisons": tuple(withhold(c, unlearnt) for c in compared)}


def _cost(plan: Plan, seconds: Mapping[str, float]) -> parts.Cost:
    fits, trainings = (
        sum(spent for key, spent in seconds.items() if plan.tasks[key].kind == kind)
        for kind in ("fit", "train")
    )
    return parts.Cost(generators_seconds=fits, classifiers_seconds=trainings)


def _arm_costs(plan: Plan, seconds: Mapping[str, float]) -> Iterator[parts.ArmCost]:
    """The time that each arm takes with each classifier.

    An arm's time is that of all tasks which its cells rest on: its generators' fits, the images
    made in advance, and the classifier's training, with images that are changed on the fly in it.
    What several arms or classifiers share counts in full for each, as if it were alone. The time of
    a stored result is what it took when it was made. Evaluations and amounts that were tried but
    not chosen do not count.
    """
    members: dict[tuple[str, str], list[str]] = {}
    for cell in plan.cells:
        members.setdefault((cell.arm.name, cell.classifier), []).append(cell.key)
    for (arm, classifier), keys in members.items():
        spent = dict.fromkeys(_PARTS.values(), 0.0)
        for key in keys:
            for needed, task in plan.behind(key).items():
                spent[_PARTS[task.kind]] += seconds[needed] / len(keys)
        whole = sum(spent.values())
        yield parts.ArmCost(arm=arm, classifier=classifier, n=len(keys), seconds=whole, **spent)


def _profiles(plan: Plan, bench: TaskContext) -> dict[str, Profile]:
    """What each classifier costs; its time for an image is the median over its cells."""
    found: dict[str, list[dict[str, Any]]] = {}
    for cell in plan.cells:
        found.setdefault(cell.classifier, []).append(bench.about(cell.key)["profile"])
    return {
        name: Profile(**some[0] | {"latency_ms": statistics.median(p["latency_ms"] for p in some)})
        for name, some in found.items()
    }


def _cell(plan: Plan, bench: TaskContext, cell: Cell) -> parts.Cell:
    test, images = plan.splits[cell.repeat].test, plan.dataset.images
    predictions = bench.tree(cell.key, "predictions")
    whole, known = predictions.get("logits_all"), classification_metrics
    task = plan.tasks[cell.key]
    assert isinstance(task, TrainTask)
    # with the training on real images before it
    phases = [cell.key, *([task.start.task] if task.start else [])]
    abouts = [bench.about(key) for key in phases]
    return parts.Cell(
        arm=cell.arm.name,
        classifier=cell.classifier,
        repeat=cell.repeat,
        key=cell.key,
        test=known(predictions["logits"], images.labels[test], images.classes),
        all_images=known(whole, images.labels, images.classes) if whole is not None else None,
        train=training_scores(plan, bench, cell.key),
        test_images=len(test),
        train_images=abouts[0]["train_images"],
        steps=sum(about["steps"] for about in abouts),
        seconds=sum(about["seconds"] for about in abouts),
        device=abouts[0]["device"],
        torch=abouts[0]["torch"],
    )


def _generator(bench: TaskContext, entry: FitEntry) -> parts.GeneratorFit:
    record, about = bench.record(entry.key), bench.about(entry.key)
    return parts.GeneratorFit(
        **dataclasses.asdict(entry),
        images=about["images"],
        seconds=about["seconds"],
        epoch_steps=record.epoch_steps,
        warnings=tuple(record.warnings),
    )


def _summary(cells: Sequence[parts.Cell], scored: AllScored) -> Iterator[model.Summary]:
    for (arm, classifier), group in model.grouped(cells).items():
        for (metric, name), found in scored.estimates(group).items():
            about = {"arm": arm, "classifier": classifier, "metric": metric, "class_name": name}
            yield model.Summary.model_validate(about | dict(found))


def _evaluations(
    plan: Plan, bench: TaskContext, failures: Iterable[Failure]
) -> Iterable[parts.Evaluation]:
    errors = {failure.task.key: str(failure.error) for failure in failures}
    found: dict[tuple[str, str, str | None], parts.Evaluation] = {}
    for cell in plan.cells:
        for name, key in cell.evaluations:
            task = plan.tasks[key]
            assert isinstance(task, EvaluateTask)
            classifier = cell.classifier if task.cell else None
            about = {} if key in errors else bench.about(key)
            found[key, cell.arm.name, classifier] = parts.Evaluation(
                evaluator=name,
                arm=cell.arm.name,
                classifier=classifier,
                repeat=cell.repeat,
                key=key,
                metrics=about.get("metrics", ()),
                figures=tuple(f"evaluations/{key[:8]}/{f}" for f in about.get("figures", ())),
                warnings=about.get("warnings", ()),
                error=errors.get(key),
            )
    return found.values()


def _evaluators(plan: Plan) -> dict[str, parts.EvaluatorWords]:
    """By name what each evaluator says of itself to the reader of the report."""
    found = {}
    for provided in plan.selection.components:
        if provided.kind == "evaluator":
            try:
                words = own_words(provided.load())
            except TypeError:  # of which the evaluation's error tells
                words = own_words(Evaluator)
            found[provided.name] = parts.EvaluatorWords.model_validate(words)
    return found


def _filtered(plan: Plan, bench: TaskContext) -> Iterable[parts.Filtered]:
    """What each filtered drawing let through."""
    found: dict[tuple[str, str], parts.Filtered] = {}
    for cell in plan.cells:
        for name in cell.mixture.parts:
            for key in cell.mixture.only([name]).tasks:
                task = plan.tasks[key]
                if isinstance(task, SampleTask) and task.source.filters:
                    about = bench.about(key)
                    found[key, cell.arm.name] = parts.Filtered(
                        arm=cell.arm.name,
                        repeat=cell.repeat,
                        class_name=name,
                        key=key,
                        filters=task.source.filters,
                        wanted=task.n,
                        images=about["images"],
                        drawn=about["drawn"],
                        warnings=about["warnings"],
                    )
    return found.values()
