"""The settings of a run, wherever they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from neuplug import InputError
from neuplug.experiment.config import ComposeConfig, resolve, to_yaml


def test_yaml_gives_way_to_environment_and_that_to_flags(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("clf: [linear]\nseed: 1\nrepeats: 7\nbatch: 3\n".replace("batch: 3\n", ""))
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
        settings=("gan.steps=2000", "gan.diffaugment=color,translation", "training.lr=0.01"),
        environment={},
    )
    assert config.options == {"gan": {"steps": 2000, "diffaugment": "color,translation"}}
    assert config.training.lr == 0.01


def test_the_written_settings_give_the_same_run(tmp_path: Path) -> None:
    config = resolve(
        flags={"clf": ["a", "b"], "aug": ["x+y", "z@add=5"], "add": "100,300", "imgsz": "64,96"},
        settings=("gan.steps=9", "training.schedule=cosine"),
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
        ({"clf": ["a"], "add": 5, "share": 0.5}, (), "one of add, to and share"),
        ({"clf": ["a"], "repeats": 0}, (), "compose.repeats = 0"),
        ({"clf": ["a"], "imgsz": "big"}, (), "compose.imgsz"),
        ({"clf": ["a"], "imgsz": "4"}, (), "8 to 4096"),
        ({"clf": ["a"], "test": 1.5}, (), "compose.test = 1.5"),
        ({"clf": ["a"], "classes": "one"}, (), "compose.classes"),
        ({"clf": ["a"], "repeat": 3}, (), "Did you mean repeats"),
        ({"clf": ["a"], "name": "../x"}, (), "compose.name"),
        ({"clf": ["a"], "name": ".."}, (), "compose.name"),
        ({"clf": ["a"]}, ("gan.x=[",), "is not a value"),
        ({"clf": ["a"]}, ("gan.steps",), "component.option=value"),
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
