"""An arm by itself, as compose trains on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import neuplug

TINY: dict[str, Any] = {"jitter": {"steps": 2}}


def test_an_arm_is_the_one_that_compose_trains_on(
    bars: neuplug.TrainingSet, own_store: Path, tmp_path: Path
) -> None:
    """The same images, seed and repeat: the store has the arm already, image by image."""
    result = neuplug.compose(
        bars, aug=["jitter"], clf=["conv"], options=TINY, training={"steps": 2}, add=3,
        repeats=1, per_class=8, workers=0, project=tmp_path, save_generated=True,
    )  # fmt: skip
    lines = (result.folder / "manifest.csv").read_text().splitlines()
    assert any("jitter" in line for line in lines)
    data = neuplug.Dataset.from_imageset(bars)
    split = neuplug.draw_split(data, per_class=8, seed=0, repeat=0)
    done = finished_jobs(own_store)
    arm = neuplug.build_arm("jitter", split.sets(data)[0], add=3, options=TINY)
    assert arm.train.counts() == {"upright": 11, "lying": 11}
    assert set(arm.train.origins) == {"real", "jitter"}
    assert finished_jobs(own_store) == done  # nothing was done again


def finished_jobs(store: Path) -> set[Path]:
    return set(store.rglob("about.json"))


def test_arms_online_augmented_and_plain(bars: neuplug.TrainingSet) -> None:
    plain = neuplug.build_arm("none", bars)
    assert plain.augmenter is None and set(plain.train.ids) == set(bars.ids)
    online = neuplug.build_arm("mirror+invert", bars)
    assert online.augmenter is not None and len(online.train) == len(bars)
    changed = online.augmenter.augment(bars.images, torch.Generator().manual_seed(0))
    assert changed.shape == bars.images.shape and not torch.equal(changed, bars.images)
    inverted = 255 - bars.images
    mirrored = (changed != inverted).flatten(1).any(1)
    assert 0 < mirrored.sum() < len(bars)
    assert torch.equal(changed[mirrored], inverted[mirrored].flip(-1))
    made = neuplug.build_arm("mirror@to=20", bars, seed=1)
    assert made.augmenter is None and made.train.counts() == {"upright": 20, "lying": 20}
    again = neuplug.build_arm("mirror@to=20", bars, seed=1)
    other = neuplug.build_arm("mirror@to=20", bars, seed=2)
    assert torch.equal(made.train.images, again.train.images)
    assert not torch.equal(made.train.images, other.train.images)
    parents = {p for p in made.train.parents if p}
    assert parents <= set(bars.ids) and len(parents) > 1


def test_an_arm_with_a_judge(bars: neuplug.TrainingSet) -> None:
    judge = {"channels": 4}  # it trains for as long as a user's
    options = {"jitter": {**TINY["jitter"], "steps": 3}, "conv": judge}
    text = "jitter@add=4,filter=agreement:0"
    arm = neuplug.build_arm(text, bars, options=options, judge="conv")
    assert len(arm.train) <= len(bars) + 8
    with pytest.raises(neuplug.InputError, match="name one as judge"):
        neuplug.build_arm(text, bars, options=options)


def test_wrong_arms_are_refused(bars: neuplug.TrainingSet) -> None:
    with pytest.raises(neuplug.InputError, match=r"mirrorr.*mirror"):
        neuplug.build_arm("mirrorr", bars)
    with pytest.raises(neuplug.InputError, match="dropping"):
        neuplug.build_arm("mirror", bars, options={"dropping": {"share": 0.1}})


def test_images_that_a_component_cannot_take_are_refused_first(own_store: Path) -> None:
    tiny = neuplug.training_set(torch.zeros(6, 1, 16, 16, dtype=torch.uint8), [0, 1] * 3)
    with pytest.raises(neuplug.InputError, match="28 to 256"):
        neuplug.build_arm("large", tiny, judge="conv")
    assert not finished_jobs(own_store)
