"""What a run can be expected to find, said before it begins."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from neuplug_tests.bars import draw_bars

from neuplug import ImageSet
from neuplug.experiment.analysis import outlook as module
from neuplug.experiment.analysis.outlook import outlook
from neuplug.experiment.analysis.statistics import Paired, paired_differences
from neuplug.experiment.compose import prepare
from neuplug.experiment.config import resolve
from neuplug.experiment.request import Request

Say = Callable[..., list[str]]


@pytest.fixture
def say(lab: object, bars: ImageSet) -> Say:
    def said(images: ImageSet = bars, **flags: Any) -> list[str]:
        given = {"aug": ["invert"], "clf": ["linear"], "per_class": 5, **flags}
        return outlook(prepare(Request.of(resolve(flags=given, environment={}), images)))

    return said


def points(sentence: str) -> int:
    found = re.search(r"of about (\d+) points", sentence)
    assert found is not None
    return int(found[1])


def test_more_repeats_find_more_and_more_arms_less(say: Say) -> None:
    [usual], [many], [auto] = say(), say(repeats=12), say(repeats="auto")
    assert points(many) < points(auto) < points(usual)  # of several looks the last is stricter
    assert "5 repeats of 30 test images" in usual and "up to 12 repeats of 30" in auto
    [six] = say(aug=["invert", "same", "jitter"], clf=["linear", "conv"])
    assert points(six) > points(usual)
    assert "2 points would take both more repeats and more test images" in usual
    [larger] = say(margin=0.1)
    assert re.search(r"; 10 points would take about \d+ repeats", larger)
    assert "would take" not in say(margin=0.5)[0]


def test_of_an_amount_that_is_chosen_only_one_counts(say: Say) -> None:
    assert say(aug=["jitter"], add=[2, 4, 8], per_class=10) == say(
        aug=["jitter"], add=[2], per_class=10
    )


@pytest.mark.parametrize(
    "flags",
    [{"repeats": 1}, {"aug": []}, {"metric": "log_loss"}, {"metric": "recall:lying"}],
)
def test_nothing_is_said_where_nothing_is_known(say: Say, flags: dict[str, Any]) -> None:
    assert say(**flags) == []


def test_what_is_said_is_found_in_80_of_100_simulated_runs(say: Say) -> None:
    """Where the errors are as they are taken to be, of six comparisons of five repeats."""
    rng, repeats, images = np.random.default_rng(0), 5, 400
    arms = {"aug": ["invert", "same", "jitter"], "clf": ["linear", "conv"]}
    [sentence] = say(draw_bars(410, 0, ImageSet), **arms, near="off")
    assert "of 400 test images" in sentence
    effect, found = points(sentence) / 100, []
    for _ in range(60):
        pairs = []
        for _ in range(6):
            of_images = rng.normal(0, module.IMAGE**0.5, images)
            rows = [
                effect + rng.normal(0, module.REPEAT**0.5) + of_images
                + rng.normal(0, module.REST**0.5, images)
                for _ in range(repeats)
            ]  # fmt: skip
            pairs.append(Paired(rows, [np.arange(images)] * repeats))
        found.append(min(6 * (d.p or 0) for d in paired_differences(pairs[:6])[:1]) < 0.05)
    assert 0.6 < np.mean(found) < 0.95
