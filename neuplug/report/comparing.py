"""Several runs side by side: what differs between them, and what came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuplug.report import reading, verdicts
from neuplug.storage.atomic import write_whole

_NOT_COMPARED = {"name", "project", "workers"}  # settings that change no number


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        runs: Their names, in order.
        settings: Each setting that differs, with its value in each run.
        caution: Why their numbers may not be compared; empty where they may.
        tables: Classifier to rows: an arm, and for each run its summary of accuracy with its
            comparison with ``none``; both ``None`` where the run has no such arm.
    """

    runs: list[str]
    settings: list[tuple[str, list[str]]]
    caution: list[str]
    tables: dict[str, list[tuple[str, list[tuple[Any, Any]]]]]


def compare_runs(runs: Sequence[reading.Results]) -> Comparison:
    """Put runs side by side, in the order given.

    Args:
        runs: Results as :func:`neuplug.read_results` returns them, two or more.
    """
    flat = [_flat(results["config"]) for results in runs]
    keys = [key for key in dict.fromkeys(k for f in flat for k in f) if key not in _NOT_COMPARED]
    settings = [
        (key, [f.get(key, verdicts.MISSING) for f in flat])
        for key in keys
        if len({f.get(key, verdicts.MISSING) for f in flat}) > 1
    ]
    tables: dict[str, list[tuple[str, list[tuple[Any, Any]]]]] = {}
    for classifier in dict.fromkeys(c for results in runs for c in results["classifiers"]):
        arms = dict.fromkeys(arm for results in runs for arm in reading.labels(results))
        rows = [(arm, [_entries(results, arm, classifier) for results in runs]) for arm in arms]
        tables[classifier] = [(arm, cells) for arm, cells in rows if any(c[0] for c in cells)]
    return Comparison(_names(runs), settings, _caution(runs), tables)


def _entries(results: reading.Results, arm: str, classifier: str) -> tuple[Any, Any]:
    mean = reading.summary(results).get((arm, classifier, "accuracy"))
    found = [
        c for c in reading.comparisons(results) if (c["arm"], c["classifier"]) == (arm, classifier)
    ]
    return mean, (found[0] if found else None)


def _names(runs: Sequence[reading.Results]) -> list[str]:
    """The runs' names, numbered where two share one; of simulated data this is said."""
    names = [results["name"] for results in runs]
    numbered = [
        f"{name} ({names[:i].count(name) + 1})" if names.count(name) > 1 else name
        for i, name in enumerate(names)
    ]
    simulated = map(reading.is_simulated, runs)
    return [
        f"{name}, simulated data" if so else name
        for name, so in zip(numbered, simulated, strict=True)
    ]


def _caution(runs: Sequence[reading.Results]) -> list[str]:
    found = []
    different = _different_images(runs)
    if different:
        found.append(different)
    elif len({_test_counts(results) for results in runs}) > 1:
        found.append("The runs have different numbers of test images.")
    if len({results["protocol"]["repeats"] for results in runs}) > 1:
        found.append("The runs have different numbers of repeats: wider intervals where fewer.")
    return found


def _different_images(runs: Sequence[reading.Results]) -> str:
    """A sentence, or nothing where all runs have the same images."""
    data = [results["data"] for results in runs]
    if len({entry["digest"] for entry in data}) == 1:  # the same decoded set of the cache
        return ""
    known = {entry.get("images_digest") for entry in data}
    shapes = {(*entry["imgsz"], entry["channels"], *entry["counts"].items()) for entry in data}
    if len(known - {None}) > 1 or len(shapes) > 1:
        return (
            "The runs have different images (or sizes of them): their numbers cannot be compared "
            "one with another, only what each says of its own arms."
        )
    if None in known:  # of an earlier version, which kept no such digest
        return (
            "Whether the runs have the same images cannot be told: they were read from other "
            "folders, or from files that changed in between. Compose one again to be sure."
        )
    return ""


def _test_counts(results: reading.Results) -> tuple[Any, ...]:
    return tuple(sorted(results["data"]["test"].items()))


def _flat(node: Any, prefix: str = "") -> dict[str, str]:
    """``{"training": {"lr": 0.001}}`` as ``{"training.lr": "0.001"}``."""
    if not isinstance(node, dict):
        return {prefix: _text(node)}
    found: dict[str, str] = {}
    for key, value in node.items():
        found |= _flat(value, f"{prefix}.{key}" if prefix else str(key))
    return found


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or verdicts.MISSING
    return verdicts.MISSING if value is None else str(value)


def write_comparison(comparison: Comparison, file: Path) -> None:
    """Write the comparison as one page that needs nothing else."""
    from neuplug.report.rendering import render

    write_whole(file, render("comparison.html", comparison=comparison, cell=cell))


def cell(entries: tuple[Any, Any]) -> dict[str, str]:
    """How an arm of a run is shown: mean, interval, repeats, and the mark of its verdict."""
    mean, comparison = entries
    shown = verdicts.METRICS["accuracy"]
    if mean is None:
        return {"middle": verdicts.MISSING, "spread": "", "mark": "", "verdict": "", "n": ""}
    verdict = comparison["verdict"] if comparison else ""
    return {
        "middle": verdicts.number(mean["mean"], shown),
        "spread": verdicts.spread(mean, shown) if mean["low"] is not None else "",
        "mark": verdicts.MARKS[verdict] if verdict else "",
        "verdict": verdict,
        "n": f"n = {mean['n']}",
    }
