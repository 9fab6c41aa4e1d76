"""What people type: understood, or answered by a sentence with what to type, before any work."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from neuplug_tests.files import pipe

from neuplug.cli import main

pytestmark = pytest.mark.usefixtures("lab")
Plan = Callable[..., dict[str, Any]]
BASE = ["--repeats", "1", "--steps", "2", "--imgsz", "16", "--dry-run"]


@pytest.fixture
def photos(class_folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three classes, of which one has a comma in its name, below the working folder."""
    (class_folders / "cow").rename(class_folders / "cow, brown")
    monkeypatch.chdir(tmp_path)
    return class_folders


@pytest.fixture
def plan(photos: Path, capsys: pytest.CaptureFixture[str]) -> Plan:
    """What a command line would run."""

    def planned(*words: str) -> dict[str, Any]:
        assert main(["compose", *words, *BASE, "--json"]) == 0, capsys.readouterr().err
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return planned


def test_a_folder_or_a_table_stands_for_itself(plan: Plan, photos: Path) -> None:
    assert plan("set", "--clf", "linear")["classes"] == ["ant", "Bee", "cow, brown"]
    table = photos / "set.csv"
    rows = [f"{n}/{i}.png,{n}" for n in ("ant", "Bee") for i in range(5)]
    table.write_text("\n".join(["path,label", *rows]))
    assert plan(str(table), "--clf", "linear")["classes"] == ["ant", "Bee"]
    (photos.parent / "x.yaml").write_text("clf: linear\n")
    assert plan("x.yaml", "set")["classifiers"] == ["linear"]


@pytest.mark.parametrize(
    ("typed", "arms", "classifiers"),
    [
        (["--aug", "MIRROR", "--clf", "Linear"], ["mirror"], ["linear"]),
        (["--aug", "mirror,jitter", "--clf", "linear,conv"], ["mirror", "jitter"],
         ["linear", "conv"]),
        (["--aug", "mirror + jitter; invert", "--clf", "linear"], ["mirror+jitter", "invert"],
         None),
        (["--aug", "None", "--clf", "linear conv"], [], ["linear", "conv"]),
        (["--aug", "Neuplug-Lab:Jitter@add=2", "--clf", "LINEAR"], ["neuplug-lab:jitter@add=2"],
         None),
    ],
)  # fmt: skip
def test_components_are_found_however_they_are_written(
    plan: Plan, typed: list[str], arms: list[str], classifiers: list[str] | None
) -> None:
    found = plan("set", *typed)
    assert found["arms"] == ["none", *arms]
    assert classifiers is None or found["classifiers"] == classifiers


