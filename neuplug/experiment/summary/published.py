"""A paper's numbers beside the run's, for the page and the terminal alike. Light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from neuplug.experiment.results.model import (
    Ours,
    Published,
    PublishedNumber,
    PublishedTable,
    RunResults,
    Way,
)
from neuplug.experiment.summary import wording

# A metric's name, and the class that it is of
Key = tuple[str, str | None]

# What its numbers are called
PAPER = "paper"

_WAYS: dict[
    Way, dict[Way, str]
] = {  # how a table's images were chosen -> our protocols with their names, the paper's first
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


@dataclass(frozen=True)
class Line:
    """One published line.

    Attributes:
        arm: As the recipe calls it.
        per_class: Real images of each class, where the table has several numbers of them.
        classifier: Where the table has several; else empty.
        values: By metric.
    """

    arm: str
    per_class: int | None
    classifier: str
    values: dict[Key, PublishedNumber]

    @property
    def details(self) -> str:
        """``10 per class, vgg16``: what tells it from other lines of its arm."""
        size = f"{self.per_class} per class" if self.per_class is not None else ""
        return ", ".join(filter(None, [size, self.classifier]))

    def paper(self, metric: Key) -> float | None:
        """The published number, where there is one."""
        return self.values[metric].paper if metric in self.values else None

    def ours(self, metric: Key, protocol: Way) -> Ours | None:
        """Our mean with its interval, where this run has the number."""
        return self.values[metric].ours.get(protocol) if metric in self.values else None


@dataclass(frozen=True)
class Table:
    """One published table.

    Attributes:
        recipe: Whose it is.
        title: As the paper calls it.
        aside: What holds for all of its lines.
        metrics: By name and class how each is shown.
        protocols: Ours, key to column title.
        lines: Those that this run has.
        missing: A sentence on the others, or empty.
        notes: Sentences on how to read it.
    """

    recipe: str
    title: str
    aside: str
    metrics: dict[Key, wording.Metric]
    protocols: dict[Way, str]
    lines: tuple[Line, ...]
    missing: str
    notes: tuple[str, ...]


def tables(results: RunResults) -> list[Table]:
    """The published tables of the run's recipe; none without a recipe."""
    published = results.published
    return [_table(entry, published) for entry in published.tables] if published else []


def _table(entry: PublishedTable, published: Published) -> Table:
    scores = all(wording.metric(*key) is not None for key in entry.metrics)
    classifiers = list(dict.fromkeys(row.classifier for row in entry.rows if scores))
    lines = _lines(entry.rows, name_classifier=len(classifiers) > 1)
    ran = [line for line in lines if any(value.ours for value in line.values.values())]
    found = [e for line in ran for value in line.values.values() for e in value.ours.values()]
    repeats = sorted({e.n for e in found})
    aside = [*classifiers] if len(classifiers) == 1 else []
    aside += [" or ".join(map(wording.repeats, repeats))] if repeats else []
    notes = [_SCORED[entry.protocol] if scores else _MEASURED]
    if any(name == "ap" for name, _ in entry.metrics):
        notes.append("AP is the mean of a class's precision and recall.")
    notes += [entry.note] if entry.note else []
    left_out = [line for line in lines if line not in ran]
    return Table(
        published.recipe,
        entry.title,
        ", ".join(aside),
        {key: _metric(key, entry.rows) for key in entry.metrics},
        _WAYS[entry.protocol],
        tuple(ran),
        _missing(left_out, published.budget) if left_out else "",
        tuple(notes),
    )


def _metric(key: Key, rows: Sequence[PublishedNumber]) -> wording.Metric:
    """A measure of images has as many digits as the paper gives."""
    if (score := wording.metric(*key)) is not None:
        return score
    printed = [f"{row.paper:g}".partition(".")[2] for row in rows if _key(row) == key]
    name = ", ".join(filter(None, key))
    return wording.Metric(name, "", 1.0, max(map(len, printed), default=1))


def _key(row: PublishedNumber) -> Key:
    return row.metric, row.class_name


def _lines(rows: Sequence[PublishedNumber], *, name_classifier: bool) -> list[Line]:
    lines: dict[tuple[str, int | None, str], Line] = {}
    for row in rows:
        key = (row.arm, row.per_class, row.classifier if name_classifier else "")
        lines.setdefault(key, Line(*key, {})).values[_key(row)] = row
    return list(lines.values())


def _missing(lines: Sequence[Line], budget: str | None) -> str:
    """One sentence that names the lines, arms with the same details together."""
    sizes: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        found = sizes.setdefault((line.arm, line.classifier), [])
        found += [str(line.per_class)] if line.per_class is not None else []
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


def page_view(results: RunResults) -> dict[str, Any] | None:
    """The section of the page; ``None`` without a recipe."""
    published = results.published
    if not published:
        return None
    budget = f" (budget {published.budget})" if published.budget else ""
    facts = [
        ("Recipe", f"{published.recipe}{budget}"),
        ("Paper", published.source),
        ("Paper's protocol", published.protocols.paper),
        ("Sound protocol", published.protocols.sound),
    ]
    return {
        "title": published.title,
        "facts": [(name, " ".join(text.split())) for name, text in facts],
        "decisions": published.decisions,
        "tables": [_shown(table) for table in tables(results)],
    }


def _shown(table: Table) -> dict[str, Any]:
    rows = [
        {
            "arm": line.arm,
            "details": line.details,
            "groups": [_group(line, key, shown, table) for key, shown in table.metrics.items()],
        }
        for line in table.lines
    ]
    return {
        "title": table.title,
        "aside": table.aside,
        "metrics": [(shown.name, shown.unit) for shown in table.metrics.values()],
        "protocols": list(table.protocols.values()),
        "rows": rows,
        "missing": table.missing,
        "notes": table.notes,
    }


def _group(line: Line, key: Key, shown: wording.Metric, table: Table) -> dict[str, Any]:
    """One metric of a line: the paper's number, then ours under each protocol."""
    ours = []
    for protocol, title in table.protocols.items():
        entry = line.ours(key, protocol)
        found = {"title": title, "difference": "", **wording.stat(entry, shown)}
        if entry is not None:
            found["difference"] = wording.number(entry.difference, shown, signed=True)
            if entry.low is None:
                found["spread"] = ""  # the count stands above the table
        ours.append(found)
    return {"paper": wording.number(line.paper(key), shown), "ours": ours}
