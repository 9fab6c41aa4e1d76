"""What each section of the page shows, as plain strings and lists for the template."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from neuplug import statistics
from neuplug.report import beside, costs, reading, verdicts

_SKIPPED_SHOWN = 10


def view(results: reading.Results) -> dict[str, Any]:
    """All that the template needs besides figures and pictures."""
    return {
        "name": results["name"],
        "headline": [
            *(("leak", text) for text in reading.leak(results)),
            *((_kind(verdict), text) for verdict, text in verdicts.headline(results)),
        ],
        "simulated": reading.is_simulated(results),
        "verdicts": _verdicts(verdicts.ranked(results), results),
        "power": verdicts.power_sentence(results),
        "beside_classical": _verdicts(reading.classical_comparisons(results), results),
        "others": _verdicts(reading.other_comparisons(results), results),
        "warnings": reading.all_warnings(results),
        "metrics": [(shown.name, shown.unit) for shown in verdicts.METRICS.values()],
        "tables": [_table(results, classifier) for classifier in results["classifiers"]],
        "beside": beside.page_view(results),
        "costs": costs.page_view(results),
        "sized": bool(reading.subsets(results)),
        "class_tables": _class_tables(results),
        "unpictured": _unpictured(results),
        "generator_times": _generator_times(results),
        "evaluations": _evaluations(results),
        "data": _data(results),
        "counts": _counts(results),
        "skipped": _skipped(results),
        "protocol": _protocol(results),
        "config": _lines(results.get("config") or {}),
        "created": _when(results.get("created") or ""),
        "command": results.get("command") or "",
        "facts": _facts(results),
    }


# Verdicts and tables.


def _verdicts(comparisons: list[dict[str, Any]], results: reading.Results) -> list[dict[str, str]]:
    found = []
    for comparison in comparisons:
        claim, figures = verdicts.verdict_parts(comparison, results)
        verdict = comparison["verdict"]
        found.append(
            {
                "mark": verdicts.MARKS[verdict],
                "kind": _kind(verdict),
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
    for tight in (f" {verdicts.ELLIPSIS} ", " %"):
        text = text.replace(tight, tight.replace(" ", "\N{NO-BREAK SPACE}"))
    return text


def _value(
    entry: dict[str, Any] | None, shown: verdicts.Metric, center: str = "mean"
) -> dict[str, str]:
    if entry is None:
        return {"middle": verdicts.MISSING, "spread": "", "kind": ""}
    return {
        "middle": verdicts.number(entry[center], shown, signed=center == "effect"),
        "spread": verdicts.spread(entry, shown, center),
        "kind": _kind(entry.get("verdict", "")),
    }


def _table(results: reading.Results, classifier: str) -> dict[str, Any]:
    """The main table of one classifier: one row for each arm."""
    means = reading.summary(results)
    differences = {
        c["arm"]: c for c in reading.comparisons(results) if c["classifier"] == classifier
    }
    rows = []
    for arm in results["arms"]:
        entries = {key: means.get((arm["name"], classifier, key)) for key in verdicts.METRICS}
        members = reading.cells(results, arm["name"], classifier)
        rows.append(
            {
                "arm": arm.get("label") or arm["name"],
                "amount": arm.get("amount") or "",
                "images": _mixture(members[0]["train_images"]) if members else "",
                "values": [_value(entries[key], shown) for key, shown in verdicts.METRICS.items()],
                "difference": _value(
                    differences.get(arm["name"]), verdicts.METRICS["accuracy"], "effect"
                ),
                "n": next((entry["n"] for entry in entries.values() if entry), 0),
            }
        )
    tested = [c["test_images"] for c in results.get("cells") or [] if c["classifier"] == classifier]
    return {"classifier": classifier, "rows": rows, "test_images": _range(tested)}


def _mixture(origins: dict[str, int]) -> str:
    """``120 real + 240 dcgan``: what the arm trained on."""
    return " + ".join(f"{count} {origin}" for origin, count in origins.items() if count)


def _range(counts: Sequence[int]) -> str:
    """``54``, or ``53 … 55`` where repeats differ."""
    if not counts:
        return ""
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} {verdicts.ELLIPSIS} {high}"


def _class_tables(results: reading.Results) -> list[dict[str, Any]]:
    """F1 of each class, for each classifier and number of real images."""
    sizes = reading.subsets(results)
    found = []
    for classifier in results["classifiers"]:
        for size in dict.fromkeys(sizes.get(arm["name"], "") for arm in results["arms"]):
            arms = {
                arm: label
                for arm, label in reading.bare_labels(results).items()
                if sizes.get(arm, "") == size
            }
            table = _class_table(results, classifier, arms)
            if any(any(value["n"] for value in row["values"]) for row in table["rows"]):
                found.append({"title": f"{classifier}, {size}" if size else classifier, **table})
    return found


def _class_table(results: reading.Results, classifier: str, arms: dict[str, str]) -> dict[str, Any]:
    """A row for each class and a column for each arm, or the other way round if arms are more."""
    means, classes = reading.summary(results), results["data"]["classes"]

    def value(arm: str, name: str) -> dict[str, Any]:
        entry = means.get((arm, classifier, f"f1:{name}"))
        return _value(entry, verdicts.metric("f1")) | {"n": entry["n"] if entry else 0}

    if len(arms) > len(classes):
        rows = [
            {"name": label, "values": [value(arm, name) for name in classes]}
            for arm, label in arms.items()
        ]
        return {"head": "Arm", "columns": classes, "rows": rows}
    rows = [{"name": name, "values": [value(arm, name) for arm in arms]} for name in classes]
    return {"head": "Class", "columns": list(arms.values()), "rows": rows}


def _unpictured(results: reading.Results) -> str:
    names = reading.labels(results)
    arms = [names.get(arm, arm) for arm in results.get("unpictured") or []]
    return f"Not pictured, being too many: {'; '.join(arms)}." if arms else ""


# Generators, evaluations.


def _generator_times(results: reading.Results) -> list[str]:
    """``dcgan: 18 fits, 32 min`` for each arm's generators."""
    spent: dict[str, dict[str, float]] = {}
    for fit in results.get("generators") or []:  # a fit that several arms share counts once
        spent.setdefault(fit["stage"], {})[fit["key"]] = fit.get("seconds") or 0.0
    return [
        f"{stage}: {len(fits)} fit{'s' * (len(fits) != 1)}, {_duration(sum(fits.values()))}"
        for stage, fits in spent.items()
    ]


