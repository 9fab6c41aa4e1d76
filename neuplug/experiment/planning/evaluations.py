"""The evaluators of generated sets and of cells' predictions."""

from __future__ import annotations

from neuplug.experiment.blame import blame
from neuplug.experiment.identity import identity
from neuplug.experiment.planning.draft import Case, Draft, Made, made_keys
from neuplug.experiment.planning.generating import source_identity, source_needs
from neuplug.seeds import derive_seed


def add_evaluations(
    draft: Draft, case: Case, made: Made, cell: str | None
) -> tuple[tuple[str, str], ...]:
    """Add every evaluator that has something to look at.

    Args:
        draft: To add to.
        case: The arm and repeat.
        made: What the arm's generators have drawn.
        cell: The key of a training whose predictions to evaluate; ``None`` for the generated set.

    Returns:
        Evaluators' names with the keys of their jobs.
    """
    found = []
    drawn = {name: parts for name, parts in made.images.items() if parts}
    for evaluator in draft.selection.evaluators:
        with blame(identity(evaluator.provided)):
            needs: frozenset[str] = evaluator.make().needs
        if ("logits" in needs) != (cell is not None):
            continue
        if not drawn and needs & {"generated", "generators"}:
            continue
        sources = {n: s for n, s in made.sources.items() if s and "generators" in needs}
        embedder = draft.embedder(case) if "embedder" in needs else None
        key = draft.add(
            "evaluate",
            f"{evaluator.name}, repeat {case.repeat + 1}",
            {
                "component": evaluator.reference(),
                "cell": cell,
                "classes": list(draft.dataset.images.classes),
                "generated": {n: draft.digest(p) for n, p in drawn.items()},
                "sources": {n: list(map(source_identity, some)) for n, some in sources.items()},
                "embedder": embedder["key"] if embedder else None,
                "train": draft.pixels(case.split.train),
                "test": draft.pixels(case.split.test),
                "seed": derive_seed(draft.config.seed, "evaluate", evaluator.name, case.repeat),
            },
            [
                *made_keys(drawn, list(drawn)),
                *([cell] if cell else []),
                *(key for some in sources.values() for s in some for key in source_needs(s)),
                *([embedder["key"]] if embedder else []),
            ],
            drawn=drawn,
            drawn_by=sources,
            embedded_by=embedder,
            indices={"train": case.split.train, "test": case.split.test},
        )
        found.append((evaluator.name, key))
    return tuple(found)
