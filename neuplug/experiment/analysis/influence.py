"""How much each test image has to do with a metric.

A metric of many images is, to first order, its value plus the mean of one number for each image,
its influence (Hampel, Journal of the American Statistical Association 69, 1974). So value plus
influence is to any metric what being right or wrong is to accuracy: a score of an image, whose mean
is the metric, which can be compared image by image.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from neuplug.experiment.decisive import Decisive

Numbers = NDArray[np.float64]


def image_scores(
    metric: Decisive, logits: NDArray[np.floating], labels: NDArray[np.int64], label: int | None
) -> Numbers:
    """The score of each test image, whose mean is the metric.

    Args:
        metric: Which.
        logits: (N, classes).
        labels: (N,).
        label: The number of the metric's class, if it is of one.

    Returns:
        float64 (N,).
    """
    count = logits.shape[1]
    true = np.eye(count)[labels]
    probabilities: Numbers = special.softmax(logits.astype(np.float64), axis=1)
    answered = np.eye(count)[logits.argmax(1)]
    if metric.score == "accuracy":
        right: Numbers = (true * answered).sum(1)
        return right
    if metric.score == "loss":
        least = np.finfo(np.float64).eps
        likelihood: Numbers = (probabilities * true).sum(1)
        lost: Numbers = -np.log(likelihood.clip(least, 1 - least))
        return lost
    if metric.score == "auroc":
        return _auroc(probabilities, true)
    of = {"f1": _f1, "recall": _recall, "precision": _precision}[metric.score]
    each = of(true, answered)
    found: Numbers = each.mean(1) if label is None else each[:, label]
    return found


def _f1(true: Numbers, answered: Numbers) -> Numbers:
    both = true.mean(0) + answered.mean(0)
    f1 = _ratio(2 * (true * answered).mean(0), both)
    return f1 + _ratio(2 * true * answered - f1 * (true + answered), both)


def _recall(true: Numbers, answered: Numbers) -> Numbers:
    recall = _ratio((true * answered).mean(0), true.mean(0))
    return recall + _ratio(true * (answered - recall), true.mean(0))


def _precision(true: Numbers, answered: Numbers) -> Numbers:
    return _recall(answered, true)


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
