"""A generator's tasks: its fits, and what is drawn from them for each class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neuplug.experiment.arms import Stage
from neuplug.experiment.filtering import AGREEMENT, COPIES, COPIES_RULE
from neuplug.experiment.isolation import named_faults
from neuplug.experiment.mixture import MadeImages, Mixture
from neuplug.experiment.plan import FitEntry
from neuplug.experiment.planning.builder import ArmRepeat, Drawn, PlanBuilder
from neuplug.experiment.tasks import FitTask, SampleTask, Source
from neuplug.plugins.generator import Generator
from neuplug.seeds import derive_seed


def generate(
    builder: PlanBuilder,
    where: ArmRepeat,
    stage: Stage,
    mixture: Mixture,
    wanted: Mapping[str, int],
) -> Drawn:
    """Add the fits and drawings of a stage.

    Args:
        builder: To add to.
        where: The stage's arm and repeat.
        stage: The stage.
        mixture: What the generator learns from.
        wanted: How many images of each class to draw.

    Returns:
        What is drawn, and where it comes from.
    """
    generator = stage.components[0].make()
    assert isinstance(generator, Generator)
    with named_faults(stage.components[0].spec):
        conditional = generator.conditional
    drawn = Drawn({name: [] for name in mixture.parts}, {name: [] for name in mixture.parts})
    for name in mixture.parts:
        for run in range(stage.runs):
            n = wanted[name] // stage.runs + (run < wanted[name] % stage.runs)
            if n == 0:
                continue
            fit = _add_fit(builder, where, stage, mixture, None if conditional else name, run)
            source, key = _add_drawing(builder, where, stage, fit, name, n)
            how = "/".join(map(str, stage.filters))
            drawn.parts[name].append(MadeImages(task=key, n=n, filter=how))
            drawn.sources[name].append(source)
    return drawn


@dataclass(frozen=True)
class _Fit:
    """One training run of a stage's generator."""

    key: str
    classes: tuple[str, ...]
    seed: int
    title: str


def _add_fit(
    builder: PlanBuilder,
    where: ArmRepeat,
    stage: Stage,
    mixture: Mixture,
    alone: str | None,
    run: int,
) -> _Fit:
    """A fit to all classes together, or to the one that stands alone."""
    chosen = stage.components[0]
    classes = mixture.classes if alone is None else [alone]
    role: list[str | int] = ["fit", chosen.name, *classes, where.repeat]
    role += ["run", run] if run else []
    seed = derive_seed(builder.config.seed, *role)
    title = f"{chosen.name}, repeat {where.repeat + 1}" + (f", run {run + 1}" if run else "")
    key = builder.add(
        FitTask,
        title if alone is None else f"{title}, {alone}",
        component=chosen.fit_reference(),
        mixture=mixture.only(classes),
        seed=seed,
        where=str(where),
    )
    entry = FitEntry(key, where.arm.name, stage.name, alone, where.repeat, run)
    if entry not in builder.plan.fits:
        builder.plan.fits.append(entry)
    return _Fit(key, tuple(classes), seed, title)


def _add_drawing(
    builder: PlanBuilder, where: ArmRepeat, stage: Stage, fit: _Fit, name: str, n: int
) -> tuple[Source, str]:
    """What is drawn from a fit for a class: the source, and the key of the drawing."""
    chosen = stage.components[0]
    source = Source(
        fit=fit.key,
        component=chosen.reference(),
        classes=fit.classes,
        **_filters(builder, where, stage, name),
    )
    key = builder.add(
        SampleTask,
        f"images of {fit.title}, {name}",
        source=source,
        class_name=name,
        n=n,
        seed=derive_seed(fit.seed, name),
        sampling=chosen.sampling(),
    )
    return source, key


def _filters(builder: PlanBuilder, where: ArmRepeat, stage: Stage, name: str) -> dict[str, Any]:
    """What a stage's filters add to its sources; nothing without any."""
    if not stage.filters:
        return {}
    kinds = {f.kind for f in stage.filters}
    real = builder.real_of(where, name)
    return {
        "filters": tuple((f.kind, f.level) for f in stage.filters),
        # with what copies are told by, so that images once filtered otherwise are not these
        "against": {"by": COPIES_RULE, "real": real.digest} if COPIES in kinds else None,
        "real": real.indices,
        "judge": builder.embedder(where) if AGREEMENT in kinds else None,
    }
