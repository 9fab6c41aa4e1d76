"""The settings of a run: one model, and what flags, YAML, environment and library make of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from neuplug_tests.lab import Log

import neuplug
from neuplug.cli import commands, main
from neuplug.cli.compose import asked
from neuplug.experiment.config import ComposeConfig
from neuplug.training.options import TrainingOptions

pytestmark = pytest.mark.usefixtures("lab")
BASE = {"clf": ["a"], "data": "PHOTOS"}
SAMPLES: dict[str, tuple[str, Any]] = {
    "recipe": ("sketch", "sketch"),
    "budget": ("smoke", "smoke"),
    "data": ("2026", 2026),
    "classes": ("0,dent", [0, "dent"]),
    "per_class": ("10,20", [10, 20]),
    "limit": ("dent=7,a=b=8", {"dent": 7, "a=b": 8}),
    "test": ("0.25", 0.25),
    "val": ("1e-1", 0.1),
    "group_by": (r"(plate\d+)_", r"(plate\d+)_"),
    "min_per_class": ("3", 3),
    "follow": ("true", True),
    "resplit": ("true", True),
    "allow_leak": ("true", True),
    "score_all": ("true", True),
    "imgsz": ("48,64", [48, 64]),
    "near": ("overlap", "overlap"),
    "resize": ("crop", "crop"),
    "range": ("-1024,3e3", [-1024, 3000]),
    "channels": ("rgb", "rgb"),
    "strict": ("true", True),
    "aug": ("six: mirror@to=9,only=a/b", {"six": "mirror@to=9,only=a/b"}),
    "add": ("100,300", [100, 300]),
    "to": ("700", 700),
    "share": ("0.5,0.8", [0.5, 0.8]),
    "replace": ("true", True),
    "clf": ("b,c", ["b", "c"]),
    "eval": ("b,c", ["b", "c"]),
    "training": ("{steps: 5, batch: 4}", {"steps": 5, "batch": 4}),
    "options": ("{x: {y: 2}, d:x: {z: a}}", {"x": {"y": 2}, "d:x": {"z": "a"}}),
    "repeats": ("7", 7),
    "metric": ("recall:dent", "recall:dent"),
    "margin": ("0.01", 0.01),
    "worth": ("true", True),
    "seed": ("1", 1),
    "device": ("cuda:1", "cuda:1"),
    "workers": ("0", 0),
    "executor": ("x", "x"),
    "project": ("some/where", "some/where"),
    "name": ("007", "007"),
    "save_generated": ("true", True),
    "report": ("false", False),
    "reporter": ("b,c", ["b", "c"]),
}
"""Each setting as it is typed, and as a YAML file has it."""
TYPED = {
    "training": ["--steps", "5", "--batch", "4"],
    "options": ["--set", "x.y=2", "--set", "d:x.z=a"],
}
COMPOSE = dict(commands())["neuplug compose"]
OWN = {"inputs", "dry_run", "fresh", "quiet", "verbose", "as_json", "help"}


def typed(*words: str) -> ComposeConfig:
    """What a command line asks for."""
    given = COMPOSE.make_context("compose", list(words)).params
    return asked(*given["inputs"], **{k: given[k] for k in given.keys() - OWN})


@pytest.mark.parametrize("name", list(ComposeConfig.model_fields))
def test_flag_file_and_environment_say_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, value = SAMPLES[name]
    base = {**BASE, **({"recipe": "sketch"} if name == "budget" else {})}
    plain, full = tmp_path / "plain.yaml", tmp_path / "full.yaml"
    plain.write_text(yaml.safe_dump(base))
    full.write_text(yaml.safe_dump({**base, name: value}))
    by_file = typed(str(full))
    assert getattr(by_file, name) != getattr(typed(str(plain)), name)
    flag = f"--{name.replace('_', '-')}"
    words = TYPED.get(name) or ([flag] if value is True else [flag, text])
    if value is False:
        words = [f"--no-{name}"]
    assert typed(str(plain), *words) == by_file
    monkeypatch.setenv(f"NEUPLUG_COMPOSE_{name.upper()}", text)
    assert typed(str(plain)) == by_file


def test_every_setting_is_in_the_help_with_what_it_means(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    assert main(["compose", "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    flags = {word for words in TYPED.values() for word in words if word.startswith("--")}
    described = {"--set": ComposeConfig.model_fields["options"].description}
    for model, names in ((ComposeConfig, SAMPLES.keys() - TYPED), (TrainingOptions, flags)):
        for name in names:
            plain = name.strip("-")
            if plain in model.model_fields:
                flag = f"--{plain.replace('_', '-')}"
                described[flag] = model.model_fields[plain].description
    assert len(described) == len(ComposeConfig.model_fields) - 1 + 2
    for flag, description in described.items():
        line = next(line for line in lines if re.match(rf"│ {flag} ", line))
        assert description and description.lower() in line.lower()


def test_no_setting_of_the_training_hides_one_of_the_run() -> None:
    assert not ComposeConfig.model_fields.keys() & TrainingOptions.model_fields.keys()
    assert SAMPLES.keys() == ComposeConfig.model_fields.keys()


def test_flags_are_repeated_or_take_back_what_a_file_says(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("clf: a\nreplace: true\nadd: 3\ndata: PHOTOS\n")
    words = ["--aug", "x@add=1,runs=2", "--aug", "y", "--clf", "b", "--clf", "c", "--no-replace"]
    config = typed(str(file), *words, "--limit", "a,b=3", "--limit", "c=4", "--to", "9")
    assert config.aug == ["x@add=1,runs=2", "y"] and config.clf == ["b", "c"]
    assert (config.replace, config.add, config.to) == (False, None, [9])
    assert config.limit == {"a,b": 3, "c": 4}


def test_all_that_is_wrong_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("clf: a\nrepeat: 3\naug: ['x@3', 'y', 'z+']\nlimit: {a: 0, b: many}\n")
    monkeypatch.setenv("NEUPLUG_COMPOSE_SED", "1")
    words = ["--val", "2", "--resize", "crp", "--steps", "0", "--set", "training.lrr=1"]
    assert main(["compose", str(file), *words]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines.pop(0).startswith("neuplug: error: compose.limit.a = 0: input should be")
    starts = [
        "compose.limit.b = 'many': input should be a valid integer",
        "compose.val = '2': input should be less than 1.",
        "compose.resize = 'crp': input should be 'resize' or 'crop'.",
        "compose.aug = 'x@3': '3' is not a setting.",
        "compose.aug = 'z+': '' is not a component name.",
        "compose.training.steps = '0': input should be greater than or equal to 1.",
        "training has no option 'lrr'. Did you mean lr?",
        "compose has no option 'repeat'. Did you mean repeats?",
        "compose has no option 'sed'. Did you mean seed?",
    ]
    assert len(lines) == len(starts)
    for line, start in zip(sorted(lines), sorted(starts), strict=True):
        assert line.startswith(start)


def test_components_that_do_not_fit_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compose", "--aug", "mirorr", "--clf", "lineer"]) == 2
    unknown = capsys.readouterr().err
    assert "Did you mean mirror?" in unknown and "Did you mean linear?" in unknown
    words = ["compose", "--aug", "mirror@too=3,tu=4", "--clf", "conv", "--dry-run"]
    settings = ["--set", "conv.x=1", "--set", "conv.dropout=7", "--set", "blur.sigma=1"]
    assert main([*words, *settings]) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line.removeprefix("neuplug: error: ").partition(" ")[0] for line in told] == [
        "mirror@too:", "mirror@tu:", "conv.dropout", "conv", "options",
    ]  # fmt: skip


def test_an_option_is_refused_before_an_image_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("dent", "rust"):
        (tmp_path / name).mkdir()
        for i in range(3):
            (tmp_path / name / f"{i}.png").write_bytes(b"\x89PNG\r\n\x1a\n no image")
    words = ["compose", "--data", str(tmp_path), "--strict", "--clf", "conv"]
    words += ["--project", str(tmp_path / "runs")]
    assert main(words) == 2
    assert "0.png" in capsys.readouterr().err
    assert main([*words, "--set", "conv.dropuot=0.1"]) == 2
    assert "conv has no option 'dropuot'. Did you mean dropout?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        {"repeats": [3]},
        {"repeat": 3, "seeed": 4},
        {"aug": 5},
        {"aug": "x@3"},
        {"clf": {"a": 1}},
        {"clf": []},
        {"options": [1]},
        {"options": {"a": 1}},
        {"training": 5},
        {"training": {"lr": "fast", "stps": 3}},
        {"imgsz": 4, "name": "a/b"},
        {"add": 1, "to": 2},
    ],
    ids=str,
)
def test_the_library_says_what_the_command_says(
    wrong: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(yaml.safe_dump({"clf": ["linear"], **wrong}))
    assert main(["compose", str(file)]) == 2
    with pytest.raises(neuplug.InputError) as error:
        neuplug.compose(**{"clf": ["linear"], **wrong})
    assert capsys.readouterr().err == f"neuplug: error: {error.value}\n"


@pytest.mark.parametrize(("number", "code"), [(1, 0), (2, 2), ("new", 2)])
def test_a_file_of_another_format_is_refused(
    number: object, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(f"format: {number}\nclf: [linear]\n")
    assert main(["compose", str(file), "--dry-run"]) == code
    said = f"is of format {number!r}, and this neuplug reads format 1"
    assert (said in " ".join(capsys.readouterr().err.split())) is (code == 2)


def test_all_that_is_wrong_is_said_also_without_a_classifier(
    lab: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    wrong = ["--aug", "miror", "--eval", "nothing", "--set", "jiter.p=1"]
    assert main(["compose", *wrong, "--quiet"]) == 2
    error = capsys.readouterr().err
    assert all(said in error for said in ("no classifier", "mirror", "'nothing'", "'jiter'"))
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--clf", "linear", "--data", "nowhere"], 2, "nowhere"),
        (["--clf", "linear", "--aug", "crash", "--set", "linear.x=1"], 2, "no option 'x'"),
        (["--aug", "mirror"], 2, "no classifier"),
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
