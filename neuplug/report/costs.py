"""What the classifiers cost, beside what they reach. Light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neuplug.report import reading, verdicts


@dataclass(frozen=True)
class Cost:
    """One classifier.

    Attributes:
        latency_ms: Milliseconds for one image.
        plain: The baseline that the best arm is compared with, and its accuracy.
        best: The arm of the best mean accuracy, and that accuracy; ``None`` if there is none.
    """

    classifier: str
    parameters: int
    multiply_adds: int
    latency_ms: float
    threads: int
    plain: tuple[str, dict[str, Any]] | None
    best: tuple[str, dict[str, Any]] | None


def costs(results: reading.Results) -> list[Cost]:
    """One entry for each classifier that was measured, in the order of the run."""
    profiles = results.get("profiles") or {}
    return [
        Cost(name, **profiles[name], **_accuracies(results, name))
        for name in results["classifiers"]
        if name in profiles
    ]


def _accuracies(results: reading.Results, classifier: str) -> dict[str, Any]:
    """The best arm and its own baseline, so that both saw as many real images."""
    means, rivals = reading.summary(results), reading.baselines(results)
    found = {
        arm: means[arm, classifier, "accuracy"]
        for arm in rivals
        if (arm, classifier, "accuracy") in means
    }
    order = sorted(found, key=lambda arm: -found[arm]["mean"])
    best = next((arm for arm in order if arm != rivals[arm]), None)
    plain = next(iter(order), None) if best is None else rivals[best]
    return {
        "plain": (plain, found[plain]) if plain in found else None,
        "best": (best, found[best]) if best in found else None,
    }


def how_measured(results: reading.Results) -> str:
    """The conditions of the figures, in a sentence or two."""
    height, width = results["data"]["imgsz"]
    threads = sorted({cost.threads for cost in costs(results)})
    on = " or ".join(f"{n} thread{'s' * (n != 1)}" for n in threads)
    if device := (results.get("protocol") or {}).get("device"):
        on = f"{device}, {on}"
    return (
        f"Multiply-adds are those of convolutions and dense layers for one image of "
        f"{height} x {width}. The time is the median for one image ({on}), measured while other "
        "jobs may have run: it compares these classifiers and is no benchmark."
    )


def page_view(results: reading.Results) -> dict[str, Any] | None:
    """The section of the page; ``None`` where nothing was measured."""
    found = costs(results)
    if not found:
        return None
    rows = [
        {
            "classifier": cost.classifier,
            "parameters": verdicts.magnitude(cost.parameters),
            "multiply_adds": verdicts.magnitude(cost.multiply_adds),
            "latency": verdicts.brief(cost.latency_ms),
            "plain": _accuracy(cost.plain, results),
            "best": _accuracy(cost.best, results),
        }
        for cost in found
    ]
    return {"rows": rows, "note": how_measured(results)}


def _accuracy(found: tuple[str, dict[str, Any]] | None, results: reading.Results) -> dict[str, str]:
    if found is None:
        return {"arm": "", "middle": verdicts.MISSING, "spread": "", "n": ""}
    arm, entry = found
    shown = verdicts.METRICS["accuracy"]
    return {
        "arm": reading.labels(results)[arm],
        "middle": verdicts.number(entry["mean"], shown),
        "spread": verdicts.spread(entry, shown),
        "n": str(entry["n"]),
    }


def terminal_lines(results: reading.Results) -> list[str]:
    """A line for each classifier, where there are several to compare."""
    found = costs(results)
    if len(found) < 2:
        return []
    shown = verdicts.METRICS["accuracy"]
    labels = reading.labels(results)
    lines = []
    for cost in found:
        reached = [
            f"{labels[arm]} {verdicts.number(entry['mean'], shown)} %"
            for arm, entry in filter(None, (cost.plain, cost.best))
        ]
        lines.append(
            f"{cost.classifier}: {verdicts.magnitude(cost.parameters)} parameters, "
            f"{verdicts.magnitude(cost.multiply_adds)} multiply-adds, "
            f"{verdicts.brief(cost.latency_ms)} ms an image"
            + (f"; {', '.join(reached)}" if reached else "")
        )
    return lines