def _evaluations(results: reading.Results) -> list[dict[str, Any]]:
    """For each evaluator what it measured, and apart from that what it measured of one class."""
    classes = "|".join(map(re.escape, results["data"]["classes"]))
    of_a_class = re.compile(rf"(?<!\w)(?:{classes})(?!\w)")
    found: dict[str, dict[str, Any]] = {}
    for row in _evaluation_rows(results):
        table = found.setdefault(row["evaluator"], {"evaluator": row["evaluator"], "parts": {}})
        part = "class by class" if of_a_class.search(row["metric"]) else ""
        table["parts"].setdefault(part, []).append(row)
    for table in found.values():
        for rows in table["parts"].values():
            order = list(dict.fromkeys(row["metric"] for row in rows))
            rows.sort(key=lambda row: order.index(row["metric"]))  # arms beside each other
        rows = [row for part in table["parts"].values() for row in part]
        table["of_classifiers"] = any(row["classifier"] for row in rows)
    return list(found.values())


def _evaluation_rows(results: reading.Results) -> list[dict[str, Any]]:
    """One row for each measure and arm: mean, interval and counts over the repeats."""
    names = reading.labels(results)
    values: dict[tuple[str, str, str, str], list[float]] = {}
    samples: dict[tuple[str, str, str, str], list[int]] = {}
    for entry in results.get("evaluations") or []:
        metrics = entry.get("metrics") or {}
        for metric, value in metrics.items():
            if metric == "n" or value is None:
                continue
            arm = names.get(entry["arm"], entry["arm"])
            key = (entry["evaluator"], arm, entry.get("classifier") or "", metric)
            values.setdefault(key, []).append(float(value))
            samples.setdefault(key, []).extend([int(metrics["n"])] if "n" in metrics else [])
    return [
        {
            "evaluator": key[0],
            "arm": key[1],
            "classifier": key[2],
            "metric": key[3],
            **_measured(key[3], numbers),
            "n": len(numbers),
            "samples": _range(samples[key]) or verdicts.MISSING,
        }
        for key, numbers in values.items()
    ]


def _measured(metric: str, numbers: Sequence[float]) -> dict[str, str]:
    """The mean with its interval; a count, such as ``n real``, as it is."""
    if metric.startswith("n ") and all(value.is_integer() for value in numbers):
        return {"mean": _range([int(value) for value in numbers]), "spread": ""}
    estimate = statistics.estimate(numbers)
    digits = _digits(estimate.mean)
    spread = "one repeat"
    if estimate.low is not None and estimate.high is not None:
        half = _fixed((estimate.high - estimate.low) / 2, digits)
        spread = f"{verdicts.PLUS_MINUS} {half}"
    return {"mean": _fixed(estimate.mean, digits), "spread": spread}


