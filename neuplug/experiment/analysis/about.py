"""What a run was about: its images, protocol, arms, and the proof that no test image was seen."""

from __future__ import annotations

import hashlib
import json
import platform

from neuplug.data.dataset import Dataset
from neuplug.data.listing import listed
from neuplug.data.splits import Split
from neuplug.errors import NeuplugError
from neuplug.experiment import parts
from neuplug.experiment.arms import Arm
from neuplug.experiment.components import versions
from neuplug.experiment.looks import counted
from neuplug.experiment.parts import Provenance
from neuplug.experiment.plan import Plan
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.tasks import AugmentTask, FitTask, SampleTask, TrainTask

_CHOSEN = (
    "Of several amounts of an arm the one that does best on validation images, by the metric "
    "of the verdicts, was chosen for each classifier; it alone was scored on the test images."
)


def about_data(plan: Plan) -> parts.Data:
    """The images, and the parts of the first repeat."""
    dataset, split = plan.dataset, plan.splits[0]
    report, images = dataset.report, dataset.images
    groups, bound = _near_groups(dataset)
    return parts.Data(
        source=report.source,
        simulated=report.simulated,
        layout=report.layout,
        classes=images.classes,
        imgsz=images.image_size,
        channels=images.channels,
        counts=images.counts(),
        train=images.counts(split.train),
        val=images.counts(split.val),
        test=images.counts(split.test),
        left_out=images.counts(split.left_out),
        skipped=tuple(report.skipped),
        exact_duplicates=len(report.exact),
        exact_duplicate_images=sum(map(len, report.exact)),
        near_duplicate_groups=groups,
        near_duplicate_images=bound,
        images_digest=hashlib.sha256(
            json.dumps([images.digest(), *images.ids]).encode()
        ).hexdigest(),
    )


def _near_groups(dataset: Dataset) -> tuple[int | None, int | None]:
    """How many groups near duplicates are in, and how many images these hold together."""
    if dataset.report.near is None:
        return None, None
    near = {identifier for *pair, _ in dataset.report.near for identifier in pair}
    members = zip(dataset.images.ids, dataset.groups, strict=True)
    groups = {group for identifier, group in members if identifier in near}
    return len(groups), sum(group in groups for group in dataset.groups)


def about_protocol(plan: Plan, bench: TaskContext) -> parts.Protocol:
    """How everything was trained and measured, and what was made sure of."""
    config, training = plan.config, plan.config.training
    if training.epochs is not None:
        budget = f"{training.epochs} epochs of each arm's own training set"
    else:
        budget = f"{training.total_steps(0)} optimiser steps for every arm"
    unit = "epochs" if training.epochs is not None else "steps"
    if training.real_first:
        budget += f", after {training.real_first} {unit} on its real images alone"
    if training.generated_first:
        budget += f" on its real images, after {training.generated_first} {unit} on generated ones"
    share, weight = training.generated_share, training.generated_weight
    if training.mix == "beside":
        budget += f", {share:g} generated images beside each real one (weight {weight:g})"
    elif training.mix != "together":
        budget += f", on {training.mix} images alone"
    best = f"best {plan.metric[0].name} on validation images, of equals the least loss,"
    kept = best if plan.splits[0].val else "the last step"
    return parts.Protocol(
        device=str(bench.device),
        versions={"python": platform.python_version(), **versions(plan.selection.components)},
        sentences=(
            f"Each repeat draws the training images and all seeds anew; within a repeat every arm "
            f"sees the same ones ({counted(config.repeats)}, seed {config.seed}).",
            f"Classifiers train for {budget}, batch {training.batch}, {training.optimizer}, "
            f"{training.schedule} learning rate {training.lr:g}; the weights of {kept} are kept.",
            "Generators, augmenters and mixers see training images only; test images are real and "
            "unseen.",
            *plan.dataset.report.notes,
            _assurance(plan),
            *([_CHOSEN] if plan.unchosen else []),
            f"Verdicts go by {plan.metric[0].name}. 95 % intervals, of means and of the paired "
            "differences, are for other draws of the training images and other test images alike; "
            "verdicts are corrected for their number (Holm). Repeats draw from the same images, so "
            "they are more alike than new collections would be.",
        ),
    )


