"""The steps of compose, one after the other through the public names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import neuplug


def test_a_pipeline_from_a_folder_to_a_verdict(tmp_path: Path) -> None:
    data = neuplug.load_dataset("demo", imgsz=(32, 32), classes=["scratches", "patches"])
    scores: dict[str, list[Any]] = {"none": [], "mirror": []}
    items = []
    for repeat in range(2):
        split = neuplug.draw_split(data, per_class=6, seed=0, repeat=repeat)
        train, _, test = split.sets(data)
        for arm in scores:
            ready = neuplug.build_arm(arm, train, seed=0, repeat=repeat)
            fitted, _ = neuplug.fit_classifier(
                neuplug.load("conv"),
                ready.train,
                neuplug.TrainingOptions(steps=10),
                neuplug.FitContext(torch.device("cpu"), seed=repeat),
                augmenter=ready.augmenter,
            )
            logits = fitted.predict(test)
            found = neuplug.classification_metrics(logits, test.labels, test.classes)
            right = (logits.argmax(1) == test.labels).numpy()
            assert found.accuracy == pytest.approx(right.mean())
            scores[arm].append(right)
        items.append(np.array(test.ids))
    comparison = neuplug.compare(scores, items)["mirror"]
    assert comparison.verdict in ("helps", "no evidence", "harms")
    assert comparison.difference.n == 2