def _digits(mean: float) -> int:
    """Digits after the point that show four significant ones of the mean."""
    if mean == 0 or not math.isfinite(mean):
        return 3
    return min(max(3 - math.floor(math.log10(abs(mean))), 0), 9)


def _fixed(value: float, digits: int) -> str:
    """The evaluator's number with a true minus; a dash where there is no number."""
    return verdicts.number(value, verdicts.Metric("", "", 1.0, digits))


# Data, protocol, facts.


def _data(results: reading.Results) -> list[tuple[str, str]]:
    data = results["data"]
    total = sum((data.get("counts") or {}).values())
    height, width = data["imgsz"]
    simulated = ", simulated" if reading.is_simulated(results) else ""
    colour = "grey" if data["channels"] == 1 else "RGB"
    rows = [
        ("Source", f"{data['source']}{simulated}"),
        ("Layout", data.get("layout") or ""),
        ("Images", f"{total} in {len(data['classes'])} classes, {height} x {width}, {colour}"),
        ("Exact duplicates", _duplicates(data.get("exact_duplicates") or 0)),
        ("Digest", data.get("digest") or ""),
    ]
    return [(name, value) for name, value in rows if value]


def _duplicates(clusters: int) -> str:
    if not clusters:
        return "none"
    return f"{clusters} cluster{'s' * (clusters != 1)}, each kept on one side of every split"


def _counts(results: reading.Results) -> list[tuple[str, list[int]]]:
    """Class to its images in all, for training, for validation and for test."""
    parts = [results["data"].get(part) or {} for part in ("counts", "train", "val", "test")]
    rows = [(c, [part.get(c, 0) for part in parts]) for c in results["data"]["classes"]]
    return [*rows, ("all", [sum(part.values()) for part in parts])]


def _skipped(results: reading.Results) -> dict[str, Any]:
    found = results["data"].get("skipped") or []
    return {"count": len(found), "first": found[:_SKIPPED_SHOWN]}


def _protocol(results: reading.Results) -> dict[str, Any]:
    protocol = results.get("protocol") or {}
    length = [f"{protocol[key]} {key}" for key in ("steps", "epochs") if protocol.get(key)]
    rows = [
        ("Repeats", protocol.get("repeats")),
        ("Seed", protocol.get("seed")),
        ("Length", ", ".join(length)),
        ("Batch", protocol.get("batch")),
        ("Optimiser", protocol.get("optimizer")),
        ("Learning rate", protocol.get("lr")),
        ("Schedule", protocol.get("schedule")),
        ("Device", protocol.get("device")),
        (
            "Versions",
            ", ".join(f"{name} {v}" for name, v in (protocol.get("versions") or {}).items()),
        ),
    ]
    return {
        "sentences": protocol.get("sentences") or [],
        "rows": [(name, str(value)) for name, value in rows if value not in (None, "")],
    }


def _facts(results: reading.Results) -> list[tuple[str, str]]:
    cost = results.get("cost") or {}
    parts = [
        f"{name} {_duration(cost[key])}"
        for name, key in (
            ("generators", "generators_seconds"),
            ("classifiers", "classifiers_seconds"),
        )
        if cost.get(key)
    ]
    total = _duration(cost["total_seconds"]) if cost.get("total_seconds") else ""
    rows = [
        ("Folder", results.get("folder") or ""),
        ("Request", results.get("request") or ""),
        ("neuplug", results.get("neuplug") or ""),
        ("Computing time", f"{total} ({', '.join(parts)})" if total and parts else total),
    ]
    return [(name, value) for name, value in rows if value]


def _duration(seconds: float) -> str:
    """``41 s``, ``4 min 12 s`` or ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _when(created: str) -> dict[str, str]:
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return {"stamp": "", "text": created}
    return {"stamp": created, "text": f"{moment:%Y-%m-%d %H:%M} {moment.tzname() or ''}".strip()}


def _lines(node: dict[str, Any], indent: int = 0) -> str:
    """The configuration as indented lines."""
    lines = []
    for key, value in node.items():
        if isinstance(value, dict) and value:
            lines += [f"{' ' * indent}{key}:", _lines(value, indent + 2)]
        else:
            lines.append(f"{' ' * indent}{key}: {value}")
    return "\n".join(lines)
