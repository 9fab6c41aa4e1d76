"""Filters between a generator and the set."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from neuplug_tests.hearing import Hearing
from PIL import Image

import neuplug
from neuplug import ImageSet, InputError, NeuplugError
from neuplug.cli import main
from neuplug.data.neighbors import nearest, one_of_each
from neuplug.experiment.filtering import agreeing, draw_accepted, no_copies
from neuplug.experiment.grammar import parse_arm


def test_nearest_by_hand() -> None:
    points = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    distance, index = nearest(points, points, same=True)
    assert distance.tolist() == pytest.approx([0.5**0.5, 9**0.5, 0.5**0.5])
    assert index.tolist() == [2, 2, 0]
    distance, index = nearest(torch.tensor([[3.0, 4.0]]), points)
    assert (distance.tolist(), index.tolist()) == ([0.0], [1])
    many = torch.rand(1300, 5)  # more than one block
    near, where = nearest(many, many, same=True)
    full = (many[:, None] - many).square().mean(2).sqrt().fill_diagonal_(torch.inf)
    assert torch.equal(where, full.argmin(1)) and torch.allclose(near, full.amin(1))


@pytest.mark.parametrize("scale", [1, 0.1])  # grey levels, and what binary fractions cannot say
def test_equal_ones_are_found_among_many_and_are_at_no_distance(scale: float) -> None:
    """Matrix products in single precision put bright equal images half a grey level apart."""
    rng = torch.Generator().manual_seed(0)
    references = 240 + 16 * torch.rand(60, 4096, generator=rng)
    references = (references.round() if scale == 1 else references) * scale
    planted = torch.randperm(60, generator=rng)
    distance, index = nearest(references[planted], references)
    assert torch.equal(index, planted) and torch.equal(distance, torch.zeros(60))
    closest, _ = nearest(references, references, same=True)
    assert closest.min() > 0
    twice = torch.cat([references, references[7:8]])
    distance, index = nearest(twice, twice, same=True)
    assert torch.nonzero(distance == 0).flatten().tolist() == [7, 60]
    assert (int(index[7]), int(index[60])) == (60, 7)


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


@pytest.mark.parametrize("count", [3, 5, 10, 40])
@pytest.mark.parametrize("level", [0.0, 0.01, 0.3, 0.5])
def test_of_few_images_too_no_larger_share_goes_than_is_said(count: int, level: float) -> None:
    """Of N + 1 images alike in kind each may be the new one: so many are dropped, in every draw."""
    most = max(2, math.floor(level * (count + 1)))
    for seed in range(10):
        images = noise(count + 1, seed)
        dropped = 0
        for new in range(count + 1):
            others = torch.cat([images[:new], images[new + 1 :]])
            dropped += int(not no_copies(others, level)(images[new : new + 1]))
        assert most - 1 <= dropped <= most


ALTERED: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "noisy": lambda x: x + 5 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0)),
    "brighter": lambda x: 0.7 * x + 60,
    "smoother": lambda x: 0.8 * x + 0.1 * x.roll(1, 2) + 0.1 * x.roll(1, 3),
}


@pytest.mark.parametrize("count", [3, 5, 10])
@pytest.mark.parametrize("how", ALTERED)
def test_altered_copies_of_few_images_are_dropped(how: str, count: int) -> None:
    """Though each is to its original what its original is to it."""
    passed = 0
    for seed in range(10):
        real = noise(count, seed)
        copies = ALTERED[how](real.float()).round().clamp(0, 255).to(torch.uint8)
        passed += int(no_copies(real, 0.01)(copies).sum())
    assert passed <= 0.05 * 10 * count


@pytest.mark.parametrize("count", [3, 5, 10])
def test_of_few_real_surfaces_copies_are_dropped_and_most_others_pass(
    shared_data: Path, count: int
) -> None:
    folder = shared_data / "neu-det" / "IMAGES"
    images = torch.stack([surface(folder / f"scratches_{i}.jpg") for i in range(1, 111)])
    passed, bounded = [], 0
    for start in range(0, 110, 11):
        some = images[start : start + count + 1]
        dropped, different = 0, True
        for new in range(count + 1):
            real = torch.cat([some[:new], some[new + 1 :]])
            different &= bool(one_of_each(real).all())
            accept = no_copies(real, 0.01)
            dropped += int(not accept(some[new : new + 1]))
            for alter in ALTERED.values():
                copies = alter(real.float()).round().clamp(0, 255).to(torch.uint8)
                passed.append(accept(copies))
        assert dropped >= 1 and (dropped <= 2 or not different)  # near duplicates go as copies do
        bounded += different
    assert bounded >= 7
    assert torch.cat(passed).float().mean() < 0.05


def surface(file: Path) -> torch.Tensor:
    with Image.open(file) as opened:
        small = opened.convert("L").resize((64, 64), Image.Resampling.BOX)
    return torch.from_numpy(np.asarray(small).copy())[None]


@pytest.mark.parametrize("count", [1, 2])
def test_of_one_or_two_training_images_only_equal_ones_are_dropped(count: int) -> None:
    real = noise(count)
    accept = no_copies(real, 0.5)
    many = real[torch.arange(64) % count]
    assert not accept(many).any()
    assert accept(torch.cat([real[:1], noise(3, seed=1)])).tolist() == [False, True, True, True]


@pytest.mark.parametrize("level", [0.0, 0.01])
def test_equal_training_images_do_not_make_copies_ordinary(level: float) -> None:
    real = noise(40)
    accept = no_copies(torch.cat([real, real[:1]]), level)
    slightly = (real.int() + torch.randint(-3, 4, real.shape)).clamp(0, 255).to(torch.uint8)
    assert not accept(real).any() and not accept(slightly).any()
    assert accept(noise(200, seed=1)).float().mean() > 0.9


REPEATED: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "noisy": lambda x: x + 3 * torch.randn(x.shape, generator=torch.Generator().manual_seed(1)),
    "paler": lambda x: 0.8 * x + 30,
}


@pytest.mark.parametrize("count", [5, 10, 40])
@pytest.mark.parametrize("how", REPEATED)
def test_a_nearly_equal_pair_does_not_make_copies_ordinary(how: str, count: int) -> None:
    real = noise(count)
    again = REPEATED[how](real[:1].float()).round().clamp(0, 255).to(torch.uint8)
    everything = torch.cat([real, again])
    accept = no_copies(everything, 0.01)
    copies = ALTERED["noisy"](everything.float()).round().clamp(0, 255).to(torch.uint8)
    assert not accept(everything).any() and not accept(copies).any()
    others = noise(200, seed=1)
    assert (accept(others) == no_copies(real, 0.01)(others)).float().mean() > 0.95


@pytest.mark.parametrize("how", REPEATED)
@pytest.mark.parametrize("name", ["patches", "inclusion", "scratches"])
def test_a_nearly_equal_pair_of_real_surfaces_does_not_either(
    shared_data: Path, name: str, how: str
) -> None:
    folder = shared_data / "neu-det" / "IMAGES"
    images = torch.stack([surface(folder / f"{name}_{i}.jpg") for i in range(1, 101)])
    real, others = images[:40], images[40:]
    again = REPEATED[how](real[:1].float()).round().clamp(0, 255).to(torch.uint8)
    copies = ALTERED["noisy"](real.float()).round().clamp(0, 255).to(torch.uint8)
    without, accept = no_copies(real, 0.01), no_copies(torch.cat([real, again]), 0.01)
    dropped = (~without(copies)).float().mean()
    assert dropped > 0.6 and (~accept(copies)).float().mean() >= dropped - 0.05
    assert not accept(again) and accept(others).float().mean() > 0.85


@pytest.mark.parametrize("count", [3, 5, 10, 40])
def test_different_images_are_no_near_duplicates(count: int) -> None:
    assert all(one_of_each(noise(count, seed)).all() for seed in range(20))


def test_one_of_several_near_duplicates_is_kept() -> None:
    real = noise(40)
    again = [
        ALTERED["brighter"](real[:8].float()),
        ALTERED["noisy"](real[:2].float()),
        REPEATED["noisy"](real[:2].float()),
    ]
    kept = one_of_each(torch.cat([real, torch.cat(again).round().clamp(0, 255).to(torch.uint8)]))
    assert kept.tolist() == [True] * 40 + [False] * 12
    assert one_of_each(real[:0]).tolist() == [] and one_of_each(real[:2]).tolist() == [True, True]


def test_images_without_detail_are_no_copies() -> None:
    """A smooth image is nearer to every texture than two textures are to each other."""
    real, others = noise(40), noise(200, seed=1).float()
    smooth = torch.nn.functional.avg_pool2d(others, 5, 1, 2, count_include_pad=False)
    flat = others.mean((2, 3), keepdim=True).expand_as(others)
    by_distance = nearest(smooth.flatten(1), real.flatten(1).float())[0]
    assert by_distance.max() < nearest(real.flatten(1), real.flatten(1), same=True)[0].min()
    accept = no_copies(real, 0.01)
    assert accept(smooth.round().to(torch.uint8)).float().mean() > 0.9
    assert accept(flat.round().to(torch.uint8)).all()


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
    found = result.results.filtered
    assert {f.arm for f in found} == {
        "jitter@add=6,filter=copies:1",
        "jitter@add=6,filter=agreement:0",
        "duplicate@add=6,filter=copies:0.01",
    }
    for row in found:
        assert row.images <= row.wanted == 6 and row.drawn % 6 == 0
        if row.arm.startswith("duplicate"):  # nothing but copies: none is left
            assert (row.images, row.drawn) == (0, 60)
    with (result.folder / "manifest.csv").open() as file:
        counted = [row["arm"] for row in csv.DictReader(file) if row["origin"] == "duplicate"]
    assert counted == []
    warned = [w for w in result.results.warnings if w.startswith("duplicate")]
    assert "filter=copies:0.01 left 0 of 60 images of lying, but 6 were requested" in " ".join(
        warned
    )


def test_images_filtered_by_another_rule_are_not_used_again(
    ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = ["jitter@add=6", "jitter@add=6,filter=agreement:0", "jitter@add=6,filter=copies:0"]
    settings = {"aug": arms, "repeats": 1, "eval": ["walker"], "per_class": 10}
    ask(**settings)
    again, other = Hearing(), Hearing()
    ask(**settings, name="again", on_event=again)
    assert again.done == []
    monkeypatch.setattr("neuplug.experiment.planning.arm.COPIES_RULE", "another")
    ask(**settings, name="other", on_event=other)
    assert sorted(other.done) == ["evaluate", "sample", "sample", "train"]  # of the last arm alone


def test_agreement_asks_a_classifier_of_the_real_images(ask: Any) -> None:
    """A classifier that has learned its classes lets hardly changed images pass."""
    right = ask(aug=["jitter@add=6,filter=agreement"], repeats=1, training={"steps": 200})
    rows = right.results.filtered
    assert sum(r.images for r in rows) == 12
    assert all(r.drawn <= 18 for r in rows)  # jitter's images are hardly changed


@pytest.mark.parametrize("runs", [1, 2])
def test_evaluators_draw_what_the_classifiers_were_trained_on(ask: Any, runs: int) -> None:
    """Every second image of magpie is a copy, the others are noise of no class."""
    arms = [f"magpie@add=6,runs={runs}{f}" for f in ("", ",filter=copies", ",filter=agreement:0")]
    result = ask(aug=arms, repeats=1, eval=["walker"])
    all_of_them, copies, agreement = [
        {(m.name, m.class_name): m.value for m in e.metrics} for e in result.results.evaluations
    ]
    for name in ("standing", "lying"):
        assert all_of_them["copies", name] >= 4 and copies["copies", name] == 0
        assert all_of_them["agreeing", name] < 1 == agreement["agreeing", name]
        assert agreement["copies", name] > 0


def test_an_evaluator_is_told_where_a_filter_leaves_too_few(ask: Any) -> None:
    arm = "duplicate@add=6,filter=copies+jitter@add=6"
    result = ask(aug=[arm], repeats=1, eval=["walker", "brightness"])
    found = {e.evaluator: e.error for e in result.results.evaluations}
    sentence = "filter=copies:0.01 let 0 of 50 images of lying pass, but 5 are needed"
    assert sentence in found["walker"].replace("standing", "lying")
    assert found["brightness"] is None
    assert len(result.results.cells) == 2


def test_where_a_filter_leaves_nothing_there_is_nothing_to_evaluate(ask: Any) -> None:
    """As for *none*: no failure, no number; the filter's own warning says why."""
    arms = ["duplicate@add=6,filter=copies", "jitter@add=6"]
    result = ask(aug=arms, repeats=1, eval=["walker", "brightness", "confidence"], report=True)
    found = result.results.evaluations
    assert [e.error for e in found] == [None] * len(found)
    empty = {e.evaluator for e in found if e.arm.startswith("dup") and not e.metrics}
    assert empty == {"walker", "brightness"}  # confidence looks at predictions, not at images
    assert "failed" not in result.report.read_text("utf-8")
    assert "left 0 of 60 images" in " ".join(result.results.warnings)


