"""A paper's numbers beside the run's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from neuplug.experiment.parts import Cell as RunCell
from neuplug.experiment.reporters import Cell, Row, Section, SectionMaker, Table
from neuplug.experiment.results import Mean, RunResults
from neuplug.experiment.summary import wording
from neuplug.training.metrics import Scores
from neuplug_papers.paper import Key, Paper, Published, Way

# Of a class, the mean of its precision and recall, as edcgan2023 reports
PRECISION_AND_RECALL = "ap"
_OF_A_CLASS = {"f1": "F1", "precision": "precision", "recall": "recall", PRECISION_AND_RECALL: "AP"}

# How a table's images were chosen -> our protocols with their names, the paper's first
_WAYS: dict[Way, dict[Way, str]] = {
    "all": {"all": "ours, paper's protocol", "test": "ours, sound protocol"},
    "test": {"test": "ours"},
    "train": {"train": "ours"},
}
_SCORED: dict[Way, str] = {
    "all": "The paper scored on every real image, those of the training included, and so does the "
    "paper's protocol here; the sound one scores on test images that no training has seen.",
    "test": "Both scored on test images; ours were kept apart under the sound protocol. What the "
    "paper leaves open about its own is said beside its protocol.",
    "train": "Scored on the real training images, by the paper and here: what a classifier knows "
    "of images that it has seen.",
}
_MEASURED = "A measure of the generated images: no classifier takes part."
_AP = "AP is the mean of a class's precision and recall."
_SILENT = "Where the paper is silent or contradicts itself"
_NOTE = (
    "Ours is the mean ± half of its 95 % interval (Student's t) over the repeats; one repeat has "
    "no interval. Δ is its difference to the paper's number. What a paper gives without repeats "
    "may have come by chance."
)


@dataclass(frozen=True)
class Line:
    """A published line with what the run found for it.

    Attributes:
        arm: As the recipe calls it.
        per_class: Real images of each class, where the table has several numbers of them.
        classifier: That the numbers are of.
        paper: The published numbers, by metric.
        ours: Our means, by metric and by what was scored; empty where the run has no such arm.
    """

    arm: str
    per_class: int | None
    classifier: str
    paper: Mapping[Key, float]
    ours: Mapping[tuple[Key, Way], Mean]


class BesideThePaper(SectionMaker):
    """The published tables of the run's recipe, each number beside ours."""

    def sections(self, results: RunResults) -> list[Section]:
        """One, or none without a recipe."""
        name = results.config.get("recipe")
        if name is None:
            return []
        paper, budget = Paper.load(str(name)), results.config.get("budget")
        facts = [
            ("Recipe", paper.name + (f" (budget {budget})" if budget else "")),
            ("Paper", paper.source),
            ("Paper's protocol", paper.protocols.paper),
            ("Sound protocol", paper.protocols.sound),
        ]
        return [
            Section(
                "Beside the paper",
                paper.title,
                [(fact, " ".join(text.split())) for fact, text in facts],
                [
                    shown(paper.name, table, list(lines(paper, table, results)), budget)
                    for table in paper.published
                ],
                _NOTE if paper.published else "",
                (f"{_SILENT}, decisions: {len(paper.decisions)}", paper.decisions),
            )
        ]


# What the run found.


def lines(paper: Paper, table: Published, results: RunResults) -> Iterator[Line]:
    """The lines of a published table with what the run found for each number."""
    budget = str(results.config.get("budget") or "laptop")
    first = {**paper.settings, **paper.settings_for(budget)}["clf"][0]
    given: Any = results.config.get("per_class")
    arms = {arm.name: arm for arm in results.arms}
    present = results.cells[0].test.per_class
    own_names = {
        name: next((other for other in others if other in present), name)
        for name, others in paper.aliases.items()
    }
    for row in table.rows:
        # a recipe names the plugin of its components, and a run their names
        classifier = row.classifier or str(first).rpartition(":")[2]
        cells = [
            c
            for c in results.cells
            if (arms[c.arm].base, c.classifier) == (row.arm, classifier)
            and row.per_class in (None, arms[c.arm].per_class or (given[0] if given else None))
        ]
        published = {
            key: value
            for key, value in zip(table.keys, row.values, strict=True)
            if value is not None
        }
        ours = {}
        for name, class_name in published:
            own = name, own_names.get(class_name or "", class_name)
            for way, values in _found(table, row.arm, cells, own, results).items():
                if values and None not in values:
                    ours[(name, class_name), way] = _mean(values)
        yield Line(row.arm, row.per_class, classifier, published, ours)


