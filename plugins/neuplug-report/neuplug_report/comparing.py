"""Several runs side by side: what differs between them, and what came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue
from rich.console import Console

from neuplug.experiment import results as model
from neuplug.experiment.results import RunResults
from neuplug.experiment.summary import wording
from neuplug.experiment.summary.terminal import STYLES, Writer, new_table
from neuplug.storage.files import write_whole
from neuplug_report.stats import stat

_NOT_COMPARED = {"name", "project", "workers"}  # settings that change no number

# An arm's accuracy in a run, and its comparison with ``none``
Found = tuple[model.Summary | None, model.Comparison | None]


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        runs: Their names, in order.
        settings: Each setting that differs, with its value in each run.
        caution: Why their numbers may not be compared; empty where they may.
        tables: Classifier to rows: an arm, and for each run its mean of the metric that the
            verdicts go by, with its comparison with ``none``; both ``None`` where the run has no
            such arm.
        metric: What that is, with its unit.
    """

    runs: list[str]
    settings: list[tuple[str, list[str]]]
    caution: list[str]
    tables: dict[str, list[tuple[str, list[Found]]]]
    metric: str


def compare_runs(runs: Sequence[RunResults]) -> Comparison:
    """Put runs side by side, in the order given.

    Args:
        runs: Results as :func:`neuplug.read_results` returns them, two or more.
    """
    flat = [_flat(results.config) for results in runs]
    keys = [key for key in dict.fromkeys(k for f in flat for k in f) if key not in _NOT_COMPARED]
    settings = [
        (key, [f.get(key, wording.MISSING) for f in flat])
        for key in keys
        if len({f.get(key, wording.MISSING) for f in flat}) > 1
    ]
    tables: dict[str, list[tuple[str, list[Found]]]] = {}
    for classifier in dict.fromkeys(c for results in runs for c in results.classifiers):
        arms = dict.fromkeys(arm.name for results in runs for arm in results.arms)
        rows = [(arm, [_entries(results, arm, classifier) for results in runs]) for arm in arms]
        tables[classifier] = [(arm, cells) for arm, cells in rows if any(c[0] for c in cells)]
    shown = dict.fromkeys(wording.decisive(results.metric) for results in runs)
    metric = wording.listing([f"{each.name}, {each.unit}" for each in shown])
    return Comparison(_names(runs), settings, _caution(runs), tables, metric)


def _entries(results: RunResults, arm: str, classifier: str) -> Found:
    found = (c for c in results.compared() if (c.arm, c.classifier) == (arm, classifier))
    return results.decisive(arm, classifier), next(found, None)


def _names(runs: Sequence[RunResults]) -> list[str]:
    """The runs' names, numbered where two share one; of simulated data this is said."""
    names = [results.name for results in runs]
    numbered = [
        f"{name} ({names[:i].count(name) + 1})" if names.count(name) > 1 else name
        for i, name in enumerate(names)
    ]
    return [
        f"{name}, simulated data" if results.data.simulated else name
        for name, results in zip(numbered, runs, strict=True)
    ]


def _caution(runs: Sequence[RunResults]) -> list[str]:
    found = []
    if len({results.data.images_digest for results in runs}) > 1:
        found.append(
            "The runs have different images (or sizes of them): their numbers cannot be compared "
            "one with another, only what each says of its own arms."
        )
    elif len({tuple(sorted(results.data.test.items())) for results in runs}) > 1:
        found.append("The runs have different numbers of test images.")
    if len({results.metric for results in runs}) > 1:
        found.append("The verdicts of the runs go by different metrics.")
    if len({results.config["repeats"] for results in runs}) > 1:
        found.append("The runs have different numbers of repeats: wider intervals where fewer.")
    return found


def _flat(node: JsonValue, prefix: str = "") -> dict[str, str]:
    """``{"training": {"lr": 0.001}}`` as ``{"training.lr": "0.001"}``."""
    if not isinstance(node, dict):
        return {prefix: _text(node)}
    found: dict[str, str] = {}
    for key, value in node.items():
        found |= _flat(value, f"{prefix}.{key}" if prefix else key)
    return found


def _text(value: JsonValue) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or wording.MISSING
    return wording.MISSING if value is None else str(value)


def write_comparison(comparison: Comparison, file: Path) -> None:
    """Write the comparison as one page that needs nothing else."""
    from neuplug_report.rendering import render

    write_whole(file, render("comparison.html", comparison=comparison, cell=cell))


def cell(entries: Found) -> dict[str, str]:
    """How an arm of a run is shown: mean, interval, repeats, and the mark of its verdict."""
    mean, comparison = entries
    shown = stat(mean, wording.METRICS["accuracy"] if mean is None else wording.of(mean))
    if mean is None:
        return shown | {"mark": "", "verdict": "", "n": ""}
    if mean.low is None:
        shown["spread"] = ""  # n = 1 says why
    mark = wording.MARKS[comparison.verdict] if comparison else ""
    verdict = comparison.verdict if comparison else ""
    return shown | {"mark": mark, "verdict": verdict, "n": f"n = {mean.n}"}


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print runs side by side: cautions, accuracies, and the settings that differ."""
    write = Writer(console)
    for sentence in comparison.caution:
        write.line(f"warning: {sentence}", "yellow")
    for classifier, rows in comparison.tables.items():
        console.print()
        table = new_table(write.text(f"{classifier}, {comparison.metric}", "bold"))
        table.add_column("arm", overflow="fold")
        for name in comparison.runs:
            table.add_column(write.text(name), justify="right", overflow="fold")
        for arm, entries in rows:
            cells = [cell(pair) for pair in entries]
            shown = [
                write.text(
                    " ".join(filter(None, (c["middle"], c["spread"], c["mark"]))),
                    STYLES.get(c["verdict"], ""),
                )
                for c in cells
            ]
            table.add_row(write.text(arm), *shown)
        console.print(table)
    if comparison.settings:
        console.print()
        table = new_table(write.text("what differs", "bold"))
        table.add_column("setting", overflow="fold")
        for name in comparison.runs:
            table.add_column(write.text(name), overflow="fold")
        for setting, texts in comparison.settings:
            table.add_row(write.text(setting), *map(write.text, texts))
        console.print(table)
    console.print()
