"""What the component does; what every evaluator owes is in ``test_laws.py``."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import pytest
import torch

import neuplug

Images = TypeVar("Images", bound=neuplug.ImageSet)


def noise(kind: type[Images], n: int, mean: float, deviation: float) -> Images:
    """Images whose brightness varies by ``deviation`` around ``mean``, with contrast 10."""
    brightness = mean + deviation * torch.linspace(-1.5, 1.5, n).view(-1, 1, 1, 1)
    pattern = torch.tensor([-10, 10]).repeat(8, 4)
    return kind(
        images=(brightness + pattern).round().to(torch.uint8).view(n, 1, 8, 8),
        labels=torch.zeros(n, dtype=torch.int64),
        classes=("noise",),
        ids=tuple(map(str, range(n))),
    )


def evaluate(generated: neuplug.ImageSet, folder: Path) -> neuplug.Evaluation:
    evaluator = neuplug.load("THE_NAME")
    assert isinstance(evaluator, neuplug.Evaluator)
    context = neuplug.EvaluationContext(
        train=noise(neuplug.TrainingSet, 20, 100, 10),
        test=noise(neuplug.HeldOutSet, 20, 100, 10),
        generated=generated,
        logits=None,
        device=torch.device("cpu"),
        seed=0,
        folder=folder,
    )
    return evaluator.evaluate(context)


def test_images_like_the_real_ones(tmp_path: Path) -> None:
    found = evaluate(noise(neuplug.ImageSet, 20, 100, 10), tmp_path)
    assert found.metric("brightness shift").value == 0
    assert found.metric("brightness spread").value == 1
    assert [figure.suffix for figure in found.figures if figure.exists()] == [".png", ".svg"]


def test_brighter_images_that_vary_less(tmp_path: Path) -> None:
    found = evaluate(noise(neuplug.ImageSet, 30, 120, 5), tmp_path)
    shift = found.metric("brightness shift", "noise")
    assert shift.n == 30 and shift.value == pytest.approx(2.2, abs=0.1)
    assert found.metric("brightness spread").value == pytest.approx(0.5, abs=0.1)


def test_few_images_are_told_of(tmp_path: Path) -> None:
    assert "too few" in evaluate(noise(neuplug.ImageSet, 3, 100, 10), tmp_path).warnings[0]
    assert "left out" in evaluate(noise(neuplug.ImageSet, 1, 100, 10), tmp_path).warnings[0]
