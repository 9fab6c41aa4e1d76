"""Which generators were trained, each once, however many arms draw from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from neuplug.experiment.parts import GeneratorFit as Fit
from neuplug.experiment.results import RunResults


@dataclass(frozen=True)
class Training:
    """Fits of a stage that belong together, with a place for each class, repeat and run.

    Attributes:
        title: The stage, with as much of the arm as tells it from the run's other trainings.
        fits: Entries of ``generators``: one for each class, repeat and run, no key twice.
    """

    title: str
    fits: tuple[Fit, ...]

    @property
    def first(self) -> tuple[Fit, ...]:
        """The fits of the first repeat and run: one for each class."""
        key = min(_place(fit) for fit in self.fits)
        return tuple(fit for fit in self.fits if _place(fit) == key)

    @property
    def unit(self) -> str:
        """What its length is counted in: ``epoch``, where all fits know theirs, or ``step``."""
        return "epoch" if all(fit.epoch_steps for fit in self.fits) else "step"

    def moment(self, step: float, fit: Fit) -> float:
        """A step of a fit in that unit."""
        return step / fit.epoch_steps if fit.epoch_steps and self.unit == "epoch" else step


def trainings(results: RunResults) -> list[Training]:
    """Every training of the run, in its order.

    A fit belongs to the first arm that brought it. What an arm fits beside those of another, such
    as further classes or runs, joins that arm's training where it takes no place twice.
    """
    owners: dict[tuple[str, str], list[Fit]] = {}
    for fit in results.generators:
        owners.setdefault((fit.arm, fit.stage), []).append(fit)
    found: dict[tuple[str, str], dict[str, Fit]] = {}
    for owner, fits in owners.items():
        known = {key for members in found.values() for key in members}
        new = {fit.key: fit for fit in fits if fit.key not in known}
        shared = {fit.key for fit in fits} & known
        host = next((o for o, kept in found.items() if shared & set(kept)), None)
        if host is not None and _slots(new.values()).isdisjoint(_slots(found[host].values())):
            found[host] |= new
        elif new:
            found[owner] = new
    titles = _titles(list(found), results)
    return [
        Training(titles[owner], tuple(sorted(kept.values(), key=_place)))
        for owner, kept in found.items()
    ]


def _slots(fits: Iterable[Fit]) -> set[tuple[str | None, int, int]]:
    return {(fit.class_name, *_place(fit)) for fit in fits}


def _titles(owners: Sequence[tuple[str, str]], results: RunResults) -> dict[tuple[str, str], str]:
    """The shortest kind of title that tells a stage's trainings apart."""
    sizes = {arm.name: arm.size for arm in results.arms}
    found: dict[tuple[str, str], str] = {}
    for stage in dict.fromkeys(stage for _, stage in owners):
        arms = [arm for arm, owned in owners if owned == stage]
        kinds = (
            [stage for _ in arms],
            [f"{stage}, {sizes[arm]}" for arm in arms],
            [stage if arm == stage else f"{stage} in {arm}" for arm in arms],
        )
        best = next((kind for kind in kinds if len(set(kind)) == len(arms)), kinds[-1])
        found |= {(arm, stage): title for arm, title in zip(arms, best, strict=True)}
    return found


def _place(fit: Fit) -> tuple[int, int]:
    return fit.repeat, fit.run


def written(moment: float) -> str:
    """``20`` or ``2.5``."""
    return f"{round(moment, 1):g}" if moment < 1e5 else f"{moment:.0f}"
