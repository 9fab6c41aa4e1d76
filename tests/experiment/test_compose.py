"""The main job through the library call, with components of a third party."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from neuplug_tests.hearing import Hearing
from neuplug_tests.lab import Log
from safetensors.torch import save_file

import neuplug
from neuplug import ImageSet, InputError, PluginError
from neuplug.experiment.reading import read_curves


def test_from_end_to_end(ask: Any) -> None:
    result = ask(
        report=True,
        aug=["mirror", "jitter", "invert+jitter"],
        clf=["conv"],
        add=5,
        options={"jitter": {"steps": 3}},
    )
    content = result.results
    curves = read_curves(result.folder)
    assert [arm.name for arm in content.arms] == ["none", "mirror", "jitter", "invert+jitter"]
    assert len(content.cells) == 4 * 2
    by_arm = {(c.arm, c.repeat): c for c in content.cells}
    assert by_arm["none", 0].train_images == {"real": 12}
    assert by_arm["mirror", 0].train_images == {"real": 12}  # acts on each batch
    assert by_arm["jitter", 0].train_images == {"real": 12, "jitter": 10}
    chained = {"real": 12, "invert": 10, "jitter": 10}
    assert by_arm["invert+jitter", 1].train_images == chained
    assert {c.steps for c in content.cells} == {10}
    assert {c.test_images for c in content.cells} == {28}
    for cell in content.cells:
        assert sum(map(sum, cell.test.confusion)) == 28
        assert curves.classifiers[cell.key]["train_loss"][-1][0] == 10
    assert len(content.generators) == 2 * 2 * 2  # arms, classes, repeats
    assert all("loss" in curves.generators[g.key] for g in content.generators)
    assert set(result.verdicts()) == {
        ("mirror", "conv"), ("jitter", "conv"), ("invert+jitter", "conv")
    }  # fmt: skip
    files = {f.name for f in result.folder.iterdir()}
    assert files >= {
        "config.yaml", "env.json", "manifest.csv", "results.csv", "results.json",
        "predictions.csv",
        "verdicts.md", "log.txt", "plan.json", "events.jsonl", "status.json",
    }  # fmt: skip
    assert "jitter" in result.report.read_text("utf-8")
    assert "conv" in str(result)


def test_repeats_are_paired(ask: Any) -> None:
    """An arm that changes nothing is trained anew and must equal none, repeat by repeat."""
    result = ask(aug=["same", "jitter@add=0"], repeats=3)
    cells = {(c.arm, c.repeat): c.test for c in result.results.cells}
    for repeat in range(3):
        assert cells["same", repeat] == cells["none", repeat]
        assert cells["jitter@add=0", repeat] == cells["none", repeat]
    keys = {(c.arm, c.repeat): c.key for c in result.results.cells}
    assert keys["same", 0] != keys["none", 0]
    assert len({str(cells["none", r]) for r in range(3)}) > 1  # repeats differ
    assert result.verdicts()["same", "linear"] == "no evidence"


def test_one_more_classifier_trains_no_generator_again(ask: Any, lab: Log) -> None:
    ask(aug=["jitter"])
    before = len(lab())
    hearing = Hearing()
    ask(aug=["jitter"], clf=["linear", "conv"], on_event=hearing)
    assert len(lab()) == before
    assert hearing.done == ["train"] * 4  # two arms, two repeats, the new classifier alone


def test_the_same_again_is_answered_from_the_store(ask: Any, lab: Log) -> None:
    first = ask(report=True, aug=["jitter"])
    before, hearing = len(lab()), Hearing()
    second = ask(report=True, aug=["jitter"], on_event=hearing)
    assert second.results == first.results and hearing.done == []
    assert "nothing has changed" in hearing.said[0]
    assert len(lab()) == before
    first.report.unlink()  # made anew, from stored work
    third = ask(report=True, aug=["jitter"], on_event=hearing)
    assert hearing.done == [] and third.report.exists()
    assert third.results.summary == first.results.summary


def test_what_is_asked_counts_not_where_it_goes(ask: Any, lab: Log) -> None:
    first = ask(aug=["jitter"], name="one")
    before, hearing = len(lab()), Hearing()
    second = ask(aug=["jitter"], name="two", on_event=hearing)
    assert hearing.done == [] and len(lab()) == before
    assert second.folder.name == "two" and second.results.summary == first.results.summary
    with pytest.raises(InputError, match="another run"):
        ask(aug=["jitter"], name="one", seed=5)


def test_a_failed_run_does_not_keep_its_name(ask: Any) -> None:
    with pytest.raises(PluginError):
        ask(aug=["crash"], name="one")
    assert ask(aug=["jitter"], name="one").folder.name == "one"


def test_other_seeds_draw_other_splits_and_other_results(ask: Any) -> None:
    keys = {c.key for seed in (0, 1) for c in ask(repeats=2, seed=seed).results.cells}
    assert len(keys) == 4


def test_another_weights_file_of_the_same_name_is_another_question(
    ask: Any, tmp_path: Path
) -> None:
    path = tmp_path / "weights.safetensors"
    found = []
    for seed in (0, 1):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = neuplug.load("conv").build(2, 1, (28, 28))
        save_file(network.state_dict(), path)
        result = ask(
            clf=["conv"], repeats=1, training={"steps": 1, "batch": 4},
            options={"conv": {"weights": str(path)}},
        )  # fmt: skip
        found.append((result.folder, result.results.cells[0].key))
    assert found[0][0] != found[1][0] and found[0][1] != found[1][1]


def test_callers_random_state_is_left_alone(ask: Any) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    ask(aug=["mirror", "jitter"], repeats=1)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"aug": ["jiter"]}, "Did you mean jitter"),
        ({"clf": ["linea"]}, "Did you mean linear"),
        ({"aug": ["linear"]}, "no augmenter or mixer or generator is called 'linear'"),
        ({"options": {"jitter": {"steps": 5}}}, "is not part of this run"),
        ({"aug": ["jitter"], "options": {"jitter": {"stepz": 5}}}, "Did you mean steps"),
        ({"aug": ["jitter"], "options": {"jitter": {"steps": 0}}}, r"jitter\.steps = 0"),
        ({"per_class": 20}, "20"),
        ({"device": "cuda:99"}, "device 'cuda:99'"),
        ({"eval": ["fud"]}, "no evaluator"),
    ],
)
def test_questions_that_make_no_sense_leave_nothing(
    ask: Any, settings: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=sentence):
        ask(**settings)
    assert not (tmp_path / "runs").exists() or list((tmp_path / "runs").iterdir()) == []


def test_an_image_size_that_a_plugin_refuses_leaves_nothing(ask: Any, tmp_path: Path) -> None:
    small = ImageSet(
        torch.randint(0, 255, (40, 1, 20, 20), dtype=torch.uint8), torch.arange(40) % 2,
        ("a", "b"), tuple(map(str, range(40))),
    )  # fmt: skip
    with pytest.raises(InputError, match="28 to 256"):
        neuplug.compose(
            small, aug=["large"], clf=["linear"], per_class=5, workers=0,
            project=tmp_path / "runs", training={"steps": 2},
        )  # fmt: skip
    assert not (tmp_path / "runs").exists()
