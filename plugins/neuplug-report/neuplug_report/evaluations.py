"""What the evaluators found: a section of the page for each, in its own words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from neuplug import Metric
from neuplug.experiment.parts import Evaluation
from neuplug.experiment.results import RunResults
from neuplug.experiment.summary import wording
from neuplug_report import measures
from neuplug_report.stats import span

_BY_CLASS = "class by class"
_NOTES = {
    "low": "in brackets its interval within a repeat",
    "std": "sd its standard deviation within a repeat",
    "reference": "real the value that real images have",
}

# A metric's name, and the class that it is of
Key = tuple[str, str | None]

# (metric, subject) to the values over repeats; a subject is an arm, or one with a classifier
Numbers = dict[tuple[Key, str], list[Metric]]


def page_view(results: RunResults) -> list[dict[str, Any]]:
    """A section for each evaluator that has numbers or figures.

    Each has ``evaluator``, ``title`` and ``guide`` (the evaluator's own words) and ``tables``: one
    of all classes, and apart from it one of single classes, which may be long.
    """
    words = results.evaluators
    entries: dict[str, list[Evaluation]] = {}
    for entry in results.evaluations:
        if entry.metrics or entry.figures:
            entries.setdefault(entry.evaluator, []).append(entry)
    return [
        {
            "evaluator": name,
            "title": words[name].title or name,
            "guide": words[name].guide,
            "tables": _tables(found),
        }
        for name, found in entries.items()
    ]


def _tables(entries: Sequence[Evaluation]) -> list[dict[str, Any]]:
    parts: dict[str, Numbers] = {"": {}, _BY_CLASS: {}}
    for entry in entries:
        subject = " with ".join(filter(None, (entry.arm, entry.classifier)))
        for metric in entry.metrics:
            numbers = parts["" if metric.class_name is None else _BY_CLASS]
            key = metric.name, metric.class_name
            numbers.setdefault((key, subject), []).append(metric)
    return [
        {"part": part, "count": len(numbers), **_table(numbers)}
        for part, numbers in parts.items()
        if numbers
    ]


def _table(numbers: Numbers) -> dict[str, Any]:
    """A row for each measure and a column for each arm, or the other way round if arms are more."""
    subjects = list(dict.fromkeys(subject for _, subject in numbers))
    first = {key: metrics[0] for (key, _), metrics in reversed(numbers.items())}
    keys = list(dict.fromkeys(key for key, _ in numbers))
    own = {s: [metrics for (_, of), metrics in numbers.items() if of == s] for s in subjects}
    repeats = {s: max(map(len, found)) for s, found in own.items()}
    images = {s: _most(list(map(_images, found))) for s, found in own.items()}

    def value(key: Key, subject: str) -> dict[str, str]:
        found = numbers.get((key, subject))
        if found is None:
            return {"middle": wording.MISSING, "spread": "", "within": "", "aside": ""}
        aside = [f"n = {len(found)}"] if len(found) < repeats[subject] else []
        if (counted := _images(found)) and len(found) == repeats[subject]:
            aside += [f"{counted} images"] if counted != images[subject] else []
        return measures.shown(found) | {"aside": ", ".join(aside)}

    about = {s: _about(repeats[s], images[s]) for s in subjects}
    names = {key: (measures.words(m), measures.unit(m)) for key, m in first.items()}
    everything = [metric for metrics in numbers.values() for metric in metrics]
    notes = [
        note
        for field, note in _NOTES.items()
        if any(getattr(metric, field) is not None for metric in everything)
    ]
    if len(subjects) > len(keys):
        return {
            "notes": notes,
            "head": "Arm",
            "columns": [dict(zip(("name", "about"), names[key], strict=True)) for key in keys],
            "rows": [
                {"name": s, "unit": "", "about": about[s], "values": [value(k, s) for k in keys]}
                for s in subjects
            ],
        }
    return {
        "notes": notes,
        "head": "Measure",
        "columns": [{"name": s, "about": about[s]} for s in subjects],
        "rows": [
            {
                "name": names[key][0],
                "unit": names[key][1],
                "about": "",
                "values": [value(key, s) for s in subjects],
            }
            for key in keys
        ],
    }


def _images(metrics: Sequence[Metric]) -> str:
    """``240``, or ``238 … 240``: the images that a metric comes from."""
    return span([metric.n for metric in metrics if metric.n is not None])


def _most(counted: Sequence[str]) -> str:
    """The number of images that most metrics come from; the others say theirs."""
    return next((text for text, _ in Counter(filter(None, counted)).most_common(1)), "")


def _about(repeats: int, images: str) -> str:
    """``n = 3, 240 images``."""
    return f"n = {repeats}" + (f", {images} images" if images else "")
