"""A cell of a run: a classifier trained on an arm's set, and what evaluators make of both."""

from __future__ import annotations

from neuplug.experiment.arms import Chosen
from neuplug.experiment.plan import Cell, Pool
from neuplug.experiment.planning.draft import Case, Draft, Made, made_keys, real_parts
from neuplug.experiment.planning.evaluations import add_evaluations
from neuplug.seeds import derive_seed
from neuplug.training_options import TrainingOptions


def add_cell(draft: Draft, case: Case, classifier: Chosen, pool: Pool, made: Made) -> None:
    """Add the training of a classifier and its evaluations.

    Args:
        draft: To add to.
        case: The cell's arm and repeat.
        classifier: To train.
        pool: The training set.
        made: What of it was generated.
    """
    training = draft.config.training
    start = None
    if (first := training.first_phase()) is not None:
        real = {name: real_parts(parts) for name, parts in pool.items()}
        # an arm without real images learns from nothing else
        before = real if all(real.values()) else pool
        start = _add_training(draft, case, classifier, before, first, None, "real images, ")
    second = training.second_phase()
    key = _add_training(draft, case, classifier, pool, second, start, "")
    draft.note_trained(case, classifier, key)
    evaluations = add_evaluations(draft, case, made, None)
    evaluations += add_evaluations(draft, case, made, key)
    cell = Cell(case.arm, classifier.name, case.repeat, key, pool, case.split, evaluations)
    draft.plan.cells.append(cell)


def _add_training(
    draft: Draft,
    case: Case,
    classifier: Chosen,
    pool: Pool,
    training: TrainingOptions,
    start: str | None,
    phase: str,
) -> str:
    online, split = case.arm.online, case.split
    everything = list(range(len(draft.dataset))) if draft.config.score_all else []
    # an amount may be chosen by these; other runs keep the keys that they had
    scored = {"score_val": True} if len(draft.config.amounts()) > 1 and split.val else {}
    return draft.add(
        "train",
        f"{classifier.name} on {phase}{case.arm.name}, repeat {case.repeat + 1}",
        {
            "component": classifier.reference(),
            "training": training.model_dump(mode="json"),
            "start": start,
            "online": [c.reference() for c in online.chosen] if online else [],
            "set": {name: draft.digest(parts) for name, parts in pool.items()},
            "val": draft.pixels(split.val),
            "test": draft.pixels(split.test),
            "all": draft.pixels(everything),
            **scored,
            "classes": list(pool),
            "seed": derive_seed(draft.config.seed, "train", classifier.name, case.repeat),
        },
        [*made_keys(pool, list(pool)), *([start] if start else [])],
        pool=pool,
        case=str(case),
        indices={"val": split.val, "test": split.test, "all": everything},
    )
