"""Metrics on a case worked out by hand, and what a classifier costs."""

from __future__ import annotations

from typing import Any

import pytest
import sklearn.metrics
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from neuplug import FittedClassifier, training_set
from neuplug.training.metrics import classification_metrics, profile_classifier


def test_by_hand() -> None:
    labels = torch.tensor([0, 0, 0, 1, 1, 2])
    predicted = torch.tensor([0, 0, 1, 1, 0, 0])  # class 2 is never predicted
    logits = torch.full((6, 3), -10.0)
    logits[torch.arange(6), predicted] = 10.0
    found = classification_metrics(logits, labels, ["a", "b", "c"])
    assert found.confusion == ((2, 1, 0), (1, 1, 0), (1, 0, 0))
    assert found.accuracy == pytest.approx(3 / 6)
    precision, recall = (2 / 4 + 1 / 2 + 0) / 3, (2 / 3 + 1 / 2 + 0) / 3
    assert found.precision == pytest.approx(precision)
    assert found.recall == pytest.approx(recall)
    f1 = [2 * 0.5 * (2 / 3) / (0.5 + 2 / 3), 0.5, 0.0]
    assert found.f1 == pytest.approx(sum(f1) / 3)
    assert [found.per_class[c].f1 for c in "abc"] == pytest.approx(f1)
    assert [found.per_class[c].support for c in "abc"] == [3, 2, 1]
    assert found.loss == pytest.approx(3 * 20 / 6, rel=1e-3)


def test_loss_of_even_odds() -> None:
    found = classification_metrics(torch.zeros(4, 2), torch.tensor([0, 1, 0, 1]), ["a", "b"])
    assert found.loss == pytest.approx(0.693147, abs=1e-5)


@pytest.mark.parametrize("seed", range(8))
def test_as_scikit_learn_has_it(seed: int) -> None:
    """Classes that are never predicted or not there, and answers that are certain and wrong."""
    rng = torch.Generator().manual_seed(seed)
    count = 2 + seed % 4
    logits = torch.randn(40, count, generator=rng) * 10.0 ** (seed % 3)
    labels = torch.randint(0, max(1, count - seed % 2), (40,), generator=rng)
    logits[:, 0] -= 1000.0 * (seed % 2)
    found = classification_metrics(logits, labels, [f"class {n}" for n in range(count)])
    truth, predicted, known = labels.numpy(), logits.argmax(1).numpy(), range(count)
    expected = sklearn.metrics.precision_recall_fscore_support(
        truth, predicted, labels=list(known), zero_division=0.0
    )
    each = found.per_class.values()
    for name, numbers in zip(("precision", "recall", "f1", "support"), expected, strict=True):
        assert [getattr(c, name) for c in each] == pytest.approx(numbers.tolist())
        if name != "support":
            assert getattr(found, name) == pytest.approx(numbers.mean())
    probabilities = logits.double().softmax(1).numpy()
    loss = sklearn.metrics.log_loss(truth, probabilities, labels=list(known))
    assert found.loss == pytest.approx(loss)
    matrix = sklearn.metrics.confusion_matrix(truth, predicted, labels=list(known))
    assert [list(row) for row in found.confusion] == matrix.tolist()


def test_classifiers_are_profiled(ask: Any) -> None:
    result = ask(repeats=2)
    profile = result.results.profiles["linear"]
    assert profile.parameters == 2 * 28 * 28 + 2
    assert profile.multiply_adds == 2 * 28 * 28
    assert profile.latency_ms > 0


def test_multiply_adds_are_those_that_pytorch_counts() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.Conv2d(8, 8, 3, groups=4), nn.Conv2d(8, 4, 1),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 5),
    )  # fmt: skip
    fitted = FittedClassifier(network, torch.zeros(3), torch.ones(3), 3)
    photos = training_set(torch.zeros(2, 1, 20, 16, dtype=torch.uint8), ["a", "b"])
    with FlopCounterMode(display=False) as counter:
        fitted.classify(photos.images[:1])
    assert profile_classifier(fitted, photos).multiply_adds == counter.get_total_flops() / 2
