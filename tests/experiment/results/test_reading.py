"""Results are read as they were written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import neuplug
from neuplug.experiment.results.reading import read_curves


def test_results_are_read_as_they_were_written(ask: Any) -> None:
    runs = [
        ask(aug=["jitter@add=4,filter=copies", "invert"], eval=["brightness", "broken"]),
        ask(aug=["jitter"], share=[0, 0.5], per_class=10, score_all=True),
        ask(repeats=1),
    ]
    for result in runs:
        assert neuplug.read_results(result.folder) == result.results
        assert read_curves(result.folder).classifiers.keys() == {
            cell.key for cell in result.results.cells
        }


def test_a_run_folder_may_be_a_text(bars: neuplug.ImageSet, lab: Any, tmp_path: Path) -> None:
    result = neuplug.compose(
        bars,
        clf=["linear"],
        per_class=4,
        repeats=1,
        workers=0,
        project=tmp_path,
        training={"steps": 2},
    )
    text = str(result.folder)
    assert neuplug.read_results(text) == neuplug.read_results(result.folder)
    assert neuplug.FinishedRun.read(text).results == result.results
