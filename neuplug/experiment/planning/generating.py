"""A generator's jobs: its fits, and what is drawn from them for each class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neuplug.experiment.arms import Group
from neuplug.experiment.blame import blame
from neuplug.experiment.filtering import AGREEMENT, COPIES, COPIES_RULE
from neuplug.experiment.identity import identity
from neuplug.experiment.plan import FitEntry, Pool, Sources
from neuplug.experiment.planning.draft import Case, Draft, made_keys
from neuplug.interfaces import Generator
from neuplug.seeds import derive_seed


def generate(
    draft: Draft, case: Case, group: Group, pool: Pool, wanted: Mapping[str, int]
) -> tuple[Pool, Sources]:
    """Add the fits and drawings of a stage.

    Args:
        draft: To add to.
        case: The stage's arm and repeat.
        group: The stage.
        pool: What the generator learns from.
        wanted: How many images of each class to draw.

    Returns:
        What is drawn, and where it comes from.
    """
    generator = group.chosen[0].make()
    assert isinstance(generator, Generator)
    with blame(identity(group.chosen[0].provided)):
        conditional = generator.conditional
    made: Pool = {name: [] for name in pool}
    sources: Sources = {name: [] for name in pool}
    for name in pool:
        for run in range(group.runs):
            n = wanted[name] // group.runs + (run < wanted[name] % group.runs)
            if n == 0:
                continue
            fit = _add_fit(draft, case, group, pool, None if conditional else name, run)
            source, key = _add_drawing(draft, case, group, fit, name, n)
            part = {"made": key}
            if group.filters:
                part["filter"] = "/".join(map(str, group.filters))
            made[name].append(part)
            sources[name].append(source)
    return made, sources


@dataclass(frozen=True)
class _Fit:
    """One training run of a stage's generator."""

    key: str
    classes: list[str]
    seed: int
    title: str


def _add_fit(
    draft: Draft, case: Case, group: Group, pool: Pool, alone: str | None, run: int
) -> _Fit:
    """A fit to all classes together, or to the one that stands alone."""
    chosen = group.chosen[0]
    classes = list(pool) if alone is None else [alone]
    role: list[str | int] = ["fit", chosen.name, *classes, case.repeat]
    role += ["run", run] if run else []
    seed = derive_seed(draft.config.seed, *role)
    title = f"{chosen.name}, repeat {case.repeat + 1}" + (f", run {run + 1}" if run else "")
    key = draft.add(
        "fit",
        title if alone is None else f"{title}, {alone}",
        {
            "component": chosen.fit_reference(),
            "classes": classes,
            "set": {c: draft.digest(pool[c]) for c in classes},
            "seed": seed,
        },
        made_keys(pool, classes),
        pool={c: pool[c] for c in classes},
        case=str(case),
    )
    entry = FitEntry(key, case.arm.name, group.name, alone, case.repeat, run)
    if entry not in draft.plan.fits:
        draft.plan.fits.append(entry)
    return _Fit(key, classes, seed, title)


def _add_drawing(
    draft: Draft, case: Case, group: Group, fit: _Fit, name: str, n: int
) -> tuple[dict[str, Any], str]:
    """What is drawn from a fit for a class: the source, and the key of the drawing."""
    chosen = group.chosen[0]
    filters = _filters(draft, case, group, name)
    source = {"fit": fit.key, "component": chosen.reference(), "classes": fit.classes, **filters}
    if filters:
        source["real"] = draft.real_of(case, name)
        source["judged_by"] = draft.embedder(case) if filters["judge"] else None
    key = draft.add(
        "draw",
        f"images of {fit.title}, {name}",
        {
            "fit": fit.key,
            "class": name,
            "n": n,
            "seed": derive_seed(fit.seed, name),
            "sampling": chosen.sampling(),
            **filters,
        },
        source_needs(source),
        **source,
    )
    return source, key


def _filters(draft: Draft, case: Case, group: Group, name: str) -> dict[str, Any]:
    """What a stage's filters add to the identity of what is drawn; nothing without any."""
    if not group.filters:
        return {}
    kinds = {f.kind for f in group.filters}
    return {
        "filters": [[f.kind, f.level] for f in group.filters],
        # with what copies are told by, so that images once filtered otherwise are not these
        "against": {"by": COPIES_RULE, "real": draft.pixels(draft.real_of(case, name))}
        if COPIES in kinds
        else None,
        "judge": draft.embedder(case)["key"] if AGREEMENT in kinds else None,
    }


def source_identity(source: Mapping[str, Any]) -> list[Any]:
    """What decides which images a source gives, for the key of a job that draws from it."""
    found = [source["fit"], source["component"]["options"]]
    if "filters" in source:  # without any, the keys are those from before evaluators were filtered
        found.append({name: source[name] for name in ("filters", "against", "judge")})
    return found


def source_needs(source: Mapping[str, Any]) -> list[str]:
    """The jobs that must be done before a source can be drawn from."""
    return [source["fit"], *([source["judge"]] if source.get("judge") else [])]
