"""A linear probe: what a straight boundary between features can learn from a set of images."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

# Inverse strengths of regularisation to choose from
STRENGTHS = np.logspace(-4, 2, 7)


def probe(features: Tensor, labels: Tensor, unseen: Tensor, folds: int, seed: int) -> Tensor:
    """Fit logistic regression on standardised features, and classify others by it.

    Mean, deviation and strength of regularisation come from the images it is fitted on alone; the
    strength is the one with the lowest cross-entropy in cross-validation.

    Args:
        features: float32 (N, F), to fit on.
        labels: int64 (N,), at least two classes with at least two images each.
        unseen: float32 (M, F), to classify; nothing is learned from them.
        folds: Of the cross-validation, at most as many as the smallest class has images.
        seed: Shares the images out to the folds.

    Returns:
        int64 (M,), a class for each of ``unseen``.
    """
    truth = labels.numpy()
    folds = min(folds, int(np.unique(truth, return_counts=True)[1].min()))
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
        {"logisticregression__C": STRENGTHS},
        cv=StratifiedKFold(folds, shuffle=True, random_state=seed % 2**32),
        scoring="neg_log_loss",
    )
    search.fit(features.double().numpy(), truth)
    return labels.new_tensor(search.predict(unseen.double().numpy()))
