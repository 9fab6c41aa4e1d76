"""Read ``results.json`` and find things in it. Light: no array library is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from neuplug.errors import InputError

SCHEMA = "neuplug.results/2"

Results = dict[str, Any]


def read_results(folder: str | Path) -> Results:
    """The results of the run in ``folder``, cleaned by :func:`clean`.

    Raises:
        InputError: If there is no ``results.json``, or none that this version can read.
    """
    path = Path(folder) / "results.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            f"{folder} has no results.json: give the folder of a run that has come to its end."
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}): compose the run again.") from None
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != SCHEMA:
        raise InputError(
            f"{path} has the schema {schema!r}, this neuplug reads {SCHEMA!r}: "
            f"use the neuplug that wrote it, or compose the run again."
        )
    return clean_results(content)


def clean(node: Any) -> Any:
    """The same tree with every string, keys included, made of printable characters only.

    Class names come from folder names, which may hold line breaks, terminal escapes or bytes that
    are no text. White space becomes a space, anything else that cannot be shown becomes U+FFFD.
    """
    if isinstance(node, str):
        return "".join(
            c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}"
            for c in node
        )
    if isinstance(node, dict):
        return {clean(key): clean(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [clean(value) for value in node]
    return node


def clean_results(results: Results) -> Results:
    """:func:`clean` for a whole ``results.json``."""
    cleaned: Results = clean(results)
    return cleaned


def is_simulated(results: Results) -> bool:
    """Whether the images are computed rather than taken of real things."""
    return bool(results.get("data", {}).get("simulated"))


def leak(results: Results) -> list[str]:
    """One line for the top of everything where the given split leaks; else none."""
    if not results.get("leak"):
        return []
    return [
        "The given split leaks, so that these numbers are too good for new images: "
        "see the first warning."
    ]


def labels(results: Results) -> dict[str, str]:
    """Arm name to what the reader sees, in the order of the run."""
    return {arm["name"]: arm.get("label") or arm["name"] for arm in results["arms"]}


def baselines(results: Results) -> dict[str, str]:
    """Arm name to the arm that it is compared with, which for a baseline is itself.

    It is ``none``; where several numbers of real images are compared, ``none`` with as many.
    """
    return {arm["name"]: arm.get("against") or "none" for arm in results["arms"]}


def controls(results: Results) -> set[str]:
    """The arms that add nothing new and are there to be compared with."""
    return {arm["name"] for arm in results["arms"] if arm.get("control")}


def subsets(results: Results) -> dict[str, str]:
    """Arm name to ``10 per class``; empty where there is but one number of real images."""
    return {
        arm["name"]: f"{arm['per_class']} per class"
        for arm in results["arms"]
        if arm.get("per_class") is not None
    }


def tested(results: Results, classifier: str) -> set[str]:
    """The arms that ran with a classifier; of an arm's amounts only the one chosen for it."""
    return {c["arm"] for c in results.get("cells") or [] if c["classifier"] == classifier}


def bare_labels(results: Results) -> dict[str, str]:
    """:func:`labels` for where the number of real images stands beside them already."""
    sized = subsets(results)
    return {
        arm["name"]: arm["base"] if arm["name"] in sized else arm.get("label") or arm["name"]
        for arm in results["arms"]
    }


def summary(results: Results) -> dict[tuple[str, str, str], dict[str, Any]]:
    """(arm, classifier, metric) to the entry with its mean, interval and n."""
    return {(s["arm"], s["classifier"], s["metric"]): s for s in results.get("summary") or []}


def comparisons(results: Results) -> list[dict[str, Any]]:
    """The comparisons of accuracy with an arm's own baseline: those that give the verdict."""
    rivals = baselines(results)
    return [c for c in results.get("comparisons") or [] if _gives_verdict(c, rivals)]


def classical_comparisons(results: Results) -> list[dict[str, Any]]:
    """The comparisons of accuracy with the best classical arm."""
    return [c for c in results.get("comparisons") or [] if is_with_classical(c)]


def comparisons_of_more_images(results: Results) -> list[dict[str, Any]]:
    """The comparisons of ``none`` with ``none`` on fewer real images."""
    return [c for c in results.get("comparisons") or [] if is_of_more_images(c)]


def other_comparisons(results: Results) -> list[dict[str, Any]]:
    """The comparisons with still other arms, or of other metrics."""
    rivals = baselines(results)
    return [
        c
        for c in results.get("comparisons") or []
        if not _gives_verdict(c, rivals) and not is_with_classical(c) and not is_of_more_images(c)
    ]


def is_with_baseline(comparison: dict[str, Any], rivals: dict[str, str]) -> bool:
    """Whether an arm is compared with the one that :func:`baselines` names."""
    return bool(comparison["against"] == rivals.get(comparison["arm"], "none"))


def is_with_classical(comparison: dict[str, Any]) -> bool:
    """Whether an arm is compared with the best classical one."""
    return bool(comparison.get("question") == "best classical")


def is_of_more_images(comparison: dict[str, Any]) -> bool:
    """Whether the same is compared with itself on fewer real images."""
    return bool(comparison.get("question") == "more images")


def _gives_verdict(comparison: dict[str, Any], rivals: dict[str, str]) -> bool:
    return (
        comparison["metric"] == "accuracy"
        and is_with_baseline(comparison, rivals)
        and not is_with_classical(comparison)
    )


def cells(results: Results, arm: str, classifier: str) -> list[dict[str, Any]]:
    """The cells of one arm and classifier, by repeat."""
    found = [
        c for c in results.get("cells") or [] if c["arm"] == arm and c["classifier"] == classifier
    ]
    return sorted(found, key=lambda c: int(c["repeat"]))


def same_as_baseline(results: Results) -> list[tuple[str, str, str]]:
    """Arm, classifier and baseline wherever the arm has the very same classifiers as that."""
    keys: dict[tuple[str, str], dict[int, str]] = {}
    against: dict[tuple[str, str], str] = {}
    for cell in results.get("cells") or []:
        own = cell["arm"], cell["classifier"]
        keys.setdefault(own, {})[cell["repeat"]] = cell["key"]
        against[own] = cell["against"]
    return [
        (arm, classifier, base)
        for (arm, classifier), base in against.items()
        if arm != base and keys[arm, classifier] == keys.get((base, classifier))
    ]
