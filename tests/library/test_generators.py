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


def test_classes_start_from_one_fit_on_all(bars: neuplug.TrainingSet) -> None:
    fitted = neuplug.fit_generator("tinted", bars, device="cpu")
    mean = int(bars.images.float().mean())
    for label, name in enumerate(bars.classes):
        image = fitted.sample({name: 1}, seed=0).images[0, 0]
        own = bars.of_class(label).images.float().mean(0).byte()[0]
        assert image[0, 0] == mean and torch.equal(image[0, 1:], own[0, 1:])
    arm = neuplug.build_arm("tinted@add=1", bars, device="cpu").train
    made = [i for i, origin in enumerate(arm.origins) if origin == "tinted"]
    assert len(made) == len(bars.classes)
    assert torch.all(arm.images[made][:, 0, 0, 0] == mean)


def test_one_fit_for_all_classes_has_no_start(bars: neuplug.TrainingSet) -> None:
    together = neuplug.load("tinted", conditional=True)
    # it subscripts the start that it does not get
    with pytest.raises(neuplug.PluginError, match=r"tinted of .* TypeError"):
        neuplug.fit_generator(together, bars, device="cpu")
