"""What ``compose`` returns, and the form of what it writes."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

import neuplug
from neuplug import NeuplugError
from neuplug.experiment.results.reading import read_curves
from neuplug_report.comparing import compare_runs


def test_results_are_read_as_they_were_written(ask: Any) -> None:
    runs = [
        ask(aug=["jitter@add=4,filter=copies", "invert"], eval=["brightness", "broken"]),
        ask(aug=["jitter"], share=[0, 0.5], per_class=10, score_all=True),
        ask(repeats=1),
    ]
    for result in runs:
        assert neuplug.read_results(result.folder) == result.results
        assert read_curves(result.folder, result.results).classifiers.keys() == {
            cell.key for cell in result.cells
        }


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


def test_a_table_for_pandas(ask: Any) -> None:
    table = ask(aug=["invert"]).to_pandas()
    assert len(table) == 4  # two arms, two repeats
    means = table.groupby("arm")["accuracy"].mean()
    assert set(means.index) == {"none", "invert"}
    assert table.loc[0, "train_images"] == 12 and table["loss"].gt(0).all()


def test_without_pandas_it_says_so(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    result = ask(repeats=1)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(NeuplugError, match="pip install pandas"):
        result.to_pandas()


def test_evaluators_speak_for_themselves(ask: Any) -> None:
    result = ask(report=True, aug=["jitter@add=4"], eval=["brightness", "walker"], repeats=1)
    words = {name: said.model_dump() for name, said in result.results.evaluators.items()}
    assert words == {
        "brightness": {"title": "How bright", "guide": "Black is 0, white is 255."},
        "walker": {"title": "", "guide": ""},
    }
    page = result.report.read_text("utf-8")
    assert ">How bright</h2>" in page and "Black is 0, white is 255." in page
    assert "mean grey level" in page


def test_the_digest_is_of_the_images_and_not_of_their_place(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    here, there, changed = (tmp_path / name for name in ("here", "there", "changed"))
    for name in ("dark", "light"):
        (here / name).mkdir(parents=True)
        for i in range(8):
            pixels = rng.integers(0, 256, (32, 32), dtype=np.uint8)
            Image.fromarray(pixels).save(here / name / f"{i}.png")
    for copied in (there, changed):
        shutil.copytree(here, copied)  # with files' times of its own
    for file in there.rglob("*.png"):
        os.utime(file, (1e9, 1e9))
    pixels = np.array(Image.open(changed / "dark" / "0.png"))
    pixels[4, 3] ^= 255
    Image.fromarray(pixels).save(changed / "dark" / "0.png")
    found = [
        neuplug.compose(
            folder,
            clf=["smallcnn"], per_class=3, repeats=1, imgsz=32, workers=0,
            project=tmp_path / "runs", training={"steps": 2, "batch": 4},
        )
        for folder in (here, there, changed)
    ]  # fmt: skip
    digests = [result.results.data.images_digest for result in found]
    assert digests[0] == digests[1] != digests[2] and len(digests[0]) == 64
    contents = [result.results for result in found]
    assert compare_runs(contents[:2]).caution == []
    assert "different images" in compare_runs(contents[1:]).caution[0]
    page = found[0].report.read_text("utf-8")
    assert page.count(digests[0]) == 1 and f"sha256 {digests[0][:16]}" in page


def test_near_duplicates_are_counted_with_what_they_hold_together(ask: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("dark", "light"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(12):
            noise = gaussian_filter(rng.normal(size=(64, 64)), 4)
            pixels = 127 + 60 * noise / noise.std() * (0.5 if name == "dark" else 1)
            image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
            image.save(tmp_path / "photos" / name / f"{i:02d}.png")
            if i == 0:  # three images of one thing, and of one of them an exact copy
                image.save(tmp_path / "photos" / name / "00-copy.png")
                image.rotate(90).save(tmp_path / "photos" / name / "00-turned.png")
                image.rotate(180).save(tmp_path / "photos" / name / "00-over.png")
    data = neuplug.compose(
        tmp_path / "photos",
        clf=["smallcnn"], per_class=4, repeats=1, imgsz=32, workers=0,
        project=tmp_path / "runs", training={"steps": 2, "batch": 4},
    ).results.data  # fmt: skip
    assert (data.exact_duplicates, data.exact_duplicate_images) == (2, 4)
    assert (data.near_duplicate_groups, data.near_duplicate_images) == (2, 8)
    assert ask(repeats=1).results.data.near_duplicate_images == 0
