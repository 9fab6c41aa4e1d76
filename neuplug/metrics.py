"""What a classifier's logits on the test images are worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support
from torch import Tensor


def classification_metrics(
    logits: Tensor, labels: Tensor, classes: Sequence[str]
) -> dict[str, Any]:
    """Accuracy, macro precision, recall and F1, cross-entropy, the same per class, confusions.

    A class that is never predicted has precision 0.

    Args:
        logits: float32 (N, classes).
        labels: int64 (N,).
        classes: Class names in label order.

    Returns:
        ``metrics`` (name to number; ``loss`` in nats), ``per_class`` (precision, recall, f1 and
        support) and ``confusion`` (rows: true class, columns: predicted).

    Example:
        >>> logits = torch.tensor([[2.0, 0.0], [0.0, 2.0], [1.0, 0.0], [0.0, 3.0]])
        >>> found = neuplug.classification_metrics(logits, torch.tensor([0, 1, 1, 1]), ["a", "b"])
        >>> found["metrics"]["accuracy"], found["confusion"], found["per_class"]["a"]["precision"]
        (0.75, [[1, 0], [1, 2]], 0.5)
    """
    truth = labels.numpy()
    predicted = logits.argmax(1).numpy()
    known = np.arange(len(classes))
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, predicted, labels=known, zero_division=0.0
    )
    probabilities = logits.double().softmax(1).numpy()
    return {
        "metrics": {
            "accuracy": float((truth == predicted).mean()),
            "precision": float(precision.mean()),
            "recall": float(recall.mean()),
            "f1": float(f1.mean()),
            "loss": float(log_loss(truth, probabilities, labels=known)),
        },
        "per_class": {
            name: {
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "f1": float(f1[i]),
                "support": int(support[i]),
            }
            for i, name in enumerate(classes)
        },
        "confusion": confusion_matrix(truth, predicted, labels=known).tolist(),
    }
