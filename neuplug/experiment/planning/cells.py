"""A cell of a run: a classifier trained on an arm's set, and what evaluators make of both."""

from __future__ import annotations

from neuplug.experiment.arms import ConfiguredComponent
from neuplug.experiment.mixture import Mixture, RealImages
from neuplug.experiment.plan import Cell
from neuplug.experiment.planning.builder import ArmRepeat, Drawn, PlanBuilder
from neuplug.experiment.planning.evaluations import add_evaluations
from neuplug.experiment.tasks import TrainTask
from neuplug.seeds import derive_seed
from neuplug.training.options import TrainingOptions


def add_cell(
    builder: PlanBuilder,
    where: ArmRepeat,
    classifier: ConfiguredComponent,
    mixture: Mixture,
    drawn: Drawn,
) -> None:
    """Add the training of a classifier and its evaluations.

    Args:
        builder: To add to.
        where: The cell's arm and repeat.
        classifier: To train.
        mixture: The training set.
        drawn: What of it was generated.
    """
    training = builder.config.training
    start = None
    if (first := training.first_phase()) is not None:
        real = mixture.real()
        # an arm without real images learns from nothing else
        before = real if all(real.parts.values()) else mixture
        start = _add_training(builder, where, classifier, before, first, None, "real images, ")
    second = training.second_phase()
    key = _add_training(builder, where, classifier, mixture, second, start, "")
    builder.note_trained(where, classifier, key)
    evaluations = add_evaluations(builder, where, drawn, None)
    evaluations += add_evaluations(builder, where, drawn, key)
    cell = Cell(where.arm, classifier.name, where.repeat, key, mixture, where.split, evaluations)
    builder.plan.cells.append(cell)


def _add_training(
    builder: PlanBuilder,
    where: ArmRepeat,
    classifier: ConfiguredComponent,
    mixture: Mixture,
    training: TrainingOptions,
    start: str | None,
    phase: str,
) -> str:
    online, split, config = where.arm.online, where.split, builder.config
    everything = list(range(len(builder.dataset)))
    return builder.add(
        TrainTask,
        f"{classifier.name} on {phase}{where.arm.name}, repeat {where.repeat + 1}",
        component=classifier.reference(),
        training=training,
        start=start,
        online=tuple(c.reference() for c in online.components) if online else (),
        mixture=mixture,
        val=builder.real(split.val),
        test=builder.real(split.test),
        everything=builder.real(everything) if config.score_all else RealImages(),
        score_val=len(config.amounts()) > 1 and bool(split.val),  # an amount may be chosen by it
        seed=derive_seed(config.seed, "train", classifier.name, where.repeat),
        where=str(where),
    )
