"""What a stage makes of the training set that came before it."""

from __future__ import annotations

from collections.abc import Mapping

from neuplug.errors import InputError
from neuplug.experiment.arms import Arm, Group
from neuplug.experiment.grammar import Amount
from neuplug.experiment.plan import Pool
from neuplug.experiment.planning.draft import Case, Draft, Made, made_keys, real_parts
from neuplug.experiment.planning.generating import generate
from neuplug.seeds import derive_seed


def add_stage(
    draft: Draft, case: Case, group: Group, amount: Amount, pool: Pool, made: Made
) -> Pool:
    """Add a stage's jobs, which see all of the pool before it.

    Args:
        draft: To add to.
        case: The stage's arm and repeat.
        group: The stage.
        amount: How far it enlarges the set.
        pool: The set before it.
        made: Noted here if the stage is a generator.

    Returns:
        The pool after it.

    Raises:
        InputError: If a class has nothing to work on.
    """
    works_on = [n for n in pool if (n in group.only or not group.only) and n not in group.spared]
    staying = {
        name: real_parts(pool[name]) if amount.keep_real else pool[name] for name in works_on
    }
    wanted = dict.fromkeys(pool, 0)
    wanted |= {name: amount.images(draft.size(staying[name])) for name in works_on}
    if not any(wanted.values()) and amount.keeps and not amount.keep_real:
        return pool
    refuse_empty(case.arm, {name: draft.size(pool[name]) for name in works_on})
    if group.generates:
        new, sources = generate(draft, case, group, pool, wanted)
        made.images = {n: [*made.images.get(n, []), *new[n]] for n in pool}
        for name, found in sources.items():
            made.sources.setdefault(name, []).extend(found)
    else:
        new = _augment(draft, case, group, pool, wanted)
    kept = {name: staying[name] if amount.keeps else [] for name in works_on}
    return {name: [*kept.get(name, pool[name]), *new[name]] for name in pool}


def refuse_empty(arm: Arm, sizes: Mapping[str, int]) -> None:
    """Refuse an arm that leaves a class without training images.

    Raises:
        InputError: If a size is 0.
    """
    for name, size in sizes.items():
        if size == 0:
            raise InputError(f"arm {arm.name} leaves class {name} without training images.")


def _augment(draft: Draft, case: Case, group: Group, pool: Pool, wanted: Mapping[str, int]) -> Pool:
    made: Pool = {name: [] for name in pool}
    for name in pool:
        if not wanted[name]:
            continue
        seed = derive_seed(draft.config.seed, "augment", group.name, name, case.repeat)
        key = draft.add(
            "augment",
            f"{group.name}, repeat {case.repeat + 1}, {name}",
            {
                "components": [c.reference() for c in group.chosen],
                "class": name,
                "set": {name: draft.digest(pool[name])},
                "n": wanted[name],
                "seed": seed,
            },
            made_keys(pool, [name]),
            pool={name: pool[name]},
            case=str(case),
        )
        made[name] = [{"made": key}]
    return made
