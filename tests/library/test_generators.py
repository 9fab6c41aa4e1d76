"""A generator by itself."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import neuplug


@pytest.mark.parametrize("conditional", [False, True])
def test_a_generator_draws_what_it_learned(bars: neuplug.TrainingSet, conditional: bool) -> None:
    blank: Any = neuplug.load("jitter", conditional=conditional)
    told: list[int] = []
    fitted = neuplug.fit_generator(
        blank, bars, device="cpu", progress=lambda done, total, note="": told.append(done)
    )
    assert told and set(fitted.sources) == set(bars.classes)
    drawn = fitted.sample({"lying": 3, "upright": 1}, seed=1)
    assert drawn.counts() == {"upright": 1, "lying": 3}
    assert drawn.images.dtype == torch.uint8 and set(drawn.origins) == {"jitter"}
    assert torch.equal(drawn.images, fitted.sample({"lying": 3, "upright": 1}, 1).images)
    assert not torch.equal(drawn.images, fitted.sample({"lying": 3, "upright": 1}, 2).images)
    with pytest.raises(neuplug.InputError, match=r"has not learned oblique; it draws upright"):
        fitted.sample({"oblique": 1}, seed=0)
    with pytest.raises(AttributeError):  # the one that was handed over is still blank
        blank.state_dict()
    together = neuplug.TrainingSet.concatenate([bars, drawn])
    assert len(together) == len(bars) + 4
