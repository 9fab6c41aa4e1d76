"""Proof that what a run generated comes from training images alone.

A plan says of every task which images go into it. Followed back through generators and augmenters
to the real images, none may be a validation or test image of the same repeat, nor bound to one as
a duplicate or by a group. A fault here is one of the program, so that the run stops.
"""

from __future__ import annotations

import hashlib

from neuplug.data.splits import Split
from neuplug.errors import NeuplugError
from neuplug.experiment.plan import Plan
from neuplug.experiment.results import Provenance
from neuplug.experiment.tasks import AugmentTask, FitTask, SampleTask, TrainTask


def provenance(plan: Plan) -> dict[str, Provenance]:
    """What each generator learned from, by the key of its fit.

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
