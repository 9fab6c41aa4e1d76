"""An evaluator by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import neuplug


def test_an_evaluator_by_itself(bars: neuplug.TrainingSet, tmp_path: Path) -> None:
    test = neuplug.held_out(bars)
    fitted, _ = neuplug.fit_classifier(
        neuplug.load("conv"),
        bars,
        neuplug.TrainingOptions(steps=2),
        neuplug.FitContext(torch.device("cpu"), 0),
    )
    generator = neuplug.fit_generator(neuplug.load("echo"), bars, device="cpu")
    drawn = generator.sample(10, seed=0)
    found = neuplug.evaluate(
        "walker", train=bars, test=test, generated=drawn, generator=generator,
        classifier=fitted, folder=tmp_path / "figures",
    )  # fmt: skip
    assert found.metrics
    drawing = neuplug.evaluate(
        "brightness", train=bars, test=test, generated=drawn, folder=tmp_path / "figures"
    )
    assert [file.read_text() for file in drawing.figures] == ["bright"]
    with pytest.raises(neuplug.InputError, match="needs"):
        neuplug.evaluate("walker", train=bars, test=test, generated=drawn)
    with pytest.raises(neuplug.InputError, match="mirror is not an evaluator"):
        neuplug.evaluate("mirror", train=bars, test=test)


def test_swapped_parts_are_told(bars: neuplug.TrainingSet) -> None:
    parts: dict[str, Any] = {"train": bars, "test": neuplug.held_out(bars)}
    by_pixels = neuplug.load("brightness")
    swapped = {"train": parts["test"], "test": parts["train"]}
    for wrong, sentence in (
        (swapped, "train must be a neuplug.TrainingSet, not a HeldOutSet"),
        ({**parts, "test": bars}, "test must be a neuplug.HeldOutSet, not a TrainingSet"),
    ):
        with pytest.raises(neuplug.InputError, match=sentence):
            neuplug.evaluate(by_pixels, generated=bars, device="cpu", **wrong)
    assert neuplug.evaluate(by_pixels, generated=bars, device="cpu", **parts).metrics
