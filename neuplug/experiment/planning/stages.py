"""What a stage makes of the training set that came before it."""

from __future__ import annotations

from collections.abc import Mapping

from neuplug.errors import InputError
from neuplug.experiment.arms import Arm, Stage
from neuplug.experiment.grammar import Amount
from neuplug.experiment.mixture import MadeImages, Mixture, Part
from neuplug.experiment.planning.builder import ArmRepeat, Drawn, PlanBuilder
from neuplug.experiment.planning.generating import generate
from neuplug.experiment.tasks import AugmentTask
from neuplug.seeds import derive_seed


def add_stage(
    builder: PlanBuilder,
    where: ArmRepeat,
    stage: Stage,
    amount: Amount,
    mixture: Mixture,
    drawn: Drawn,
) -> Mixture:
    """Add a stage's tasks, which see all of the mixture before it.

    Args:
        builder: To add to.
        where: The stage's arm and repeat.
        stage: The stage.
        amount: How far it enlarges the set.
        mixture: The set before it.
        drawn: Noted here if the stage is a generator.

    Returns:
        The mixture after it.

    Raises:
        InputError: If a class has nothing to work on.
    """
    names = mixture.classes
    works_on = [n for n in names if (n in stage.only or not stage.only) and n not in stage.spared]
    staying = (mixture.real() if amount.keep_real else mixture).only(works_on)
    wanted = dict.fromkeys(names, 0)
    wanted |= {name: amount.images(staying.size(name)) for name in works_on}
    if not any(wanted.values()) and amount.keeps and not amount.keep_real:
        return mixture
    refuse_empty(where.arm, mixture.only(works_on))
    if stage.generates:
        made = generate(builder, where, stage, mixture, wanted)
        new = made.parts
        for name in names:
            drawn.parts.setdefault(name, []).extend(made.parts[name])
            drawn.sources.setdefault(name, []).extend(made.sources[name])
    else:
        new = _augment(builder, where, stage, mixture, wanted)
    kept = {name: staying.parts[name] if amount.keeps else () for name in works_on}
    return Mixture(
        parts={name: (*kept.get(name, mixture.parts[name]), *new[name]) for name in names}
    )


def refuse_empty(arm: Arm, mixture: Mixture) -> None:
    """Refuse an arm that leaves a class without training images.

    Raises:
        InputError: If it does.
    """
    for name in mixture.parts:
        if mixture.size(name) == 0:
            raise InputError(f"arm {arm.name} leaves class {name} without training images.")


def _augment(
    builder: PlanBuilder,
    where: ArmRepeat,
    stage: Stage,
    mixture: Mixture,
    wanted: Mapping[str, int],
) -> dict[str, list[Part]]:
    made: dict[str, list[Part]] = {name: [] for name in mixture.parts}
    for name in mixture.parts:
        if not wanted[name]:
            continue
        key = builder.add(
            AugmentTask,
            f"{stage.name}, repeat {where.repeat + 1}, {name}",
            augmenters=tuple(c.reference() for c in stage.components),
            class_name=name,
            mixture=mixture.only([name]),
            n=wanted[name],
            seed=derive_seed(builder.config.seed, "augment", stage.name, name, where.repeat),
            where=str(where),
        )
        made[name] = [MadeImages(task=key, n=wanted[name])]
    return made
