"""Arms beside ``none`` and beside the best classical arm: paired differences and verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuplug.experiment.arms import Arm
from neuplug.statistics import Difference, estimate, holm, paired_difference, verdict

DECISIVE = "accuracy"
"""The metric that the verdict goes by: one, since of several one may clear zero by chance."""

BASELINE, CLASSICAL, MORE = "none", "best classical", "more images"
"""What an arm is compared with. Each question is a family of its own for Holm's correction."""

Correct = Mapping[str, tuple[NDArray[Any], NDArray[Any]]]
"""A cell's key to whether each test image is classified rightly, and its group's number."""


def compare(cells: list[dict[str, Any]], arms: Sequence[Arm], correct: Correct) -> list[Any]:
    """The verdicts, on accuracy.

    Every arm is compared with ``none``; an arm that generates, unless it is a control, also with
    the best classical arm: the one of highest mean accuracy on the same test images. That favours
    it, so an arm that beats it does so in spite of the choice. Where several numbers of real images
    are compared, ``none`` with each is compared with ``none`` with the next smaller one.

    Args:
        cells: As in ``results.json``.
        arms: Of the run.
        correct: Of every cell.

    Returns:
        Rows with ``arm``, ``classifier``, ``against``, ``question``, ``metric``, ``effect``,
        ``low``, ``high``, ``p``, ``adjusted_p``, ``family`` (comparisons corrected for together),
        ``detectable``, ``n``, ``items`` (test images, or groups of them) and ``verdict``.
    """
    groups = {(arm, classifier): group for arm, classifier, group in grouped(cells)}
    rows = []
    for question in (BASELINE, CLASSICAL, MORE):
        family = [
            (arm, classifier, rival, _difference(group, groups[rival, classifier], correct))
            for (arm, classifier), group in groups.items()
            if (rival := _rival(arm, classifier, question, groups, arms)) is not None
        ]
        rows += _judged(question, family)
    return rows


def _judged(question: str, family: list[tuple[str, str, str, Difference]]) -> list[dict[str, Any]]:
    certain = [found.p for *_, found in family if found.p is not None]
    adjusted = iter(holm(certain))
    rows = []
    for arm, classifier, rival, found in family:
        p = next(adjusted) if found.p is not None else None
        about = {"arm": arm, "classifier": classifier, "against": rival, "question": question}
        rows.append(
            about
            | {"metric": DECISIVE, **asdict(found), "adjusted_p": p, "family": len(certain)}
            | {"verdict": verdict(found, p)}
        )
    return rows


def _rival(
    name: str,
    classifier: str,
    question: str,
    groups: Mapping[tuple[str, str], list[dict[str, Any]]],
    arms: Sequence[Arm],
) -> str | None:
    """The name of the arm to compare with, if the question is one for this arm."""
    own = next(arm for arm in arms if arm.name == name)
    if question == BASELINE:
        return own.baseline if own.baseline != name else None
    if question == MORE:
        return _with_fewer_images(own, arms)
    rivals = [a.name for a in arms if a.classical and a.per_class == own.per_class]
    if not own.generates or own.control or not rivals:
        return None

    def accuracy(rival: str) -> float:
        scores = [cell["metrics"][DECISIVE] for cell in groups[rival, classifier]]
        return float(np.mean(scores))

    return max(rivals, key=accuracy)


def _with_fewer_images(own: Arm, arms: Sequence[Arm]) -> str | None:
    """Of a baseline, the one with the next smaller number of real images."""
    if own.baseline != own.name or own.per_class is None:
        return None
    fewer = {
        arm.per_class: arm.name
        for arm in arms
        if arm.baseline == arm.name and arm.per_class is not None and arm.per_class < own.per_class
    }
    return fewer[max(fewer)] if fewer else None


def _difference(
    ours: list[dict[str, Any]], theirs: list[dict[str, Any]], correct: Correct
) -> Difference:
    differences, items = [], []
    rivals = {cell["repeat"]: cell for cell in theirs}
    for cell in ours:
        right, images = correct[cell["key"]]
        rival_right, rival_images = correct[rivals[cell["repeat"]]["key"]]
        if not np.array_equal(images, rival_images):
            raise ValueError(f"arms of repeat {cell['repeat']} have different test images")
        differences.append(right.astype(np.float64) - rival_right)
        items.append(images)
    return paired_difference(differences, items)


def differences(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The paired difference to ``none`` in every metric, with t intervals over repeats.

    With several numbers of real images an arm's rival is ``none`` with as many. No verdict goes by
    these.
    """
    plain = {(c["arm"], c["classifier"], c["repeat"]): c["metrics"] for c in cells}
    rows = []
    for arm, classifier, group in grouped(cells):
        against = group[0]["against"]
        if arm == against:
            continue
        for metric in group[0]["metrics"]:
            theirs = [plain[against, classifier, c["repeat"]][metric] for c in group]
            found = estimate(
                [c["metrics"][metric] - other for c, other in zip(group, theirs, strict=True)]
            )
            row = {"arm": arm, "classifier": classifier, "against": against, "metric": metric}
            rows.append(row | _renamed(asdict(found)))
    return rows


def _renamed(row: dict[str, Any]) -> dict[str, Any]:
    return {"effect" if name == "mean" else name: value for name, value in row.items()}


def grouped(
    cells: list[dict[str, Any]],
) -> Iterable[tuple[str, str, list[dict[str, Any]]]]:
    """The cells of each arm and classifier, as they come."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for cell in cells:
        groups.setdefault((cell["arm"], cell["classifier"]), []).append(cell)
    for (arm, classifier), group in groups.items():
        yield arm, classifier, group
