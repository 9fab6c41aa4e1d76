"""Filters between a generator and the set."""

from __future__ import annotations

import csv
from typing import Any

import pytest
import torch

from neuplug import InputError
from neuplug.experiment.filtering import agreeing, draw_accepted, no_copies
from neuplug.experiment.grammar import parse_arm
from neuplug.neighbors import nearest


def test_nearest_by_hand() -> None:
    points = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    distance, index = nearest(points, points, same=True)
    assert distance.tolist() == pytest.approx([0.5**0.5, 9**0.5, 0.5**0.5])
    assert index.tolist() == [2, 2, 0]
    distance, index = nearest(torch.tensor([[3.0, 4.0]]), points)
    assert (distance.tolist(), index.tolist()) == ([0.0], [1])
    many = torch.rand(1300, 5)  # more than one block
    near, where = nearest(many, many, same=True)
    full = torch.cdist(many, many).fill_diagonal_(torch.inf)
    assert torch.equal(where, full.argmin(1)) and torch.allclose(near, full.amin(1) / 5**0.5)


def noise(n: int, seed: int = 0) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, 1, 8, 8), generator=rng, dtype=torch.uint8)


def test_copies_are_dropped_and_new_images_are_not() -> None:
    real = noise(40)
    accept = no_copies(real, 0.01)
    nearly = (real.int() + torch.randint(-9, 10, real.shape)).clamp(0, 255).to(torch.uint8)
    assert not accept(real).any() and not accept(nearly).any()
    assert accept(noise(200, seed=1)).float().mean() > 0.9


def test_the_level_is_the_share_of_real_images_that_would_go_too() -> None:
    real, others = noise(400), noise(1000, seed=1)
    for level in (0.0, 0.1, 0.5):
        assert (~no_copies(real, level)(others)).float().mean() == pytest.approx(level, abs=0.08)


def test_a_single_training_image_bars_only_itself() -> None:
    accept = no_copies(noise(1), 0.5)
    assert accept(torch.cat([noise(1), noise(3, seed=1)])).tolist() == [False, True, True, True]


def test_agreement_and_confidence() -> None:
    logits = torch.tensor([[2.0, 0.0], [0.1, 0.0], [0.0, 3.0]])
    images = noise(3)
    assert agreeing(lambda _: logits, 0, 0.0)(images).tolist() == [True, True, False]
    assert agreeing(lambda _: logits, 0, 0.8)(images).tolist() == [True, False, False]
    assert agreeing(lambda _: logits, 1, 0.9)(images).tolist() == [False, False, True]


def test_drawing_goes_on_until_there_are_enough_and_ends() -> None:
    asked = []

    def sample(n: int, draw: int) -> torch.Tensor:
        asked.append((n, draw))
        return torch.arange(n).reshape(n, 1, 1, 1).to(torch.uint8) + 10 * draw

    kept, drawn = draw_accepted(sample, 4, [lambda images: images[:, 0, 0, 0] % 2 == 0])
    assert kept.flatten().tolist() == [0, 2, 10, 12]
    assert (drawn, asked) == (8, [(4, 0), (4, 1)])
    kept, drawn = draw_accepted(sample, 4, [lambda images: images[:, 0, 0, 0] == 1])
    assert kept.flatten().tolist() == [1] and drawn == 40


def test_filtered_and_unfiltered_are_arms_that_share_their_generator(ask: Any, lab: Any) -> None:
    arms = ["jitter@add=6", "jitter@add=6,filter=copies:1", "jitter@add=6,filter=agreement:0"]
    result = ask(aug=[*arms, "duplicate@add=6,filter=copies"], repeats=1)
    fits = [entry for entry in lab() if entry["what"] == "fit"]
    assert len(fits) == 2  # one for each class, whatever is filtered
    found = result.content["filtered"]
    assert {f["arm"] for f in found} == {
        "jitter@add=6,filter=copies:1",
        "jitter@add=6,filter=agreement:0",
        "duplicate@add=6,filter=copies:0.01",
    }
    for row in found:
        assert row["images"] <= row["wanted"] == 6 and row["drawn"] % 6 == 0
        if row["arm"].startswith("duplicate"):  # nothing but copies: none is left
            assert (row["images"], row["drawn"]) == (0, 60)
    with (result.folder / "manifest.csv").open() as file:
        counted = [row["arm"] for row in csv.DictReader(file) if row["origin"] == "duplicate"]
    assert counted == []
    warned = [w for w in result.content["warnings"] if w.startswith("duplicate")]
    assert "filter=copies:0.01 left 0 of 60 images of lying, 6 were wanted" in " ".join(warned)


def test_agreement_asks_a_classifier_of_the_real_images(ask: Any) -> None:
    """A classifier that has learned its classes lets hardly changed images pass."""
    right = ask(aug=["jitter@add=6,filter=agreement"], repeats=1, training={"steps": 200})
    rows = right.content["filtered"]
    assert sum(r["images"] for r in rows) == 12
    assert all(r["drawn"] <= 18 for r in rows)  # jitter's images are hardly changed


@pytest.mark.parametrize("runs", [1, 2])
def test_evaluators_draw_what_the_classifiers_were_trained_on(ask: Any, runs: int) -> None:
    """Every second image of magpie is a copy, the others are noise of no class."""
    arms = [f"magpie@add=6,runs={runs}{f}" for f in ("", ",filter=copies", ",filter=agreement:0")]
    result = ask(aug=arms, repeats=1, eval=["walker"])
    all_of_them, copies, agreement = [e["metrics"] for e in result.content["evaluations"]]
    for name in ("standing", "lying"):
        assert all_of_them[f"copies:{name}"] >= 4 and copies[f"copies:{name}"] == 0
        assert all_of_them[f"agreeing:{name}"] < 1 == agreement[f"agreeing:{name}"]
        assert agreement[f"copies:{name}"] > 0


def test_an_evaluator_is_told_where_a_filter_leaves_too_few(ask: Any) -> None:
    result = ask(aug=["duplicate@add=6,filter=copies"], repeats=1, eval=["walker", "brightness"])
    found = {e["evaluator"]: e["error"] for e in result.content["evaluations"]}
    sentence = "filter=copies:0.01 let 0 of 90 images of lying pass, 9 are needed"
    assert sentence in found["walker"].replace("standing", "lying")
    assert found["brightness"] is None
    assert len(result.content["cells"]) == 2


def test_a_filter_that_does_not_exist_or_does_not_fit() -> None:
    assert str(parse_arm("dcgan@filter=copies").stages[0]) == "dcgan@filter=copies:0.01"
    assert len(parse_arm("dcgan@filter=copies/agreement:0.9").stages[0].filters) == 2
    with pytest.raises(InputError, match=r"filter=copys is unknown\. Did you mean copies\?"):
        parse_arm("dcgan@filter=copys")
    with pytest.raises(InputError, match="the level is a number from 0 to 1"):
        parse_arm("dcgan@filter=copies:2")


def test_a_filter_is_for_generators(ask: Any) -> None:
    with pytest.raises(InputError, match="filter is for generators, invert is an augmenter"):
        ask(aug=["invert@add=3,filter=copies"])
