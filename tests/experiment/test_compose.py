"""The main job through the library call, with first-party and third-party components."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from neuplug_tests.hearing import Hearing

import neuplug
from neuplug import ImageSet, InputError, PluginError
from neuplug.cli import main
from neuplug.experiment.results.reading import read_curves

Log = Callable[[], list[dict[str, Any]]]


def test_first_party_from_end_to_end(ask: Any) -> None:
    result = ask(
        report=True,
        aug=["flip", "dcgan", "classical+dcgan"],
        clf=["smallcnn"],
        add=5,
        options={"dcgan": {"steps": 4, "ngf": 4, "ndf": 4, "grids": 2}},
    )
    content = result.results
    curves = read_curves(result.folder, content)
    assert [arm.name for arm in content.arms] == ["none", "flip", "dcgan", "classical+dcgan"]
    assert len(content.cells) == 4 * 2
    by_arm = {(c.arm, c.repeat): c for c in content.cells}
    assert by_arm["none", 0].train_images == {"real": 12}
    assert by_arm["flip", 0].train_images == {"real": 12}  # acts on each batch
    assert by_arm["dcgan", 0].train_images == {"real": 12, "dcgan": 10}
    chained = {"real": 12, "classical": 10, "dcgan": 10}
    assert by_arm["classical+dcgan", 1].train_images == chained
    assert {c.steps for c in content.cells} == {10}
    assert {c.test_images for c in content.cells} == {28}
    for cell in content.cells:
        assert sum(map(sum, cell.test.confusion)) == 28
        assert curves.classifiers[cell.key]["train_loss"][-1][0] == 10
    assert len(content.generators) == 2 * 2 * 2  # arms, classes, repeats
    assert all("discriminator" in curves.generators[g.key] for g in content.generators)
    assert set(result.verdicts) == {
        ("flip", "smallcnn"), ("dcgan", "smallcnn"), ("classical+dcgan", "smallcnn")
    }  # fmt: skip
    files = {f.name for f in result.folder.iterdir()}
    assert files >= {
        "config.yaml", "env.json", "manifest.csv", "results.csv", "results.json",
        "predictions.csv",
        "samples", "figures", "report.html", "log.txt", "plan.json", "events.jsonl", "status.json",
    }  # fmt: skip
    assert "dcgan" in result.report.read_text("utf-8")
    assert "smallcnn" in str(result)


def test_the_predictions_are_those_that_were_scored(ask: Any, bars: ImageSet) -> None:
    result = ask(aug=["jitter"], add=3)
    with (result.folder / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    known = dict(zip(bars.ids, bars.labels.tolist(), strict=True))
    for cell in result.results.cells:
        where = (cell.arm, cell.classifier, str(cell.repeat))
        own = [r for r in rows if (r["arm"], r["classifier"], r["repeat"]) == where]
        assert len(own) == len({r["image"] for r in own}) == cell.test_images
        confusion = Counter((r["class"], r["predicted"]) for r in own)
        names = bars.classes
        assert cell.test.confusion == tuple(
            tuple(confusion[true, predicted] for predicted in names) for true in names
        )
        for row in own:
            assert row["class"] == names[known[row["image"]]]
            shares = {name: float(row[f"p({name})"]) for name in names}
            assert max(shares, key=shares.__getitem__) == row["predicted"]
            assert abs(sum(shares.values()) - 1) < 1e-5
    assert len(rows) == sum(cell.test_images for cell in result.results.cells)


def test_the_manifest_names_the_origin_of_every_image(ask: Any, bars: ImageSet) -> None:
    result = ask(aug=["invert+jitter", "jitter"], add=3)
    with (result.folder / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    first = [r for r in rows if r["repeat"] == "0" and r["arm"] in ("none", "all")]
    assert sorted(r["id"] for r in first) == sorted(bars.ids)
    assert Counter(r["split"] for r in first) == {"train": 12, "test": 28}
    chained = [r for r in rows if r["repeat"] == "1" and r["arm"] == "invert+jitter"]
    assert Counter(r["origin"] for r in chained) == {"real": 12, "invert": 6, "jitter": 6}
    assert len({r["id"] for r in chained}) == len(chained)
    train = {r["id"] for r in chained if r["origin"] == "real"}
    for row in chained:
        if row["origin"] == "invert":
            assert row["parent"] in train
        elif row["origin"] == "jitter":
            assert row["parent"].startswith("generator ")


def test_generators_and_augmenters_never_see_a_test_image(
    ask: Any, bars: ImageSet, lab: Log
) -> None:
    result = ask(aug=["jitter", "invert", "invert+jitter"], repeats=3)
    names = {
        identifier: hashlib.sha256(image.contiguous().numpy()).hexdigest()
        for identifier, image in zip(bars.ids, bars.images, strict=True)
    }
    with (result.folder / "manifest.csv").open() as file:
        rows = [r for r in csv.DictReader(file) if r["origin"] == "real"]
    train = [
        {names[r["id"]] for r in rows if r["repeat"] == str(i) and r["split"] == "train"}
        for i in range(3)
    ]
    fits = [e for e in lab() if e["what"] == "fit" and not e["name"].startswith("invert")]
    assert len(fits) == 2 * 2 * 3
    inverted = {
        hashlib.sha256((255 - image).contiguous().numpy()).hexdigest() for image in bars.images
    }
    for entry in fits:
        repeat = int(entry["name"].split("repeat ")[1].split(",")[0]) - 1
        seen = set(entry["images"]) - inverted
        assert seen and seen <= train[repeat]
    for entry in lab():
        if entry["what"] == "augment":
            assert any(set(entry["images"]) <= part for part in train)


def test_repeats_are_paired(ask: Any) -> None:
    """An arm that changes nothing is trained anew and must equal none, repeat by repeat."""
    result = ask(aug=["same", "jitter@add=0"], repeats=3)
    cells = {(c.arm, c.repeat): c.test for c in result.cells}
    for repeat in range(3):
        assert cells["same", repeat] == cells["none", repeat]
        assert cells["jitter@add=0", repeat] == cells["none", repeat]
    keys = {(c.arm, c.repeat): c.key for c in result.cells}
    assert keys["same", 0] != keys["none", 0]
    assert len({str(cells["none", r]) for r in range(3)}) > 1  # repeats differ
    assert result.verdicts["same", "linear"] == "no evidence"


@pytest.mark.parametrize(
    ("settings", "images"),
    [
        ({"add": 9}, {"real": 12, "jitter": 18}),
        ({"to": 10}, {"real": 12, "jitter": 8}),
        ({"share": 0.75}, {"real": 12, "jitter": 36}),
        ({"share": 1}, {"jitter": 12}),
        ({"add": 9, "replace": True}, {"jitter": 18}),
        ({"to": 10, "replace": True}, {"jitter": 20}),
        ({}, {"real": 12, "jitter": 12}),
    ],
)
def test_amounts(ask: Any, settings: dict[str, Any], images: dict[str, int]) -> None:
    result = ask(aug=["jitter"], repeats=1, **settings)
    cell = next(c for c in result.cells if c.arm == "jitter")
    assert cell.train_images == images


def test_stages_with_amounts_of_their_own(ask: Any) -> None:
    """100 generated, then classical over both: the sixth task of Schlagenhauf et al."""
    result = ask(aug=["jitter@add=2+invert@to=20"], repeats=1, add=99)
    cell = next(c for c in result.cells if c.arm != "none")
    assert cell.train_images == {"real": 12, "jitter": 4, "invert": 24}


def test_a_list_of_amounts_makes_an_arm_of_each(ask: Any) -> None:
    result = ask(aug=["jitter", "invert"], repeats=1, add=[2, 4], val=0.0)
    names = [arm.name for arm in result.results.arms]
    assert names == ["none", "jitter (add=2)", "jitter (add=4)", "invert"]
    assert len(result.results.generators) == 2 * 2  # both amounts share the fits
    assert len({g.key for g in result.results.generators}) == 2


def test_one_more_classifier_trains_no_generator_again(ask: Any, lab: Log) -> None:
    ask(aug=["jitter"])
    before = len(lab())
    hearing = Hearing()
    ask(aug=["jitter"], clf=["linear", "smallcnn"], on_event=hearing)
    assert len(lab()) == before
    assert hearing.done == ["train"] * 4  # two arms, two repeats, the new classifier alone


def test_the_same_again_is_answered_from_the_store(ask: Any, lab: Log) -> None:
    first = ask(report=True, aug=["jitter"])
    before, hearing = len(lab()), Hearing()
    second = ask(report=True, aug=["jitter"], on_event=hearing)
    assert second.results == first.results and hearing.done == []
    assert "nothing has changed" in hearing.said[0]
    assert len(lab()) == before
    (first.folder / "report.html").unlink()  # made anew, from stored work
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


def test_a_class_that_has_enough_gets_no_generator(
    bars: ImageSet, lab: Log, tmp_path: Path
) -> None:
    few = bars.subset([i for i in range(40) if i % 2 == 0 or i < 20])  # 20 and 10 images
    result = neuplug.compose(
        few, aug=["jitter"], clf=["linear"], test=0.5, to=8, repeats=1, workers=0,
        project=tmp_path / "runs", training={"steps": 2},
    )  # fmt: skip
    assert [g.class_name for g in result.results.generators] == ["lying"]
    cell = next(c for c in result.cells if c.arm == "jitter")
    assert cell.train_images == {"real": 15, "jitter": 3}


def test_real_results_fill_the_report(ask: Any) -> None:
    page = ask(report=True, aug=["jitter"], eval=["brightness"]).report.read_text("utf-8")
    for words in ("Verdicts", "Sample images", "Evaluations", "Computing time", "0.1.0"):
        assert words.lower() in page.lower(), words


def test_other_seeds_draw_other_splits_and_other_results(ask: Any) -> None:
    keys = {c.key for seed in (0, 1) for c in ask(repeats=2, seed=seed).cells}
    assert len(keys) == 4


def test_another_weights_file_of_the_same_name_is_another_question(
    ask: Any, tmp_path: Path
) -> None:
    from torchvision.models import mobilenet_v2

    path = tmp_path / "weights.pth"
    found = []
    for seed in (0, 1):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            torch.save(mobilenet_v2(num_classes=2).state_dict(), path)
        result = ask(
            clf=["mobilenetv2"], repeats=1, training={"steps": 1, "batch": 4},
            options={"mobilenetv2": {"weights": str(path)}},
        )  # fmt: skip
        found.append((result.folder, result.cells[0].key))
    assert found[0][0] != found[1][0] and found[0][1] != found[1][1]


def test_worker_processes_find_the_same(ask: Any) -> None:
    alone = ask(aug=["jitter"], name="alone", repeats=2)
    cells = [(c.arm, c.repeat, c.test) for c in alone.cells]
    import os

    os.environ["NEUPLUG_CACHE"] += "-other"  # nothing is there yet; restored by the fixture
    crew = ask(aug=["jitter"], name="crew", repeats=2, workers=2)
    assert [(c.arm, c.repeat, c.test) for c in crew.cells] == cells


def test_evaluators(ask: Any) -> None:
    result = ask(aug=["jitter", "invert"], eval=["brightness", "confidence", "broken"], add=3)
    found = result.results.evaluations
    brightness = [e for e in found if e.evaluator == "brightness"]
    assert [(e.arm, e.repeat) for e in brightness] == [("jitter", 0), ("jitter", 1)]
    assert all(m.n == 6 and 40 < m.value < 120 for e in brightness for m in e.metrics)
    for entry in brightness:
        assert (result.folder / entry.figures[0]).read_text() == "bright"
    confidence = [e for e in found if e.evaluator == "confidence"]
    assert len(confidence) == 3 * 2 and all(
        0.5 <= m.value <= 1 for e in confidence for m in e.metrics
    )
    broken = [e for e in found if e.evaluator == "broken"]
    assert broken and all("broken of neuplug-lab 1.0 failed" in e.error for e in broken)


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_a_failing_plugin_is_named_and_the_rest_is_done(ask: Any, lab: Log, workers: int) -> None:
    hearing = Hearing()
    with pytest.raises(PluginError, match=r"crash of neuplug-lab 1\.0 failed: ZeroDivisionError"):
        ask(aug=["crash", "jitter"], on_event=hearing, workers=workers)
    # none and jitter are trained: two repeats each
    assert hearing.done.count("train") == 4
    again = Hearing()
    ask(aug=["jitter"], on_event=again)
    assert again.done == []


@pytest.mark.parametrize(
    ("arm", "sentence"),
    [
        ("small", r"small of neuplug-lab 1\.0 failed: .*shape \(6, 1, 27, 28\) instead of"),
        ("floats", r"floats of neuplug-lab 1\.0 failed: .*torch.float32 instead of uint8"),
        ("floats+jitter", r"floats of neuplug-lab 1\.0 failed"),
    ],
)
def test_wrong_images_are_caught_where_they_come_from(ask: Any, arm: str, sentence: str) -> None:
    with pytest.raises(PluginError, match=sentence):
        ask(aug=[arm], repeats=1)


def test_a_diverging_generator_stops_with_its_name(ask: Any) -> None:
    with pytest.raises(neuplug.TrainingDiverged, match=r"dcgan, repeat 1, .*loss is"):
        ask(
            aug=["dcgan"],
            repeats=1,
            options={"dcgan": {"lr": 1e30, "steps": 30, "ngf": 4, "ndf": 4}},
        )


def test_callers_random_state_is_left_alone(ask: Any) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    ask(aug=["flip", "jitter"], repeats=1)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"aug": ["dcgam"]}, "Did you mean dcgan"),
        ({"clf": ["smalcnn"]}, "Did you mean smallcnn"),
        ({"aug": ["linear"]}, "no augmenter or generator is called 'linear'"),
        ({"options": {"dcgan": {"steps": 5}}}, "takes no part"),
        ({"aug": ["dcgan"], "options": {"dcgan": {"stepz": 5}}}, "Did you mean steps"),
        ({"aug": ["dcgan"], "options": {"dcgan": {"steps": 0}}}, r"dcgan\.steps = 0"),
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
            small, aug=["dcgan"], clf=["linear"], per_class=5, workers=0,
            project=tmp_path / "runs", training={"steps": 2},
        )  # fmt: skip
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--clf", "linear", "--data", "nowhere"], 2, "nowhere"),
        (["--clf", "linear", "--aug", "crash", "--set", "linear.x=1"], 2, "no option 'x'"),
        (["--aug", "flip"], 2, "no classifier"),
        (["--clf", "linear", "--seeds", "3"], 2, "--seed"),
        (["--clf", "linear", "--repeats", "many"], 2, "repeats"),
        (["nothing.yaml", "--clf", "linear"], 2, "no experiment file"),
        (
            ["--clf", "linear", "--aug", "crash", "--workers", "0", "--repeats", "1"],
            1,
            "neuplug-lab 1.0",
        ),
    ],
)
def test_the_command_ends_in_one_sentence(
    arguments: list[str], code: int, sentence: str,
    lab: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["compose", *arguments, "--quiet"]) == code
    error = capsys.readouterr().err.strip()
    assert sentence in error and error.startswith("neuplug: error: ")
    assert len(error.splitlines()) == 1 and "Traceback" not in error


def test_dry_run_says_what_is_there_and_does_nothing(
    lab: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    monkeypatch.chdir(tmp_path)
    words = ["compose", "--aug", "jitter", "--clf", "linear", "--repeats", "2", "--steps", "3"]
    words += ["--classes", "crazing,patches", "--imgsz", "28", "--workers", "0"]
    assert main([*words, "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["tasks"]["fit"] == {"all": 4, "stored": 0}
    assert found["tasks"]["train"] == {"all": 4, "stored": 0}
    assert found["seconds"] is None
    assert not (tmp_path / "runs").exists() and lab() == []
    assert main([*words, "--quiet"]) == 0
    capsys.readouterr()
    assert main([*words, "--dry-run", "--json", "--repeats", "3"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["tasks"]["fit"] == {"all": 6, "stored": 4}
    assert found["seconds"] > 0
    assert main([*words, "--dry-run"]) == 0
    assert "all of it is in the store" in capsys.readouterr().out
