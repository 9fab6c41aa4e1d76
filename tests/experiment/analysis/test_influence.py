"""Scores of images whose mean is a metric, against scikit-learn and against resampling."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics

from neuplug.experiment.analysis.influence import image_scores
from neuplug.experiment.decisive import read_metric

Logits = NDArray[np.float64]


def drawn(seed: int, images: int = 300) -> tuple[Logits, NDArray[np.int64]]:
    """Answers that are often right; the last class is rare."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(4, images, p=[0.6, 0.2, 0.15, 0.05])
    logits = rng.normal(size=(images, 4))
    logits[np.arange(images), labels] += 1
    return logits, labels


def softmax(logits: Logits) -> Logits:
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(shares / shares.sum(1, keepdims=True))


def of_class(score: Any) -> Any:
    return lambda y, z: score(y, z.argmax(1), average=None, labels=range(4), zero_division=0)[2]


PEERS: dict[str, Any] = {
    "accuracy": lambda y, z: metrics.accuracy_score(y, z.argmax(1)),
    "balanced_accuracy": lambda y, z: metrics.balanced_accuracy_score(y, z.argmax(1)),
    "macro_f1": lambda y, z: metrics.f1_score(y, z.argmax(1), average="macro", zero_division=0),
    "auroc": lambda y, z: metrics.roc_auc_score(y, softmax(z), multi_class="ovr"),
    "log_loss": lambda y, z: metrics.log_loss(y, softmax(z)),
    "recall:c": of_class(metrics.recall_score),
    "precision:c": of_class(metrics.precision_score),
}
each = pytest.mark.parametrize("name", PEERS)


def scores(name: str, logits: Logits, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    return image_scores(read_metric(name), logits, labels, "abcd")


@each
@pytest.mark.parametrize("seed", range(4))
def test_their_mean_is_scikit_learn_s(name: str, seed: int) -> None:
    logits, labels = drawn(seed)
    assert scores(name, logits, labels).mean() == pytest.approx(PEERS[name](labels, logits))


@each
def test_their_spread_is_how_far_the_metric_may_be_off(name: str) -> None:
    logits, labels = drawn(0)
    found = scores(name, logits, labels)
    rng, values = np.random.default_rng(1), []
    for _ in range(300):
        again = rng.integers(0, 300, 300)
        values.append(scores(name, logits[again], labels[again]).mean())
    assert found.std(ddof=1) / 300**0.5 == pytest.approx(np.std(values), rel=0.15)


@each
def test_a_class_without_images_or_answers_is_no_fault(name: str) -> None:
    logits, labels = drawn(0)
    logits[:, 2] = -50.0
    found = scores(name, logits[labels != 1], labels[labels != 1])
    assert np.isfinite(found).all()
    if ":" in name:
        assert (found == 0).all()
