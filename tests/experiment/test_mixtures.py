"""Generated images beside or before real ones, in runs, with controls in the same places."""

from __future__ import annotations

from typing import Any

import pytest
from neuplug_tests.hearing import Hearing
from neuplug_tests.lab import Log

from neuplug import ImageSet, InputError

from .test_mixers import digests

BESIDE = {"steps": 10, "batch": 4, "mix": "beside", "generated_share": 0.5}


def batches(lab: Log) -> list[list[str]]:
    """The images of each batch that ``invert`` was given."""
    return [entry["images"] for entry in lab() if entry["what"] == "augment"]


@pytest.mark.parametrize("arm", ["echo@add=3+invert", "jitter@add=3+invert"])
def test_every_batch_has_its_real_images_and_others_beside_them(
    ask: Any, lab: Log, bars: ImageSet, arm: str
) -> None:
    """``echo`` is a control: its copies of real images take the places of generated ones."""
    ask(aug=["invert"], repeats=1, training={"steps": 10, "batch": 4}, name="alone")
    alone = batches(lab)
    result = ask(aug=[arm], repeats=1, training=BESIDE, name="beside")
    seen = batches(lab)[len(alone) :]
    assert [len(batch) for batch in seen] == [6] * 10
    assert [batch[:4] for batch in seen] == alone
    beside = {image for batch in seen for image in batch[4:]}
    assert len(beside) <= 6
    assert (beside <= digests(bars.images)) == arm.startswith("echo")
    (cell,) = [c for c in result.results.cells if c.arm == arm]
    assert cell.train_images == {"real": 12, arm.partition("@")[0]: 6}
    assert any(
        "0.5 generated images beside each real one (weight 1)" in sentence
        for sentence in result.results.protocol.sentences
    )


def test_arms_without_generated_images_are_as_ever(ask: Any) -> None:
    usual, hearing = ask(aug=["mirror"], repeats=1), Hearing()
    weighted = {**BESIDE, "generated_weight": 0.3}
    beside = ask(
        aug=["mirror", "jitter@add=3"], repeats=1, training=weighted, name="b", on_event=hearing
    )
    assert hearing.done.count("train") == 1  # of jitter
    for arm in ("none", "mirror"):
        assert usual.mean(arm, "linear", "loss") == beside.mean(arm, "linear", "loss")
    together = ask(aug=["jitter@add=3"], repeats=1, name="t")
    found = {r.mean("jitter@add=3", "linear", "loss") for r in (together, beside)}
    assert len(found) == 2


def test_generated_images_first_then_real_ones_alone(ask: Any, lab: Log, bars: ImageSet) -> None:
    training = {"steps": 6, "batch": 4, "generated_first": 5}
    hearing = Hearing()
    result = ask(
        aug=["jitter@add=3+invert", "invert"], repeats=1, training=training, on_event=hearing
    )
    assert hearing.done.count("train") == 6  # two for each arm: all have as many steps
    real = digests(bars.images)
    kinds = ["".join("r" if i in real else "g" for i in batch) for batch in batches(lab)]
    assert sorted(kinds) == ["gggg"] * 5 + ["rrrr"] * (6 + 5 + 6)
    made = {c.arm: c.train_images for c in result.results.cells}
    assert made["jitter@add=3+invert"] == {"real": 12, "jitter": 6}
    assert any(
        "10 optimiser" not in s and "on its real images, after 5 steps on generated ones" in s
        for s in result.results.protocol.sentences
    )


@pytest.mark.parametrize(
    ("training", "setting"),
    [({"mix": "beside"}, "mix=beside"), ({"generated_first": 3}, "generated_first")],
)
@pytest.mark.parametrize("arm", ["jitter@replace", "jitter@share=1", "jitter@replace,only=lying"])
def test_an_arm_without_real_images_is_refused(
    ask: Any, training: dict[str, Any], setting: str, arm: str
) -> None:
    sentence = rf"arm {arm} keeps no real images of \w+, and training\.{setting} needs some: leave"
    with pytest.raises(InputError, match=sentence):
        ask(aug=[arm], training={"steps": 4, "batch": 4, **training})


@pytest.mark.parametrize(
    ("training", "name"),
    [
        ({"mix": "beside"}, "mix"),
        ({"mix": "real"}, "mix"),
        ({"generated_first": 3}, "generated_first"),
    ],
)
def test_where_no_arm_makes_images_it_is_refused(
    ask: Any, training: dict[str, Any], name: str
) -> None:
    with pytest.raises(InputError, match=rf"{name} has no effect, since no arm makes images by it"):
        ask(aug=["mirror+blend"], training={"steps": 4, "batch": 4, **training})


def test_a_mixer_beside(ask: Any, lab: Log, bars: ImageSet) -> None:
    ask(aug=["echo@add=3+blend"], repeats=1, training=BESIDE)
    sizes = [len(entry["images"]) for entry in lab() if entry["what"] == "mix"]
    assert sizes == [4, 2] * 10


def test_a_network_with_batch_normalisation_learns(ask: Any) -> None:
    training = {"steps": 50, "batch": 8, "mix": "beside", "lr": 3e-3}
    result = ask(aug=["jitter@add=6"], clf=["conv"], per_class=10, repeats=1, training=training)
    assert result.mean("jitter@add=6", "conv") > 0.75
