"""What users type, and what it means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from neuplug import InputError, Options
from neuplug.experiment.config import ComposeConfig, resolve, to_yaml
from neuplug.experiment.grammar import Amount, ArmSpec, StageSpec, parse_arm


def test_arms() -> None:
    assert parse_arm("none") == ArmSpec("", ())
    assert parse_arm("flip").stages == (StageSpec("flip"),)
    assert parse_arm("classical + dcgan").stages == (StageSpec("classical"), StageSpec("dcgan"))
    assert parse_arm("my-dist:dcgan@add=100+classical@to=700,replace").stages == (
        StageSpec("my-dist:dcgan", Amount(add=100)),
        StageSpec("classical", Amount(to=700, replace=True)),
    )


def test_arms_with_all_that_a_stage_can_be_told() -> None:
    settings = "to=700,keep=real,only=pitting/rust,runs=3,checkpoint=600/best,lr=1e-4"
    arm = parse_arm(f"GAN, 3 runs: dcgan@{settings}")
    assert arm.label == "GAN, 3 runs"
    assert arm.stages == (
        StageSpec(
            "dcgan",
            Amount(to=700, keep_real=True),
            ("pitting", "rust"),
            (),
            3,
            (),
            {"checkpoint": "600/best", "lr": "1e-4"},
        ),
    )
    # what is written names it again
    assert parse_arm(str(arm.stages[0])).stages == arm.stages
    only_options = parse_arm("dcgan@checkpoint=1800").stages[0]
    assert only_options.amount is None and only_options.options == {"checkpoint": 1800}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "not a component name"),
        ("flip++dcgan", "not a component name"),
        ("none+flip", "none stands alone"),
        ("dcgan@300", "is not a setting"),
        ("dcgan@runs=0", "at least 1"),
        ("dcgan@only=", "needs classes"),
        ("dcgan@share=0.8,replace", "leave share out"),
        ("dcgan@keep=all", "there is keep=real"),
        ("dcgan@replace,keep=real", "not both"),
        (": dcgan", "nothing before the colon"),
        ("none: dcgan", "the real images alone"),
        ("dcgan@add=3,to=5", "one of add, to and share"),
        ("dcgan@add=many", "needs a number"),
        ("dcgan@add=-1", "number of images"),
        ("dcgan@add=1.5", "number of images"),
        ("dcgan@share=1.2", "0 to 1"),
        ("dcgan@replace=yes", "takes no value"),
        ("dcgan@add=nan", "number of images"),
        ("dcgan@to=inf", "number of images"),
        ("dcgan@add=1,add=2", "given twice"),
    ],
)
def test_arms_that_make_no_sense(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        parse_arm(text)


@pytest.mark.parametrize(
    ("amount", "present", "images", "keeps"),
    [
        (Amount(add=300), 40, 300, True),
        (Amount(to=700), 100, 600, True),
        (Amount(to=700), 900, 0, True),
        (Amount(to=700, replace=True), 100, 700, False),
        (Amount(share=0.5), 40, 40, True),
        (Amount(share=0.8), 40, 160, True),
        (Amount(share=0), 40, 0, True),
        (Amount(share=1), 40, 40, False),
        (Amount(), 40, 40, True),
        (Amount(replace=True), 40, 40, False),
    ],
)
def test_amounts(amount: Amount, present: int, images: int, keeps: bool) -> None:
    assert amount.images(present) == images
    assert amount.keeps is keeps


def test_yaml_gives_way_to_environment_and_that_to_flags(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("clf: [smallcnn]\nseed: 1\nrepeats: 7\nbatch: 3\n".replace("batch: 3\n", ""))
    environment = {"NEUPLUG_COMPOSE_SEED": "2", "NEUPLUG_COMPOSE_PER_CLASS": "11"}
    config = resolve(file, {"per_class": 12, "name": None}, environment=environment)
    assert (config.repeats, config.seed, config.per_class) == (7, 2, [12])


def test_what_a_flag_excludes_is_dropped_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("clf: a\nadd: 100\ntraining: {steps: 5, lr: 0.1}\noptions: {g: {x: 1}}\n")
    config = resolve(
        file, {"to": 700}, ("training.epochs=3", "g.y=2"),
        environment={"NEUPLUG_COMPOSE_TRAINING": "{batch: 4}"},
    )  # fmt: skip
    assert (config.add, config.to) == (None, [700.0])
    training = config.training
    assert (training.steps, training.epochs, training.lr, training.batch) == (None, 3, 0.1, 4)
    assert config.options == {"g": {"x": 1, "y": 2}}


def test_settings_reach_components_and_training() -> None:
    config = resolve(
        flags={"clf": ["a"]},
        settings=("dcgan.steps=2000", "dcgan.diffaugment=color,translation", "training.lr=0.01"),
        environment={},
    )
    assert config.options == {"dcgan": {"steps": 2000, "diffaugment": "color,translation"}}
    assert config.training.lr == 0.01


def test_the_written_settings_give_the_same_run(tmp_path: Path) -> None:
    config = resolve(
        flags={"clf": ["a", "b"], "aug": ["x+y", "z@add=5"], "add": "100,300", "imgsz": "64,96"},
        settings=("dcgan.steps=9", "training.schedule=cosine"),
        environment={},
    )
    file = tmp_path / "config.yaml"
    file.write_text(to_yaml(config))
    assert resolve(file, environment={}) == config
    assert config.imgsz == (64, 96)
    assert [str(a) for a in config.amounts()] == ["add=100", "add=300"]


def test_demo_has_its_own_defaults_that_give_way() -> None:
    demo = resolve(flags={"clf": ["a"]}, environment={})
    assert demo.data == "demo" and demo.per_class is not None
    own = resolve(flags={"clf": ["a"], "per_class": 7}, environment={})
    assert own.per_class == [7]
    folder = resolve(flags={"clf": ["a"], "data": "photos"}, environment={})
    assert folder.per_class is None and folder.imgsz == (64, 64)


@pytest.mark.parametrize(
    ("flags", "settings", "sentence"),
    [
        ({}, (), "no classifier"),
        ({"clf": ["a"], "add": 5, "share": 0.5}, (), "one of add, to and share"),
        ({"clf": ["a"], "repeats": 0}, (), "compose.repeats = 0"),
        ({"clf": ["a"], "imgsz": "big"}, (), "compose.imgsz"),
        ({"clf": ["a"], "imgsz": "4"}, (), "8 to 4096"),
        ({"clf": ["a"], "test": 1.5}, (), "compose.test = 1.5"),
        ({"clf": ["a"], "classes": "one"}, (), "compose.classes"),
        ({"clf": ["a"], "repeat": 3}, (), "Did you mean repeats"),
        ({"clf": ["a"], "name": "../x"}, (), "compose.name"),
        ({"clf": ["a"], "name": ".."}, (), "compose.name"),
        ({"clf": ["a"]}, ("dcgan.x=[",), "is not a value"),
        ({"clf": ["a"]}, ("dcgan.steps",), "component.option=value"),
        ({"clf": ["a"]}, ("steps=5",), "component.option=value"),
        ({"clf": ["a"]}, ("training.lrr=5",), "Did you mean lr"),
        ({"clf": ["a"]}, ("training.lr=-1",), "training.lr = -1"),
    ],
)
def test_settings_that_make_no_sense(
    flags: dict[str, Any], settings: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        resolve(flags=flags, settings=settings, environment={})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[1, 2]", "not an experiment file"),
        ("1: 5", "not an experiment file"),
        ("clf: a\ntraining: {1: 5}", "compose.training = 1: keys should be strings"),
        ("a: [", "cannot be read as YAML"),
        (None, "there is no"),
    ],
)
def test_experiment_files_that_make_no_sense(
    tmp_path: Path, content: str | None, sentence: str
) -> None:
    file = tmp_path / "x.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(InputError, match=sentence):
        resolve(file, environment={})


def test_every_setting_says_what_it_is() -> None:
    unsaid = [name for name, field in ComposeConfig.model_fields.items() if not field.description]
    assert unsaid == []


def test_an_option_that_must_be_given_is_named() -> None:
    class Needy(Options):
        strength: float

    with pytest.raises(InputError, match=r"^needy\.strength must be given: it has no default\.$"):
        Needy.parse({}, "needy")
    assert Needy.parse({"strength": "2"}, "needy").strength == 2
