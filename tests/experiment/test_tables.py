"""The tables that a run writes."""

from __future__ import annotations

import csv
from collections import Counter
from typing import Any

from neuplug import ImageSet


def test_the_predictions_are_those_that_were_scored(ask: Any, bars: ImageSet) -> None:
    result = ask(aug=["jitter"], add=3)
    with (result.folder / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    known = dict(zip(bars.ids, bars.labels.tolist(), strict=True))
    for cell in result.results.cells:
        where = (cell.arm, cell.classifier, str(cell.repeat))
        own = [r for r in rows if (r["arm"], r["classifier"], r["repeat"]) == where]
        assert len(own) == len({r["image"] for r in own}) == cell.test_images
        confusion = Counter((r["class"], r["predicted"]) for r in own)
        names = bars.classes
        assert cell.test.confusion == tuple(
            tuple(confusion[true, predicted] for predicted in names) for true in names
        )
        for row in own:
            assert row["class"] == names[known[row["image"]]]
            shares = {name: float(row[f"p({name})"]) for name in names}
            assert max(shares, key=shares.__getitem__) == row["predicted"]
            assert abs(sum(shares.values()) - 1) < 1e-5
    assert len(rows) == sum(cell.test_images for cell in result.results.cells)


def test_the_manifest_names_the_origin_of_every_image(ask: Any, bars: ImageSet) -> None:
    result = ask(aug=["invert+jitter", "jitter"], add=3)
    with (result.folder / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    first = [r for r in rows if r["repeat"] == "0" and r["arm"] in ("none", "all")]
    assert sorted(r["id"] for r in first) == sorted(bars.ids)
    assert Counter(r["split"] for r in first) == {"train": 12, "test": 28}
    chained = [r for r in rows if r["repeat"] == "1" and r["arm"] == "invert+jitter"]
    assert Counter(r["origin"] for r in chained) == {"real": 12, "invert": 6, "jitter": 6}
    assert len({r["id"] for r in chained}) == len(chained)
    train = {r["id"] for r in chained if r["origin"] == "real"}
    for row in chained:
        if row["origin"] == "invert":
            assert row["parent"] in train
        elif row["origin"] == "jitter":
            assert row["parent"].startswith("generator ")
