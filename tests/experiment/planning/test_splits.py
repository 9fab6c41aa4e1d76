"""Which real images a run's arms train on, and which they are tested on."""

from __future__ import annotations

import csv
from typing import Any

import pytest

from neuplug import InputError

from .manifests import images_of


def test_several_numbers_of_real_images(ask: Any, lab: Any) -> None:
    result = ask(aug=["jitter@add=2"], per_class=[3, 6], repeats=2)
    names = [a.name for a in result.results.arms]
    assert names == [
        "none (3 per class)", "jitter@add=2 (3 per class)",
        "none (6 per class)", "jitter@add=2 (6 per class)",
    ]  # fmt: skip
    for repeat in range(2):
        ids: dict[str, set[str]] = {}
        with (result.folder / "manifest.csv").open() as file:
            for row in csv.DictReader(file):
                if row["repeat"] == str(repeat) and row["origin"] == "real":
                    ids.setdefault(row["arm"] + row["split"], set()).add(row["id"])
        few, many = ids["none (3 per class)train"], ids["none (6 per class)train"]
        assert (len(few), len(many)) == (6, 12) and few < many
        assert not many & ids["alltest"]
        assert few == ids["jitter@add=2 (3 per class)train"]
    # an arm's rival is the one with as many real images; none's is none with fewer
    rivals = {(c.arm, c.against, c.question) for c in result.results.comparisons}
    assert rivals == {
        (names[1], names[0], "none"),
        (names[3], names[2], "none"),
        (names[2], names[0], "more images"),
    }
    assert {c.test_images for c in result.results.cells} == {40 - 12}


def test_each_number_of_real_images_has_its_own_validation_part(ask: Any) -> None:
    result = ask(per_class=[5, 10], val=0.2, repeats=1)
    rows: dict[tuple[str, str], set[str]] = {}
    with (result.folder / "manifest.csv").open() as file:
        for row in csv.DictReader(file):
            rows.setdefault((row["arm"], row["split"]), set()).add(row["id"])
    sizes = {}
    for number in (5, 10):
        train = rows[f"none ({number} per class)", "train"]
        val = rows[f"none ({number} per class)", "val"]
        assert not train & val and not (train | val) & rows["all", "test"]
        sizes[number] = (len(train), len(val))
    assert sizes == {5: (8, 2), 10: (16, 4)}


def test_a_limit_leaves_training_images_out(ask: Any) -> None:
    result = ask(per_class=8, limit={"lying": 3}, repeats=2)
    for repeat in range(2):
        assert images_of(result, "none", repeat) == {"standing": {"real": 8}, "lying": {"real": 3}}
    assert result.results.data.left_out == {"standing": 0, "lying": 5}
    with pytest.raises(InputError, match="Did you mean lying"):
        ask(limit={"lyin": 3})