def test_a_filter_that_does_not_exist_or_does_not_fit() -> None:
    assert str(parse_arm("dcgan@filter=copies").stages[0]) == "dcgan@filter=copies:0.01"
    assert len(parse_arm("dcgan@filter=copies/agreement:0.9").stages[0].filters) == 2
    with pytest.raises(InputError, match=r"filter=copys is unknown\. Did you mean copies\?"):
        parse_arm("dcgan@filter=copys")
    with pytest.raises(InputError, match="the level is a number from 0 to 1"):
        parse_arm("dcgan@filter=copies:2")


def test_a_filter_is_for_generators(ask: Any) -> None:
    with pytest.raises(InputError, match="filter is for generators, but invert is an augmenter"):
        ask(aug=["invert@add=3,filter=copies"])


@pytest.mark.parametrize(
    ("arm", "settings", "left"),
    [
        ("duplicate@filter=copies", {"share": 1}, "copies:0.01"),
        ("duplicate@add=6,replace,filter=agreement:0/copies", {}, "agreement:0/copies:0.01"),
        ("jitter@add=6,replace,filter=agreement:1", {}, "agreement:1"),
        ("duplicate@replace,filter=copies+invert@to=9", {}, "copies:0.01"),
        ("duplicate@replace,filter=copies+jitter@add=3", {}, "copies:0.01"),
        ("duplicate@add=6,replace,runs=2,filter=copies", {}, "copies:0.01"),
        ("duplicate@replace,filter=copies", {"training": {"epochs": 1}}, "copies:0.01"),
        ("duplicate@replace,filter=copies", {"training": {"balanced": True}}, "copies:0.01"),
        (
            "duplicate@replace,filter=copies",
            {"training": {"steps": 3, "real_first": 2}},
            "copies:0.01",
        ),
    ],
)
def test_an_arm_of_which_nothing_is_left_is_named_and_the_rest_is_done(
    ask: Any, arm: str, settings: dict[str, Any], left: str
) -> None:
    hearing = Hearing()
    sentence = rf"repeat 1 of arm mine leaves class \w+ \(filter={left} let 0 of \d+ images"
    with pytest.raises(NeuplugError, match=sentence) as caught:
        ask(aug=[f"mine: {arm}", "jitter@add=2"], on_event=hearing, **settings)
    assert not isinstance(caught.value, InputError)
    assert "no replace, a share below 1" in str(caught.value)
    if "training" not in settings:
        assert hearing.done.count("train") == 4  # none and the other arm, two repeats each
        again = Hearing()
        result = ask(aug=["jitter@add=2"], on_event=again, **settings)
        assert again.done == [] and ("jitter@add=2", "linear") in result.verdicts


