"""What the evaluators found: a section of the page for each, in its own words."""

from __future__ import annotations

import re
from typing import Any

from neuplug.experiment.results.model import RunResults
from neuplug.experiment.results.parts import Evaluation, EvaluatorWords
from neuplug.report import measures, verdicts

_BY_CLASS = "class by class"
_WITHIN = {
    measures.LOW: "in brackets its interval within a repeat",
    measures.DEVIATION: "sd its standard deviation within a repeat",
}

Numbers = dict[tuple[str, str], list[float]]
"""(metric, subject) to the values over repeats; a subject is an arm, or one with a classifier."""


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
            "tables": _tables(results, found, words[name]),
        }
        for name, found in entries.items()
    ]


def _tables(
    results: RunResults, entries: list[Evaluation], words: EvaluatorWords
) -> list[dict[str, Any]]:
    classes = "|".join(map(re.escape, results.data.classes))
    of_a_class = re.compile(rf"(?<!\w)(?:{classes})(?!\w)")
    parts: dict[str, Numbers] = {"": {}, _BY_CLASS: {}}
    images: dict[str, list[int]] = {}
    for entry in entries:
        subject = " with ".join(filter(None, (entry.arm, entry.classifier)))
        if "n" in entry.metrics:
            images.setdefault(subject, []).append(int(entry.metrics["n"]))
        for metric, value in entry.metrics.items():
            if metric != "n":
                numbers = parts[_BY_CLASS if of_a_class.search(metric) else ""]
                numbers.setdefault((metric, subject), []).append(value)
    return [
        {"part": part, "count": len(numbers), **_table(numbers, images, words)}
        for part, numbers in parts.items()
        if numbers
    ]


def _table(numbers: Numbers, images: dict[str, list[int]], words: EvaluatorWords) -> dict[str, Any]:
    """A row for each measure and a column for each arm, or the other way round if arms are more."""
    subjects = list(dict.fromkeys(subject for _, subject in numbers))
    names = {s: {metric for metric, own in numbers if own == s} for s in subjects}
    beside = {(m, s) for m, s in numbers if measures.belongs_to_another(m, names[s])}
    metrics = list(dict.fromkeys(m for m, s in numbers if (m, s) not in beside))
    named = {metric: measures.words(metric, words.terms) for metric in metrics}
    shares = {
        metric: measures.is_share(
            metric,
            [value for (own, _), values in numbers.items() if own == metric for value in values],
            words.shares,
        )
        for metric in metrics
    }
    units = {metric: "%" if share else "" for metric, share in shares.items()}
    repeats = {s: max(len(v) for (_, own), v in numbers.items() if own == s) for s in subjects}
    abouts = {s: _about(repeats[s], images.get(s, [])) for s in subjects}

    def value(metric: str, subject: str) -> dict[str, str]:
        found = numbers.get((metric, subject))
        if found is None:
            return {"middle": verdicts.MISSING, "spread": "", "within": "", "aside": ""}
        fewer = len(found) < repeats[subject]
        aside = {"aside": f"n = {len(found)}" if fewer else ""}
        low, high, deviation = (
            numbers.get((f"{metric} {end}", subject), []) for end in measures.ENDS
        )
        aside["within"] = measures.within(low, high, deviation, share=shares[metric])
        if measures.is_count(metric, found):
            return {"middle": verdicts.span([int(v) for v in found]), "spread": ""} | aside
        return measures.shown(found, share=shares[metric]) | aside

    asides = {metric.rpartition(" ")[2] for metric, _ in beside}
    notes = [note for end, note in _WITHIN.items() if end in asides]
    if len(subjects) > len(metrics):
        return {
            "notes": notes,
            "head": "Arm",
            "columns": [{"name": named[m], "about": units[m]} for m in metrics],
            "rows": [
                {
                    "name": s,
                    "unit": "",
                    "about": abouts[s],
                    "values": [value(m, s) for m in metrics],
                }
                for s in subjects
            ],
        }
    return {
        "notes": notes,
        "head": "Measure",
        "columns": [{"name": s, "about": abouts[s]} for s in subjects],
        "rows": [
            {
                "name": named[m],
                "unit": units[m],
                "about": "",
                "values": [value(m, s) for s in subjects],
            }
            for m in metrics
        ],
    }


def _about(repeats: int, images: list[int]) -> str:
    """``n = 3, 240 images``."""
    counted = f", {verdicts.span(images)} images" if images else ""
    return f"n = {repeats}{counted}"
