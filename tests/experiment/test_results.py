"""The form of a run's results, which are read as they were written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import neuplug
from neuplug.experiment.reading import read_curves


def test_the_schema_says_what_everything_is() -> None:
    schema = neuplug.RunResults.model_json_schema()
    fields = dict(schema["properties"])
    for name, part in schema["$defs"].items():
        if name != "JsonValue":
            assert part["description"]
            fields |= {f"{name}.{field}": about for field, about in part["properties"].items()}
    # a field that holds a part has its description
    plain = {field for field, about in fields.items() if "$defs" not in json.dumps(about)}
    assert [field for field in plain if not fields[field].get("description")] == []
    share = schema["$defs"]["Scores"]["properties"]["accuracy"]
    assert (share["type"], share["minimum"], share["maximum"]) == ("number", 0, 1)
    assert "Images classified rightly." in share["description"]
    assert len(fields) > 100
    assert not schema["additionalProperties"]


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
