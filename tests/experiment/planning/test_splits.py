"""Which real images a run's arms train on, and which they are tested on."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

import neuplug
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


def parts_of(result: Any, repeat: int = 0) -> dict[tuple[str, str], set[str]]:
    """(arm, part) to the ids of real images."""
    found: dict[tuple[str, str], set[str]] = {}
    with (result.folder / "manifest.csv").open() as file:
        for row in csv.DictReader(file):
            if row["origin"] == "real" and row["repeat"] == str(repeat):
                found.setdefault((row["arm"], row["split"]), set()).add(row["id"])
    return found


def test_limited_sets_are_nested(ask: Any) -> None:
    """Within a run of several numbers of images, and between runs of the same seed."""
    ones = [parts_of(ask(per_class=8, limit={"lying": n}, val=0.25)) for n in (2, 3, 8)]
    few, more, all_ = (parts["none", "train"] for parts in ones)
    assert few < more < all_ and (len(few), len(more), len(all_)) == (8, 9, 12)
    for part in ("val", "test"):
        seen = [[ids for (_, p), ids in parts.items() if p == part] for parts in ones]
        assert seen[0] and seen[0] == seen[1] == seen[2]
    result = ask(per_class=[4, 6, 12], limit={"lying": 5, "standing": 6})
    for repeat in range(2):
        parts = parts_of(result, repeat)
        sets = [parts[f"none ({n} per class)", "train"] for n in (4, 6, 12)]
        assert [len(ids) for ids in sets] == [8, 11, 11]
        assert sets[0] < sets[1] == sets[2]


def test_a_limit_that_changes_nothing_is_told(ask: Any) -> None:
    for number in (8, 30):
        said = " ".join(ask(per_class=8, limit={"lying": number}).results.warnings)
        told = f"limit: lying = {number} changes nothing where class lying has 8 training images."
        assert said.count(told) == 1 and "standing" not in said
    several = ask(per_class=[4, 8], limit={"lying": 7})  # it limits the larger set
    assert "changes nothing" not in " ".join(several.results.warnings)


def test_a_limit_of_a_class_that_neither_data_nor_recipe_have(
    bars: Any, tmp_path: Path, lab: object
) -> None:
    with pytest.raises(InputError, match=r"limit: there is no class 'lyin'\. Did you mean lying"):
        neuplug.compose(
            bars, recipe="sketch", budget="smoke", limit={"lyin": 3}, workers=0, per_class=4,
            project=tmp_path / "runs",
        )  # fmt: skip


def test_a_limit_leaves_training_images_out(ask: Any) -> None:
    result = ask(per_class=8, limit={"lying": 3}, repeats=2)
    for repeat in range(2):
        assert images_of(result, "none", repeat) == {"standing": {"real": 8}, "lying": {"real": 3}}
    assert result.results.data.left_out == {"standing": 0, "lying": 5}
    with pytest.raises(InputError, match="Did you mean lying"):
        ask(limit={"lyin": 3})