@pytest.mark.parametrize("size", ["16x24", "16X24", "16, 24", "16 x 24", "16\u00d724"])
def test_sizes(photos: Path, size: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compose", "set", "--clf", "linear", *BASE, "--imgsz", size, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["images"]["size"] == [16, 24]


@pytest.mark.parametrize(
    "typed",
    [
        ["--classes", "ant,cow, brown"],
        ["--classes", "cow,brown,ant"],
        ["--classes", 'ant,"cow, brown"'],
        ["--classes", "ant", "--classes", "cow, brown"],
    ],
)
def test_a_comma_in_the_name_of_a_class(plan: Plan, typed: list[str]) -> None:
    limits = ["--limit", "cow, brown=2,ant=3", "--clf", "linear"]
    arm = ["--aug", 'jitter@only="cow, brown",add=2']
    found = plan("set", *typed, *limits, *arm)["classes"]
    assert sorted(found) == ["ant", "cow, brown"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (["sett"], "there is no file or folder sett. Did you mean set?"),
        (["set", "--data", "demo"], "data is given twice: demo and set."),
        (["--aug", "mirror", "jitter"],
         "jitter must follow a flag: write --aug mirror --aug jitter."),
        (["--aug", "mirror", "invert+jitter@add=3", "brightness"], "--aug mirror --aug "
         "invert+jitter@add=3 --eval brightness."),
        (["--aug", "mirror@add=3,jitter"], "Another arm needs a flag of its own"),
        (["--data", "https://example.org/set.zip"], "an address: download the images"),
        (["https://example.org/set.zip"], "an address: download the images"),
        (["--data", " "], "name a folder or a CSV manifest"),
        (["set", "--classes", "q,r,s"], "no images of a class 'q', 'r' and 's'."),
        (["set", "--project", ""], "project = '': name a folder"),
        (["set", "--set", "conv.dropout="], "--set 'conv.dropout=': write component.option=value"),
        (["set", "--imgsz", "big"], "write height and width in pixels, as in 64, 48,64 or 48x64"),
        (["set", "--imgsz", ","], "write height and width in pixels"),
        (["set", "--imgsz", "-5"], "write height and width in pixels"),
        (["set", "--device", "mps"], "there is no device 'mps'. There are: auto, cpu"),
        (["set", "--device", "gpu"], "there is no device 'gpu'. There are: auto, cpu"),
        (["set", "--set", "liner.x=3"], "Did you mean linear? The run has: linear, training."),
        (["set", "--set", "conv.dropout=0.1"], "'conv', which is not part of this run."),
        (["set", "--set", "training.momentum=0.5"], "momentum has no effect with optimizer=adam"),
        (["set", "--set", "training.lr=.nan"], "training.lr = nan: input should be a finite"),
        (["set", "--steps", "3", "--set", "training.steps=4"], "training.steps is given twice"),
        (["set", "--set", "a.b=!!bool x"], "'!!bool x' is not a value"),
        (["set", "--eval", "brightness"], "evaluator brightness has nothing to measure"),
        (["set", "--aug", "mirror", "--add", "3"], "add has no effect, since no arm makes images"),
        (["set", "--add", "3"], "add has no effect"),
        (["set", "--aug", "mirror", "--replace"], "replace has no effect"),
        (["set", "--aug", "mirror", "--save-generated"], "save_generated has no effect"),
        (["set", "--reporter", "markdown", "--no-report"], "reporters are named"),
        (["set", "--test", "0.5", "--per-class", "2"], "test has no use with per_class"),
        (["set", "--aug", "jitter@only=ant,except=ant"], "only= and except= both name ant."),
        (["set", "--aug", "jitter@except=ant/Bee/cow"], "there is no class 'cow'"),
        (["set", "--aug", "jitter@add=1e18"], "from 0 to 1000000, not '1e18'"),
        (["set", "--aug", "jitter@runs=99999"], "at most 1000"),
        (["set", "--repeats", "9" * 99], "write a number from 1 to 1000, or auto"),
        (["set", "--workers", "-3"], "greater than or equal to 0"),
        (["set", "--per-class", "99999"], "use at most 4"),
        (["set", "--name", "x" * 300], "a folder's name has up to 60 characters"),
        (["set", "--name", "a\rb"], "a folder's name has up to 60 characters"),
        (["set", "--classes", "ant,cow"], "cow"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_before_anything_runs(
    photos: Path, typed: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    size = [] if "--imgsz" in typed else ["--imgsz", "16"]
    assert main(["compose", *typed, "--clf", "linear", *size]) == 2
    said = capsys.readouterr().err
    assert sentence in " ".join(said.split()) and "Traceback" not in said
    assert not (photos.parent / "runs").exists()


@pytest.mark.parametrize(
    "text",
    [
        "clf: &a [*a]", "a: &a [x]\nb: [*a, *a]\nclf: *a", "[" * 1100,
        "clf: !!python/name:os.system",
        "clf: !!bool x", "clf: 2020-13-99", "? [a]\n: b", "clf: \x00", "clf: {a: {b: [c]}}",
        "data: [a]\nclf: no", "classes: [yes, no]\nclf: linear", "aug: {a: {b: c}}", "limit: 7",
        "name: 2020-01-01\nclf: linear", "training: [1]\nclf: 3", "seed: 1.5", "workers: many",
    ],
)  # fmt: skip
def test_a_file_of_somebody_else_is_refused_in_sentences(
    text: str, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = photos.parent / "x.yaml"
    file.write_text(text)
    assert main(["compose", str(file), "--dry-run"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("neuplug: error: ") and "Traceback" not in said
    assert all(len(line) < 600 for line in said.splitlines())


def test_an_arm_that_adds_nothing_is_named_in_the_plan(plan: Plan) -> None:
    warnings = plan("set", "--clf", "linear", "--aug", "idle: jitter@add=0")["warnings"]
    assert "Arm idle adds no image: its results are those of none." in warnings


@pytest.mark.parametrize("name", ["0.png", "set.zip"])
def test_a_file_that_is_no_experiment(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n")
    assert main(["compose", str(tmp_path / name)]) == 2
    said = capsys.readouterr().err
    assert "is no experiment file (YAML): give one, a folder of images, or a CSV manifest" in said


def test_a_pipe_is_no_experiment_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compose", str(pipe(tmp_path / "x.yaml", b"clf: linear"))]) == 2
    said = capsys.readouterr().err
    assert "x.yaml is no regular file, but a pipe, socket or device: give an experiment" in said


@pytest.mark.parametrize("text", ["seed: 1\nclf: linear\nseed: 2", "options:\n  a: {b: 1, b: 1}\n"])
def test_a_key_that_is_given_twice(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.yaml").write_text(text)
    assert main(["compose", str(tmp_path / "x.yaml")]) == 2
    key, line = ("seed", 3) if "seed" in text else ("b", 2)
    said = " ".join(capsys.readouterr().err.split())
    assert f"{key} is given twice: keep one in" in said and f"line {line}, column" in said


def test_all_unknown_classes_are_told(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--limit", "q=3", "--limit", "r=3", "--aug", "jitter@only=s", "--clf", "linear"]
    assert main(["compose", "set", *words, *BASE]) == 2
    said = capsys.readouterr().err
    assert all(f"there is no class {name!r}." in said for name in "qrs")
