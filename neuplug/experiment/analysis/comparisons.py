"""Arms beside ``none`` and beside the best classical arm: paired differences and verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neuplug.experiment.analysis.statistics import (
    estimate,
    holm,
    paired_difference,
    verdict,
)
from neuplug.experiment.arms import Arm
from neuplug.experiment.results import conclusions, parts

# The metric that the verdict goes by: one, since of several one may clear zero by chance
DECISIVE: Literal["accuracy"] = "accuracy"

BASELINE: conclusions.Question = "none"
# What an arm is compared with. Each question is a family of its own for Holm's correction.
QUESTIONS: tuple[conclusions.Question, ...] = (BASELINE, "best classical", "more images")

# A cell's key to whether each test image is classified rightly, and its group's number
Correct = Mapping[str, tuple[NDArray[Any], NDArray[Any]]]


def compare(
    cells: Sequence[parts.Cell], arms: Sequence[Arm], correct: Correct
) -> list[conclusions.Comparison]:
    """The verdicts, on accuracy.

    Every arm is compared with ``none``. An arm that generates, unless it is a control, is also
    compared with the best classical arm: the one of highest mean accuracy on the same test images.
    That favours it, so an arm that beats it does so in spite of the choice; of an arm that is worse
    the p-value is multiplied by the number of classical arms that it could have been (Bonferroni).
    Where several numbers of real images are compared, ``none`` with each is compared with ``none``
    with the next smaller one. What has the very same classifiers as another, such as an arm
    that adds no image, is that other, and not compared with it.

    Args:
        cells: Of the run.
        arms: Likewise.
        correct: Of every cell.
    """
    groups = {(arm, classifier): group for arm, classifier, group in grouped(cells)}
    rows: list[conclusions.Comparison] = []
    for question in QUESTIONS:
        asked = [
            (arm, classifier, rivals)
            for arm, classifier in groups
            if (rivals := _rivals(arm, classifier, question, groups, arms))
        ]
        family = []
        for arm, classifier, rivals in asked:
            accuracy = {rival: _accuracy(groups[rival, classifier]) for rival in rivals}
            best = max(rivals, key=accuracy.__getitem__)
            pair = groups[arm, classifier], groups[best, classifier]
            found = _difference(*pair, correct, comparisons=len(asked))
            about = {"arm": arm, "classifier": classifier, "against": best, "question": question}
            family.append((about, found, len(rivals)))
        rows += _judged(family)
    return rows


def _judged(
    family: Sequence[tuple[dict[str, str], conclusions.PairedDifference, int]],
) -> Iterator[conclusions.Comparison]:
    """Verdicts on the comparisons of one question, each with the number of possible rivals."""
    certain = [
        found.p if found.effect >= 0 else min(1.0, found.p * candidates)
        for _, found, candidates in family
        if found.p is not None
    ]
    adjusted = iter(holm(certain))
    for about, found, candidates in family:
        p = next(adjusted) if found.p is not None else None
        judged = {"metric": DECISIVE, "candidates": candidates, "family": len(certain)}
        said = {"adjusted_p": p, "verdict": verdict(found, p)}
        yield conclusions.Comparison.model_validate({**about, **judged, **said, **dict(found)})


def _accuracy(group: Sequence[parts.Cell]) -> float:
    return float(np.mean([cell.test.accuracy for cell in group]))


def _rivals(
    name: str,
    classifier: str,
    question: conclusions.Question,
    groups: Mapping[tuple[str, str], Sequence[parts.Cell]],
    arms: Sequence[Arm],
) -> list[str]:
    """The names of the arms to compare with the best of; none if this arm is not asked that."""
    own = next(arm for arm in arms if arm.name == name)
    if question == "more images":
        return _with_fewer_images(own, arms)
    # of an arm's amounts only the one chosen for a classifier has been tested with it
    keys = {
        arm.name: {cell.repeat: cell.key for cell in groups[arm.name, classifier]}
        for arm in arms
        if (arm.name, classifier) in groups
    }
    if keys[name] == keys[own.baseline]:
        return []
    if question == BASELINE:
        return [own.baseline]
    if not own.generates or own.control:
        return []
    classical = [
        arm.name
        for arm in arms
        if arm.classical
        and arm.per_class == own.per_class
        and arm.name in keys
        and keys[arm.name] != keys[own.baseline]
    ]
    return [] if any(keys[rival] == keys[name] for rival in classical) else classical


def _with_fewer_images(own: Arm, arms: Sequence[Arm]) -> list[str]:
    """Of a baseline, the one with the next smaller number of real images."""
    if own.baseline != own.name or own.per_class is None:
        return []
    fewer = {
        arm.per_class: arm.name
        for arm in arms
        if arm.baseline == arm.name and arm.per_class is not None and arm.per_class < own.per_class
    }
    return [fewer[max(fewer)]] if fewer else []


def _difference(
    ours: Sequence[parts.Cell],
    theirs: Sequence[parts.Cell],
    correct: Correct,
    *,
    comparisons: int,
) -> conclusions.PairedDifference:
    differences, items = [], []
    rivals = {cell.repeat: cell for cell in theirs}
    for cell in ours:
        right, images = correct[cell.key]
        rival_right, rival_images = correct[rivals[cell.repeat].key]
        if not np.array_equal(images, rival_images):
            raise ValueError(f"arms of repeat {cell.repeat} have different test images")
        differences.append(right.astype(np.float64) - rival_right)
        items.append(images)
    return paired_difference(differences, items, comparisons=comparisons)


def differences(
    cells: Sequence[parts.Cell], comparisons: Sequence[conclusions.Comparison]
) -> Iterator[conclusions.Difference]:
    """The paired difference to ``none`` in every metric, with an interval.

    With several numbers of real images an arm's rival is ``none`` with as many. In the metric that
    the verdict goes by it is the verdict's; in the others a t interval over repeats.

    Args:
        cells: Of the run.
        comparisons: What :func:`compare` found in them.
    """
    judged = {(c.arm, c.classifier): c for c in comparisons if c.question == BASELINE}
    plain = {(c.arm, c.classifier, c.repeat): c.test.metrics for c in cells}
    for arm, classifier, group in grouped(cells):
        against = group[0].against
        for metric in group[0].test.metrics if arm != against else ():
            found = estimate(
                [
                    c.test.metrics[metric] - plain[against, classifier, c.repeat][metric]
                    for c in group
                ]
            )
            effect, low, high = found.mean, found.low, found.high
            if metric == DECISIVE and (own := judged.get((arm, classifier))) is not None:
                effect, low, high = own.effect, own.low, own.high
            yield conclusions.Difference(
                arm=arm,
                classifier=classifier,
                against=against,
                metric=metric,
                effect=effect,
                low=low,
                high=high,
                n=found.n,
            )


def grouped(cells: Sequence[parts.Cell]) -> Iterable[tuple[str, str, list[parts.Cell]]]:
    """The cells of each arm and classifier, as they come."""
    groups: dict[tuple[str, str], list[parts.Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.arm, cell.classifier), []).append(cell)
    for (arm, classifier), group in groups.items():
        yield arm, classifier, group
