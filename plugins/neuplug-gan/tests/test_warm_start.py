"""Classes that start from a training on all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

import neuplug_gan.trainer as trainer_module
from neuplug import TrainingSet
from neuplug.storage.tensorfile import tree_bytes, tree_from

from .helpers import Memory, assert_same_networks, context
from .tiny import ZEROS, TinyGAN, options, train_set


def two_classes() -> TrainingSet:
    whole = train_set(24)
    return replace(whole, labels=torch.arange(24) % 2, classes=("even", "odd"))


def pretrained(seed: int = 3, **changes: Any) -> dict[str, Any]:
    gan = TinyGAN(options(warm_start=0.5, **changes))
    gan.pretrain(two_classes(), context(seed=seed))
    return dict(tree_from(tree_bytes(gan.state_dict())))


def test_steps_are_shared_out() -> None:
    """Each class gives half of its steps to the common training, so that the sum stays."""
    wanted = options(steps=40, warm_start=0.5)
    gan = TinyGAN(wanted)
    assert gan.pretrains and not TinyGAN(options()).pretrains
    record = gan.pretrain(two_classes(), context())
    assert record.curves["generator"][-1][0] == 2 * 20 and not record.grids
    record = TinyGAN(wanted).fit(train_set(), context(start=pretrained()))
    assert record.curves["generator"][-1][0] == record.checkpoints[-1][0] == 20
    # without a start, as from the library, a class has all its steps
    assert TinyGAN(wanted).fit(train_set(), context()).checkpoints[-1][0] == 40


def test_it_starts_where_the_others_ended() -> None:
    """With learning rates of nearly nothing a class draws what its start had learned."""
    still = options(steps=2, warm_start=0.5, lr=1e-12)
    drawn = {}
    for seed in (1, 2):
        for run in (1, 2):
            gan = TinyGAN(still)
            gan.fit(train_set(), context(seed=run, start=pretrained(seed)))
            drawn[seed, run] = gan.sample(ZEROS, 0)
    # batch normalisation still follows the images of the few steps
    within = (drawn[1, 1].float() - drawn[1, 2].float()).abs().mean()
    between = (drawn[1, 1].float() - drawn[2, 1].float()).abs().mean()
    assert between > 3 * within


def test_an_interrupted_one_goes_on_exactly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(trainer_module, "CHECKPOINT_SECONDS", 0.0)
    wanted, train = options(steps=60, warm_start=0.5), two_classes()

    class Stopped(Exception):
        pass

    def stop(done: int, total: int, note: str = "") -> None:
        if done >= 30:
            raise Stopped

    memory = Memory(tmp_path / "training.safetensors")
    with pytest.raises(Stopped):
        TinyGAN(wanted).pretrain(train, context(checkpoint=memory, progress=stop))
    assert 0 < memory.step <= 30
    resumed, whole = TinyGAN(wanted), TinyGAN(wanted)
    resumed.pretrain(train, context(checkpoint=memory))
    whole.pretrain(train, context())
    for one, other in zip(
        resumed.state_dict()["networks"], whole.state_dict()["networks"], strict=True
    ):
        assert all(torch.equal(one[name], other[name]) for name in other)


def test_the_same_start_gives_the_same_networks() -> None:
    start, gans = pretrained(), [TinyGAN(options(warm_start=0.5)) for _ in range(2)]
    for gan in gans:
        gan.fit(train_set(), context(start=start))
    assert_same_networks(*gans)


@pytest.mark.parametrize(
    "other",
    [
        {"conditional": True},
        {"steps": None, "epochs": 3},
        {"checkpoints": (10,)},
        {"checkpoint": "60"},
    ],
)
def test_what_it_does_not_go_with(other: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"set warm_start=0|is not kept"):
        options(warm_start=0.5, **other)