def _assurance(plan: Plan) -> str:
    """What was made sure of, in one sentence."""
    fits = len({entry.key for entry in plan.fits})
    if plan.leak:
        return (
            "The given split leaks: copies of test images, or images of their groups, are among "
            "the training images, so that the test is not clean."
        )
    held = "Exact and near duplicates and groups are kept on one side of every split"
    if plan.dataset.report.whole:
        held += f", except near duplicates within {listed(plan.dataset.report.whole, 3)}"
    if plan.dataset.report.near is None and not plan.dataset.report.simulated:
        held = (
            "Near duplicates were not looked for; exact duplicates and groups are kept on one side "
            "of every split"
        )
    if not fits:
        return f"{held}."
    return (
        f"{held}; for each of the {fits} generator fits it was checked, back to the real images, "
        "that none is a validation or test image of its repeat or bound to one (results.json, "
        "provenance)."
    )


def about_arm(arm: Arm) -> parts.Arm:
    """An arm with its stages."""
    stages = tuple(
        parts.Stage(
            name=stage.name,
            kind=stage.kind,
            amount="on each batch"
            if stage.amount is None
            else str(stage.amount) or "as many as there are",
            options={c.name: c.options.model_dump(mode="json") for c in stage.components},
        )
        for stage in arm.stages
    )
    return parts.Arm(
        name=arm.name,
        base=arm.base,
        per_class=arm.per_class,
        against=arm.baseline,
        control=arm.control,
        stages=stages,
    )


def provenance(plan: Plan) -> dict[str, Provenance]:
    """What each generator learned from, by the key of its fit.

    A plan says of every task which images go into it. Followed back through generators and
    augmenters to the real images, none may be a validation or test image of the same repeat, nor
    bound to one as a duplicate or by a group. A fault here is one of the program, so that the run
    stops.

    Raises:
        NeuplugError: If a validation or test image went into a training set or a generator of its
            repeat, or one that is bound to such an image, unless the given split may leak.
    """
    found: dict[str, Provenance] = {}
    for cell in (*plan.cells, *plan.unchosen):
        behind = [plan.behind(end) for end in (cell.key, *(key for _, key in cell.evaluations))]
        fits = {k for tasks in behind for k, task in tasks.items() if isinstance(task, FitTask)}
        for key in [*sorted(fits - found.keys()), cell.key]:
            images = _real_images(plan, key)
            _refuse_held_out(plan, images, cell.split, plan.tasks[key].label)
            if key in fits:
                found[key] = _proof(plan, images, cell.split)
    return found


def _real_images(plan: Plan, key: str) -> frozenset[int]:
    """Indices of the real images that a task or one before it works on."""
    found: set[int] = set()
    for task in plan.behind(key).values():
        if isinstance(task, SampleTask):
            found |= set(task.source.real.indices)
        elif isinstance(task, FitTask | AugmentTask | TrainTask):
            found |= task.mixture.indices
    return frozenset(found)


def _proof(plan: Plan, images: frozenset[int], split: Split) -> Provenance:
    ids = sorted(plan.dataset.images.ids[index] for index in images)
    return Provenance(
        training_images=len(ids),
        ids=hashlib.sha256("".join(f"{id_}\n" for id_ in ids).encode()).hexdigest(),
        overlap_with_validation=len(images.intersection(split.val)),
        overlap_with_test=len(images.intersection(split.test)),
    )


def _refuse_held_out(plan: Plan, images: frozenset[int], split: Split, title: str) -> None:
    groups = plan.dataset.groups
    for part, held in (("validation", split.val), ("test", split.test)):
        known, why = images.intersection(held), "is"
        if not known and not split.leak:
            bound = {groups[index] for index in held}
            known, why = frozenset(i for i in images if groups[i] in bound), "is bound to"
        if known:
            raise NeuplugError(
                f"internal error: {title}: {plan.dataset.images.ids[min(known)]} went into it, "
                f"which {why} a {part} image of the same repeat. Please report this."
            )