def test_one_class_of_which_nothing_is_left_ends_its_arm_alone(ask: Any) -> None:
    """A classifier that never sees a class would be blamed for it."""
    arm = "duplicate@add=6,replace,only=lying,filter=copies"
    sentence = (
        r"repeat 1 of arm .* leaves class lying \(filter=copies:0.01 let 0 of 60 images pass\)"
    )
    with pytest.raises(NeuplugError, match=sentence) as caught:
        ask(aug=[arm], repeats=1)
    said = str(caught.value)
    assert arm in said.replace("copies:0.01", "copies") and "standing" not in said
    result = ask(aug=[arm.replace("replace,", "")], repeats=1)  # beside the real ones: a warning
    assert len(result.results.cells) == 2


def test_an_amount_of_which_nothing_is_left(ask: Any) -> None:
    with pytest.raises(NeuplugError, match=r"arm duplicate.* \(share=1\) leaves class standing"):
        ask(aug=["duplicate@filter=copies"], share=[0, 1], per_class=10, repeats=1)


def test_an_arm_by_itself_of_which_nothing_is_left(bars: ImageSet) -> None:
    train = neuplug.training_set(bars.images, bars.labels, bars.classes)
    arm = "duplicate@replace,filter=copies"
    with pytest.raises(NeuplugError, match=r"leaves class standing .* let 0 of 200 images pass"):
        neuplug.build_arm(arm, train)
    with pytest.raises(NeuplugError, match=r"leaves class 0 .* let 0 of 200 images pass"):
        neuplug.ImageClassifier("smallcnn", arm=arm, steps=2).fit(
            train.images, train.labels.numpy()
        )


@pytest.mark.parametrize("workers", ["0", pytest.param("2", marks=pytest.mark.slow)])
def test_the_command_ends_in_a_sentence_where_nothing_is_left(
    workers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["compose", "--clf", "smallcnn", "--imgsz", "28", "--steps", "2", "--per-class", "4"]
    words += ["--classes", "crazing,patches", "--repeats", "1", "--workers", workers, "--quiet"]
    words += ["--share", "1", "--aug", "duplicate@filter=copies"]
    assert main(words) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("neuplug: error: repeat 1 of arm duplicate@filter=copies:0.01 leaves")
    assert "class crazing (filter=copies:0.01 let 0 of 40 images pass)" in said
    assert len(said.splitlines()) == 1