def _found(
    table: Published, arm: str, cells: Sequence[RunCell], key: Key, results: RunResults
) -> dict[Way, list[float | None]]:
    """Our numbers over the repeats, by what was scored."""
    if table.evaluator is not None:
        measured = [
            {(metric.name, metric.class_name): metric.value for metric in entry.metrics}
            for entry in results.evaluations
            if (entry.evaluator, entry.arm) == (table.evaluator, arm)
        ]
        return {"test": [values.get(key) for values in measured]}
    scored: dict[Way, list[Scores | None]] = {
        "test": [c.test for c in cells],
        "all": [c.all_images for c in cells],
        "train": [c.train for c in cells],
    }
    return {way: [_score(s, *key) for s in scored[way]] for way in _WAYS[table.protocol]}


def _score(scores: Scores | None, metric: str, class_name: str | None) -> float | None:
    if scores is None or class_name is None:
        return scores.metrics.get(metric) if scores else None
    row = scores.per_class.get(class_name)
    if row is not None and metric == PRECISION_AND_RECALL:
        return (row.precision + row.recall) / 2
    return getattr(row, metric, None)


def _mean(values: Sequence[float | None]) -> Mean:
    from neuplug.experiment.analysis.statistics import estimate  # loads an array library

    return estimate([value for value in values if value is not None])


# How it is shown.


def shown(recipe: str, table: Published, found: Sequence[Line], budget: Any) -> Table:
    """A published table: each line that this run has, and below it what the run found."""
    keys = table.keys
    metrics = {key: _metric(key, table) for key in keys}
    scores = all(metric.unit for metric in metrics.values())
    classifiers = list(dict.fromkeys(line.classifier for line in found if scores))
    ran = [line for line in found if line.ours]
    repeats = sorted({mean.n for line in ran for mean in line.ours.values()})
    title = [recipe, table.title, *(classifiers if len(classifiers) == 1 else [])]
    title += [" or ".join(map(wording.repeats, repeats))] if repeats else []
    notes = [_SCORED[table.protocol] if scores else _MEASURED]
    notes += [_AP] if any(name == PRECISION_AND_RECALL for name, _ in keys) else []
    notes += [table.note] if table.note else []
    several = len(classifiers) > 1
    left_out = [line for line in found if not line.ours]
    missing = [_missing(left_out, several, budget)] if left_out else []
    rows = [row for line in ran for row in _rows(line, several, metrics, _WAYS[table.protocol])]
    columns = [(metric.name, metric.unit) for metric in metrics.values()]
    return Table(", ".join(title), columns, rows, [*(notes if ran else []), *missing])


def _metric(key: Key, table: Published) -> wording.Metric:
    """How a metric is shown; a measure of images with as many digits as the paper gives."""
    name, class_name = key
    if class_name is None and name in wording.METRICS:
        return wording.METRICS[name]
    if class_name is not None and name in _OF_A_CLASS:
        return wording.Metric(f"{_OF_A_CLASS[name]} of {class_name}")
    printed = [row.values[table.keys.index(key)] for row in table.rows]
    digits = [len(f"{value:g}".partition(".")[2]) for value in printed if value is not None]
    return wording.Metric(", ".join(filter(None, key)), "", 1.0, max(digits, default=1))


def _rows(
    line: Line, several: bool, metrics: Mapping[Key, wording.Metric], ways: Mapping[Way, str]
) -> Iterator[Row]:
    about = [f"{line.per_class} per class"] if line.per_class is not None else []
    about += [line.classifier] if several else []
    name = f"{line.arm} ({', '.join(about)})" if about else line.arm
    paper = [Cell(wording.number(line.paper.get(key), metrics[key])) for key in metrics]
    yield Row(name, "paper", paper, own=False)
    for way, title in ways.items():
        yield Row(name, title, [_ours(line, key, way, metrics[key]) for key in metrics], own=True)


def _ours(line: Line, key: Key, way: Way, metric: wording.Metric) -> Cell:
    """Our mean, its interval, and its difference to the paper."""
    mean = line.ours.get((key, way))
    if mean is None:
        return Cell(wording.MISSING)
    spread = "" if mean.low is None else wording.spread(mean, metric)  # the title says how many
    difference = wording.number(mean.mean - line.paper[key], metric, signed=True)
    return Cell(wording.middle(mean, metric), spread, f"Δ {difference}")


def _missing(found: Sequence[Line], several: bool, budget: Any) -> str:
    """One sentence that names the lines, arms with the same details together."""
    sizes: dict[tuple[str, str], list[str]] = {}
    for line in found:
        numbers = sizes.setdefault((line.arm, line.classifier if several else ""), [])
        numbers += [str(line.per_class)] if line.per_class is not None else []
    together: dict[str, list[str]] = {}
    for (arm, classifier), numbers in sizes.items():
        details = [f"{wording.listing(numbers)} per class"] if numbers else []
        details += [classifier] if classifier else []
        together.setdefault(" and ".join(details), []).append(f"'{arm}'")
    parts = [
        wording.listing(arms) + (f" with {details}" if details else "")
        for details, arms in together.items()
    ]
    return f"Not in this run{f', budget {budget}' if budget else ''}: {'; '.join(parts)}."
