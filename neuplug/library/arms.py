"""An arm by itself: from real training images to the set that a classifier is trained on."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from neuplug.data.dataset import Dataset
from neuplug.data.imageset import TrainingSet, refuse_unfit
from neuplug.data.splits import Split
from neuplug.errors import InputError
from neuplug.experiment.config import resolve
from neuplug.experiment.events import Sink, unheard
from neuplug.experiment.executors.local import local_executor
from neuplug.experiment.grammar import AGREEMENT, parse_arm
from neuplug.experiment.planning.arm import ArmPlanner
from neuplug.experiment.planning.make import begin_plan
from neuplug.experiment.runner import run_tasks
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.steps.generate import load_augmenters
from neuplug.plugins.augmenter import Augmenter
from neuplug.plugins.registry import discover
from neuplug.storage.store import store_root


@dataclass(frozen=True)
class PreparedArm:
    """What an arm gives a classifier.

    Attributes:
        name: The arm.
        train: Real and made images; ``origins`` and ``parents`` tell which is which.
        augmenter: Acts on each batch anew, or ``None``.
        warnings: Sentences that the user must see, such as a generator's collapse.
    """

    name: str
    train: TrainingSet
    augmenter: Augmenter | None
    warnings: tuple[str, ...] = ()


def build_arm(
    arm: str,
    train: TrainingSet,
    *,
    add: float | None = None,
    to: float | None = None,
    share: float | None = None,
    replace: bool = False,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    judge: str | None = None,
    seed: int = 0,
    repeat: int = 0,
    device: str = "auto",
    on_event: Sink | None = None,
) -> PreparedArm:
    """Do what an arm says with real training images: fit its generators, draw, augment, mix.

    The results are in the same store as those of :func:`neuplug.compose`: an arm that was built
    before, by either, on the same images with the same seed and repeat is there at once, and one
    that was interrupted goes on.

    Args:
        arm: As after ``--aug``: ``flip``, ``classical+dcgan@add=100``, ``none``.
        train: Real images.
        add: For stages without an amount of their own, as all of the next three.
        to: Images of a class afterwards.
        share: Made part of the result, 0 to 1.
        replace: Made images take the others' place.
        options: Component options by component name.
        judge: The classifier that ``filter=agreement`` asks, trained on ``train`` for that; only
            that filter needs one.
        seed: The source of all randomness.
        repeat: Another number is another draw.
        device: ``auto``, ``cpu``, ``cuda``.
        on_event: Told what goes on, as the events of ``neuplug.experiment.events``.

    Raises:
        InputError: If ``train`` is no training set, or the arm, an option or an amount does not
            exist or does not fit.
        PluginError: If a plugin fails.
        TrainingDiverged: If a generator's loss is no longer finite.
        NeuplugError: If filters let no image of a class pass that has no others.

    Example:
        >>> photos = torch.randint(0, 256, (8, 1, 32, 32), dtype=torch.uint8)
        >>> train = neuplug.training_set(photos, ["rust", "dent"] * 4)
        >>> arm = neuplug.build_arm("flip@add=3", train)
        >>> arm.train.counts(), arm.train.origins.count("flip"), arm.augmenter
        ({'dent': 7, 'rust': 7}, 6, None)
    """
    refuse_unfit(train, f"arm {arm}")
    stages = parse_arm(arm).stages
    judged = any(f.kind == AGREEMENT for stage in stages for f in stage.filters)
    if judged and judge is None:
        raise InputError(f"arm {arm}: filter=agreement asks a classifier: name one as judge.")
    asked = {
        "data": "in memory",
        "aug": [arm],
        "clf": [judge] if judge else [spec.name for spec in discover().of_kind("classifier")][:1],
        "options": {name: dict(own) for name, own in (options or {}).items()},
        **{"add": add, "to": to, "share": share, "replace": replace, "seed": seed},
    }
    dataset = Dataset.from_imageset(train)
    plan = begin_plan(resolve(flags=asked, environment={}), dataset)
    split = Split(list(range(len(dataset))), [], [], [])
    plain, chosen = plan.arms[0], plan.arms[-1]
    if judged:
        ArmPlanner(plan, plain, repeat, split).add_cell(plan.selection.classifiers[0])
    mixture = ArmPlanner(plan, chosen, repeat, split).mixture
    context = TaskContext.open(store_root(), device, dataset)
    tasks, tell = plan.tasks, on_event or unheard
    undone = [task for key, task in tasks.items() if not context.store.has(key)]
    with closing(local_executor(0, context, tell)) as executor:
        run_tasks(undone, tasks, executor, tell)
    online = chosen.online
    return PreparedArm(
        chosen.name,
        context.training_set(mixture, dataset, f"arm {chosen.name}"),
        load_augmenters([c.reference() for c in online.components] if online else []),
        tuple(w for key in tasks for w in context.about(key).get("warnings", [])),
    )
