"""What each section of the page shows, as plain strings and lists for the template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import JsonValue

from neuplug.experiment.looks import looks_sentence
from neuplug.experiment.reporters import sections
from neuplug.experiment.results import Comparison, RunResults
from neuplug.experiment.summary import wording
from neuplug.experiment.summary.learning import learnt_sentences
from neuplug.experiment.summary.wording import by_kind, first_of_kind
from neuplug_report import costs, evaluations
from neuplug_report.headline import headline
from neuplug_report.photographs import HEADING
from neuplug_report.stats import heading, span, stat

_SKIPPED_SHOWN = 10


def view(results: RunResults) -> dict[str, Any]:
    """All that the template needs besides figures and pictures."""
    unlearnt, learnt = learnt_sentences(results)
    return {
        "name": results.name,
        "headline": [
            *([("leak", wording.LEAK)] if results.leak else []),
            *(("unlearnt", sentence) for sentence in unlearnt),
            *((_kind(verdict), text) for verdict, text in headline(results)),
        ],
        "simulated": results.data.simulated,
        "learnt": learnt,
        "verdicts": _verdicts(wording.ranked(results), results),
        "decisive": wording.decisive(results.metric),
        "looks": looks_sentence(results),
        "power": f"{wording.power_sentence(results)} {wording.enough_sentence(results)}".strip(),
        "beside_classical": _verdicts(results.compared("best classical"), results),
        "more_images": _verdicts(results.compared("more images"), results),
        "warnings": [(_unbroken(first_of_kind(kind)), kind) for kind in by_kind(results)],
        "metrics": [
            (shown.name, shown.unit) for shown in (*wording.METRICS.values(), *_own(results))
        ],
        "tables": [_table(results, classifier) for classifier in results.classifiers],
        "added": sections(results),
        "worth_heading": HEADING,
        "arm_costs": costs.of_arms(results),
        "costs": costs.of_classifiers(results),
        "sized": bool(results.arms[0].size),
        "class_tables": _class_tables(results),
        "generator_times": _generator_times(results),
        "evaluations": evaluations.page_view(results),
        "data": _data(results),
        "counts": _counts(results),
        "skipped": {
            "count": len(results.data.skipped),
            "first": results.data.skipped[:_SKIPPED_SHOWN],
        },
        "protocol": {"sentences": results.protocol.sentences, "rows": _protocol(results)},
        "config": _lines(results.config),
        "created": {
            "stamp": results.created.isoformat(),
            "text": f"{results.created:%Y-%m-%d %H:%M} {results.created.tzname()}",
        },
        "command": results.command,
        "facts": _facts(results),
    }


# Verdicts and tables.


def _verdicts(comparisons: Iterable[Comparison], results: RunResults) -> list[dict[str, str]]:
    found = []
    for comparison in comparisons:
        claim, figures = wording.verdict_parts(comparison, results)
        found.append(
            {
                "mark": wording.MARKS[comparison.verdict],
                "kind": _kind(comparison.verdict),
                "claim": claim,
                "figures": _unbroken(figures),
            }
        )
    return found


def _kind(verdict: str) -> str:
    """The verdict as a CSS class."""
    return verdict.replace(" ", "-")


def _unbroken(text: str) -> str:
    """The same text, whose intervals and percents never break over two lines."""
    for tight in (f" {wording.ELLIPSIS} ", " %"):
        text = text.replace(tight, tight.replace(" ", "\N{NO-BREAK SPACE}"))
    return text


def _own(results: RunResults) -> list[wording.Metric]:
    """The metric of the verdicts, if the tables do not have it in any case."""
    shown = wording.decisive(results.metric)
    return [] if shown in wording.METRICS.values() else [shown]


def _table(results: RunResults, classifier: str) -> dict[str, Any]:
    """The main table of one classifier: one row for each arm."""
    means, groups = results.means, results.groups
    differences = {c.arm: c for c in results.compared() if c.classifier == classifier}
    rows = []
    for arm in (arm.name for arm in results.tested(classifier)):
        cells = groups[arm, classifier]
        difference = differences.get(arm)
        rows.append(
            {
                "arm": arm,
                "images": _mixture(cells[0].train_images),
                "values": [
                    *(
                        stat(means.get((arm, classifier, key, None)), metric)
                        for key, metric in wording.METRICS.items()
                    ),
                    *(stat(results.decisive(arm, classifier), metric) for metric in _own(results)),
                ],
                "difference": stat(difference, wording.decisive(results.metric))
                | {"kind": _kind(difference.verdict) if difference else ""},
                "n": len(cells),
            }
        )
    counts = [c.test_images for c in results.cells if c.classifier == classifier]
    return {"classifier": classifier, "rows": rows, "test_images": span(counts)}


def _mixture(origins: dict[str, int]) -> str:
    """``120 real + 240 dcgan``: what the arm trained on."""
    return " + ".join(f"{count} {origin}" for origin, count in origins.items() if count)


def _class_tables(results: RunResults) -> list[dict[str, Any]]:
    """F1 of each class, for each classifier and number of real images."""
    found = []
    for classifier in results.classifiers:
        groups: dict[str, dict[str, str]] = {}
        for arm in results.tested(classifier):
            groups.setdefault(heading(classifier, arm), {})[arm.name] = arm.base
        for title, arms in groups.items():
            table = _class_table(results, classifier, arms)
            counts = {value["n"] for row in table["rows"] for value in row["values"]}
            if any(counts):
                shared = counts.pop() if len(counts) == 1 else None  # said once, where it is one
                found.append({"title": title, "n": shared, **table})
    return found


def _class_table(results: RunResults, classifier: str, arms: dict[str, str]) -> dict[str, Any]:
    """A row for each class and a column for each arm, or the other way round if arms are more."""
    means, classes = results.means, results.data.classes

    def value(arm: str, name: str) -> dict[str, Any]:
        entry = means.get((arm, classifier, "f1", name))
        return stat(entry, wording.METRICS["f1"]) | {"n": entry.n if entry else 0}

    if len(arms) > len(classes):
        rows = [
            {"name": label, "values": [value(arm, name) for name in classes]}
            for arm, label in arms.items()
        ]
        return {"head": "Arm", "columns": classes, "rows": rows}
    rows = [{"name": name, "values": [value(arm, name) for arm in arms]} for name in classes]
    return {"head": "Class", "columns": list(arms.values()), "rows": rows}


# Generators.


def _generator_times(results: RunResults) -> list[str]:
    """``dcgan: 18 fits, 32 min`` for each arm's generators."""
    spent: dict[str, dict[str, float]] = {}
    for fit in results.generators:  # a fit that several arms share counts once
        spent.setdefault(fit.stage, {})[fit.key] = fit.seconds
    return [
        f"{stage}: {len(fits)} fit{'s' * (len(fits) != 1)}, {_duration(sum(fits.values()))}"
        for stage, fits in spent.items()
    ]


