"""How much each test image has to do with a metric.

A metric of many images is, to first order, its value plus the mean of one number for each image,
its influence (Hampel, Journal of the American Statistical Association 69, 1974). So value plus
influence is to any metric what being right or wrong is to accuracy: a score of an image, whose mean
is the metric, which can be compared image by image.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from neuplug.experiment.decisive import Decisive

Numbers = NDArray[np.float64]
Labels = NDArray[np.int64]
Key = tuple[str, str | None]  # a metric and its class


def image_scores(
    metric: Decisive, logits: Numbers, labels: Labels, classes: Sequence[str]
) -> Numbers:
    """The score of each test image, whose mean is the metric.

    Args:
        metric: Which.
        logits: (N, classes), of any floating-point type.
        labels: (N,).
        classes: Their names.

    Returns:
        float64 (N,).
    """
    if metric.score == "auroc":
        return _auroc(_softmax(logits), np.eye(len(classes))[labels])
    return all_scores(logits, labels, classes)[metric.key]


def all_scores(logits: Numbers, labels: Labels, classes: Sequence[str]) -> dict[Key, Numbers]:
    """The scores of test images for each metric that tables have, of all classes and of each one.

    Args:
        logits: (N, classes), of any floating-point type.
        labels: (N,).
        classes: Their names.

    Returns:
        By metric and class (``None``: all) float64 (N,).
    """
    answers, least = logits.argmax(1), np.finfo(np.float64).eps
    true, answered = np.eye(len(classes))[labels], np.eye(len(classes))[answers]
    likelihood = (_softmax(logits) * true).sum(1).clip(least, 1 - least)
    found: dict[Key, Numbers] = {
        ("accuracy", None): (answers == labels).astype(np.float64),
        ("loss", None): -np.log(likelihood),
    }
    recall, precision = _recall(true, answered), _recall(answered, true)
    tables = {"precision": precision, "recall": recall, "f1": _f1(true, answered)}
    for name, each in tables.items():
        found[name, None] = each.mean(1)
        found |= {(name, of_class): each[:, i] for i, of_class in enumerate(classes)}
    return found


def _softmax(logits: Numbers) -> Numbers:
    found: Numbers = special.softmax(logits.astype(np.float64), axis=1)
    return found


def _f1(true: Numbers, answered: Numbers) -> Numbers:
    both = true.mean(0) + answered.mean(0)
    f1 = _ratio(2 * (true * answered).mean(0), both)
    return f1 + _ratio(2 * true * answered - f1 * (true + answered), both)


def _recall(true: Numbers, answered: Numbers) -> Numbers:
    recall = _ratio((true * answered).mean(0), true.mean(0))
    return recall + _ratio(true * (answered - recall), true.mean(0))


def _ratio(above: Numbers, below: Numbers) -> Numbers:
    """Zero where nothing is below."""
    ratio: Numbers = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return ratio


def _auroc(probabilities: Numbers, true: Numbers) -> Numbers:
    """One class against the rest, the mean over classes that have both (DeLong et al. 1988)."""
    found = []
    for scores, positive in zip(probabilities.T, true.T.astype(bool), strict=True):
        if positive.any() and not positive.all():
            above = _share_below(scores[positive], scores[~positive])
            beaten = 1 - _share_below(scores[~positive], scores[positive])
            area, share = above.mean(), positive.mean()
            each = np.full(len(scores), area)
            each[positive] += (above - area) / share
            each[~positive] += (beaten - area) / (1 - share)
            # each of these has mean zero times its share: the whole has the mean of the area
            found.append(each)
    # of a test of one class nothing can be told
    return np.asarray(np.mean(found, axis=0)) if found else np.full(len(true), 0.5)


def _share_below(values: Numbers, others: Numbers) -> Numbers:
    """Of each value the share of others that are smaller, equal ones counted half."""
    ordered = np.sort(others)
    smaller = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    share: Numbers = smaller / (2 * len(others))
    return share
