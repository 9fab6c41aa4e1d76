"""What each section of the page shows, as plain strings and lists for the template."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from neuplug.report import beside, costs, evaluations, notice_lines, prices, reading, verdicts

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
        "more_images": _verdicts(reading.comparisons_of_more_images(results), results),
        "others": _verdicts(reading.other_comparisons(results), results),
        "warnings": [(_unbroken(line.text), line.each) for line in notice_lines.lines(results)],
        "metrics": [(shown.name, shown.unit) for shown in verdicts.METRICS.values()],
        "tables": [_table(results, classifier) for classifier in results["classifiers"]],
        "beside": beside.page_view(results),
        "arm_costs": prices.page_view(results),
        "costs": costs.page_view(results),
        "sized": bool(reading.subsets(results)),
        "class_tables": _class_tables(results),
        "unpictured": _unpictured(results),
        "generator_times": _generator_times(results),
        "evaluations": evaluations.page_view(results),
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
    rows, tested = [], reading.tested(results, classifier)
    for arm in (arm for arm in results["arms"] if arm["name"] in tested):
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
    counts = [c["test_images"] for c in results.get("cells") or [] if c["classifier"] == classifier]
    return {"classifier": classifier, "rows": rows, "test_images": verdicts.span(counts)}


def _mixture(origins: dict[str, int]) -> str:
    """``120 real + 240 dcgan``: what the arm trained on."""
    return " + ".join(f"{count} {origin}" for origin, count in origins.items() if count)


def _class_tables(results: reading.Results) -> list[dict[str, Any]]:
    """F1 of each class, for each classifier and number of real images."""
    sizes = reading.subsets(results)
    found = []
    for classifier in results["classifiers"]:
        tested = reading.tested(results, classifier)
        for size in dict.fromkeys(sizes.get(arm["name"], "") for arm in results["arms"]):
            arms = {
                arm: label
                for arm, label in reading.bare_labels(results).items()
                if sizes.get(arm, "") == size and arm in tested
            }
            table = _class_table(results, classifier, arms)
            counts = {value["n"] for row in table["rows"] for value in row["values"]}
            if any(counts):
                title = f"{classifier}, {size}" if size else classifier
                shared = counts.pop() if len(counts) == 1 else None  # said once, where it is one
                found.append({"title": title, "n": shared, **table})
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


# Generators.


def _generator_times(results: reading.Results) -> list[str]:
    """``dcgan: 18 fits, 32 min`` for each arm's generators."""
    spent: dict[str, dict[str, float]] = {}
    for fit in results.get("generators") or []:  # a fit that several arms share counts once
        spent.setdefault(fit["stage"], {})[fit["key"]] = fit.get("seconds") or 0.0
    return [
        f"{stage}: {len(fits)} fit{'s' * (len(fits) != 1)}, {_duration(sum(fits.values()))}"
        for stage, fits in spent.items()
    ]


# Data, protocol, facts.


def _data(results: reading.Results) -> list[tuple[str, str]]:
    data = results["data"]
    total = sum((data.get("counts") or {}).values())
    height, width = data["imgsz"]
    said = not reading.is_simulated(results) or "simulated" in data["source"]
    simulated = "" if said else ", simulated"
    colour = "grey" if data["channels"] == 1 else "RGB"
    rows = [
        ("Source", f"{data['source']}{simulated}"),
        ("Layout", data.get("layout") or ""),
        ("Images", f"{total} in {len(data['classes'])} classes, {height} x {width}, {colour}"),
        ("Exact duplicates", _exact(results)),
        ("Near duplicates", _near(results)),
        ("Digest", data.get("images_digest") or ""),
    ]
    return [(name, value) for name, value in rows if value]


def _exact(results: reading.Results) -> str:
    data = results["data"]
    clusters = data.get("exact_duplicates") or 0
    return _kept_together(clusters, "cluster", data.get("exact_duplicate_images"), results)


def _near(results: reading.Results) -> str:
    data = results["data"]
    if "near_duplicate_groups" not in data:
        return ""  # of an earlier version
    if (groups := data["near_duplicate_groups"]) is None:
        return "not looked for"
    return _kept_together(groups, "group", data["near_duplicate_images"], results)


def _kept_together(count: int, what: str, images: int | None, results: reading.Results) -> str:
    """``2 groups of 5 images in all, each kept on one side of every split``."""
    if not count:
        return "none"
    several = count != 1
    held = f"{count} {what}{'s' * several}"
    if images is not None:
        held += f" of {images} images{' in all' * several}"
    leaking = "which the given split may divide"
    return f"{held}, {leaking if results.get('leak') else 'each kept on one side of every split'}"


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
    digest = results["data"].get("images_digest")
    rows = [
        (
            "Images",
            f"sha256 {digest[:16]}{verdicts.ELLIPSIS}, in full under Data" if digest else "",
        ),
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