# Data, protocol, facts.


def _data(results: RunResults) -> list[tuple[str, str]]:
    data = results.data
    height, width = data.imgsz
    simulated = ", simulated" if data.simulated and "simulated" not in data.source else ""
    colour = "grey" if data.channels == 1 else "RGB"
    total = sum(data.counts.values())
    exact = "cluster", data.exact_duplicates, data.exact_duplicate_images
    near = "group", data.near_duplicate_groups, data.near_duplicate_images
    return [
        ("Source", f"{data.source}{simulated}"),
        *([("Layout", data.layout)] if data.layout else []),
        ("Images", f"{total} in {len(data.classes)} classes, {height} x {width}, {colour}"),
        ("Exact duplicates", _kept_together(*exact, results)),
        ("Near duplicates", _kept_together(*near, results)),
        ("Digest", data.images_digest),
    ]


def _kept_together(what: str, count: int | None, images: int | None, results: RunResults) -> str:
    """``2 groups of 5 images in all, each kept on one side of every split``."""
    if not count:
        return "none" if count == 0 else "not looked for"
    several = count != 1
    held = f"{count} {what}{'s' * several} of {images} images{' in all' * several}"
    leaking = "which the given split may divide"
    return f"{held}, {leaking if results.leak else 'each kept on one side of every split'}"


def _counts(results: RunResults) -> list[tuple[str, list[int]]]:
    """Class to its images in all, for training, for validation and for test."""
    data = results.data
    parts = (data.counts, data.train, data.val, data.test)
    rows = [(name, [part.get(name, 0) for part in parts]) for name in data.classes]
    return [*rows, ("all", [sum(part.values()) for part in parts])]


def _protocol(results: RunResults) -> list[tuple[str, str]]:
    protocol = results.protocol
    digest = f"{results.data.images_digest[:16]}{wording.ELLIPSIS}"
    return [
        ("Images", f"sha256 {digest}, in full under Data"),
        ("Device", protocol.device),
        ("Versions", ", ".join(f"{name} {v}" for name, v in protocol.versions.items())),
    ]


def _facts(results: RunResults) -> list[tuple[str, str]]:
    cost = results.cost
    spent = {"generators": cost.generators_seconds, "classifiers": cost.classifiers_seconds}
    shares = ", ".join(f"{name} {_duration(part)}" for name, part in spent.items())
    return [
        ("Folder", results.folder),
        ("Request", results.request),
        ("neuplug", results.neuplug),
        ("Computing time", f"{_duration(sum(spent.values()))} ({shares})"),
    ]


def _duration(seconds: float) -> str:
    """``41 s``, ``4 min 12 s`` or ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _lines(node: Mapping[str, JsonValue], indent: int = 0) -> str:
    """The configuration as indented lines."""
    lines = []
    for key, value in node.items():
        if isinstance(value, dict) and value:
            lines += [f"{' ' * indent}{key}:", _lines(value, indent + 2)]
        else:
            lines.append(f"{' ' * indent}{key}: {value}")
    return "\n".join(lines)
