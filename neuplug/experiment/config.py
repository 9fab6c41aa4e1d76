"""What a user asks of ``compose``: defaults < recipe < YAML < environment < flags."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from neuplug.data.pixeloptions import Channels, Resize
from neuplug.errors import InputError, Problems
from neuplug.experiment import fields
from neuplug.experiment.decisive import AUTO, NAMES, UNEQUAL, is_auto, read_metric
from neuplug.experiment.grammar import Amount, load_yaml, make_amount, parse_arm, scalar
from neuplug.experiment.results import MARGIN
from neuplug.plugins.component import sentences
from neuplug.storage.files import SPECIAL, is_special
from neuplug.training.options import PANEL, TrainingOptions

ENVIRONMENT = "NEUPLUG_COMPOSE_"
# Of experiment files; raised when a setting changes its meaning
FORMAT = 1
TRAINING = "training"
# The kinds that an arm is made of
EITHER = ("augmenter", "mixer", "generator")
# Settings of which one at a time can hold, so that a flag replaces what a file says
RIVALS = (("add", "to", "share"), ("steps", "epochs"))

DEMO: Mapping[str, Any] = {"imgsz": (48, 48), "per_class": 40}
DOSE_VAL = 0.2
# What shows the demo data in minutes; the user's own values go before. A MobileNetV2 is right on 80
# to 85 % of the test images then (four draws, none of them seed 0), in 25 seconds of one core.
DEMO_STEPS, DEMO_LR = 150, 3e-3

_data, _arms, _run = (
    partial(Field, json_schema_extra={"panel": panel}) for panel in ("Data", "Arms", "Run")
)


class ComposeConfig(BaseModel):
    """Everything that decides a run.

    The command's flags, the settings of YAML files and environment variables are all made from
    these fields: ``description`` is the help, ``panel`` the part of the help in which it stands,
    and ``flag`` the name of the flag where it is not the field's.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_default=True,
        coerce_numbers_to_str=True,
        allow_inf_nan=False,
    )

    recipe: fields.Name | None = _data(
        None, description="a published system; 'neuplug recipes' lists them"
    )
    budget: Literal["paper", "laptop", "smoke"] | None = _data(
        None, description="size of a recipe's run: as published, within an hour, or within minutes"
    )
    data: fields.Place = _data("demo", description="a folder of images, a CSV manifest, or demo")
    classes: fields.Names | None = _data(
        None, min_length=2, description="classes to use, comma-separated; by default all"
    )
    per_class: fields.Counts | None = _data(
        None,
        min_length=1,
        description="number of real training images per class; with a comma-separated list, every "
        "arm is run with each number; images outside the largest training set become test images",
    )
    limit: fields.Limits = _data(
        {},
        description="maximum number of training images of a class, as class=N; the rest of the "
        "class is left out",
    )
    test: float = _data(
        0.3,
        gt=0,
        lt=1,
        description="fraction of the images used for testing, unless per_class is given",
    )
    val: float = _data(
        0.0,
        ge=0,
        lt=1,
        description="fraction of the training images used for validation; where several amounts "
        "are compared, 0.2 if not given, so that the best is chosen without the test images",
    )
    group_by: str | None = _data(
        None,
        description="regular expression, such as '(patient[0-9]+)': images in whose paths it finds "
        "the same text are never divided by a split",
    )
    min_per_class: fields.Count = _data(
        1, description="number of images that a class needs; classes with fewer are left out"
    )
    follow: bool = _data(
        False, description="use images outside the folder of the data, where links or paths lead"
    )
    resplit: bool = _data(False, description="draw a new split even if the data set comes with one")
    allow_leak: bool = _data(
        False,
        description="continue even if the split that comes with the data set leaks: copies of an "
        "image, or images of one group, are in two parts",
    )
    score_all: bool = _data(
        False,
        description="also score on all real images, including the training images, as some "
        "papers do; verdicts do not use this score",
    )
    imgsz: fields.Size = _data(
        (64, 64),
        description="image height and width in pixels, comma-separated; one number for both",
    )
    near: Literal["on", "off", "overlap"] = _data(
        "on",
        description="near duplicates to keep on one side of a split: on; off: none; overlap: "
        "also photographs that share a part of the scene with one of the next three",
    )
    resize: Resize = _data(
        "resize", description="stretch images to that size, or keep their aspect ratio and crop"
    )
    range: fields.Levels = _data(
        "auto",
        description="values that become black and white in images of more than 8 bits, as "
        "LOW,HIGH; full: the whole range of their type; by default found from the whole set",
    )
    channels: Channels = _data(
        "auto",
        description="rgb: three; grey: one; by default one if all images are grey, else three",
    )
    strict: bool = _data(False, description="stop at an image that cannot be read")
    aug: fields.Arms = _arms(
        [],
        description="an arm, such as flip, dcgan, classical+dcgan, dcgan@add=100+classical, or "
        "label: arm; the arm none, real images only, is always included",
    )
    add: fields.Numbers | None = _arms(
        None, description="number of generated images to add per class, or a comma-separated list"
    )
    to: fields.Numbers | None = _arms(
        None, description="number of images per class after augmentation, or a comma-separated list"
    )
    share: fields.Numbers | None = _arms(
        None,
        description="fraction of the augmented set that is generated, 0 to 1, or a "
        "comma-separated list",
    )
    replace: bool = _arms(False, description="replace the real images by the generated ones")
    clf: fields.Components = _arms([], description="classifiers, comma-separated")
    eval: fields.Components = _arms([], description="evaluators, comma-separated")
    training: TrainingOptions = Field(
        TrainingOptions(), description="training options, the same for every arm"
    )
    options: dict[str, dict[str, Any]] = Field(
        {},
        description="options of components, by component name; on the command line, "
        "component.option=value or training.option=value",
        json_schema_extra={"panel": PANEL, "flag": "--set"},
    )
    repeats: fields.Repeats = _run(
        5, description="repeats, each with a new split and new seeds; auto: 5 to 12, as needed"
    )
    metric: str = _run(
        AUTO,
        description=f"metric that verdicts go by: {', '.join(NAMES)}; auto: accuracy, but macro_f1 "
        f"where the largest class has more than {UNEQUAL} times the test images of the smallest",
    )
    margin: float = _run(
        MARGIN,
        gt=0,
        lt=1,
        description="largest difference that counts as none, in the metric's unit: 0.02 is two "
        "points",
    )
    worth: bool = _run(False, description="find what arms are worth in further photographs")
    seed: int = _run(0, ge=0, description="random seed")
    device: str = _run("auto", description="device to compute on: auto, cpu, cuda, or cuda:1")
    workers: int | None = _run(
        None,
        ge=0,
        le=1024,
        description="number of worker processes; 0 runs all tasks in the main process; by default "
        "one per core, on a GPU as many as its memory has room for",
    )
    executor: fields.Name | None = _run(
        None, description="plugin executor that runs the tasks; by default they run on this host"
    )
    project: fields.Folder = _run(Path("runs/compose"), description="folder of the run folders")
    name: fields.FolderName | None = _run(None, description="name of the run folder")
    save_generated: bool = _run(False, description="save the generated images as PNG files")
    report: bool = _run(True, description="run the reporters; the results are saved in any case")
    reporter: fields.Components = _run([], description="reporters to run; by default all")

    @model_validator(mode="after")
    def _fits_together(self) -> ComposeConfig:
        problems = Problems()
        given = [k for k in RIVALS[0] if getattr(self, k) is not None]
        if len(given) > 1:
            problems.append(f"give one of add, to and share, not {' and '.join(given)}")
        if self.budget and not self.recipe:
            problems.append("a budget belongs to a recipe: give --recipe too")
        if self.reporter and not self.report:
            problems.append("reporters are named, but no_report runs none of them: leave one out")
        share = type(self).model_fields["test"].default
        if self.per_class and self.test != share and not self.recipe:
            problems.append(
                "test has no use with per_class, which decides the split: leave one out"
            )
        with problems.noted():
            self.amounts()
        with problems.noted():
            if not is_auto(self.metric):
                read_metric(self.metric)
        problems.refuse()
        return self

    def components(self) -> list[tuple[str, tuple[str, ...], Mapping[str, Any]]]:
        """The components asked for: name, the kinds that it may be of, its arm's options."""
        stages = (stage for arm in self.aug for stage in parse_arm(arm).stages)
        return [
            *((stage.name, EITHER, stage.options) for stage in stages),
            *((name, ("classifier",), {}) for name in self.clf),
            *((name, ("evaluator",), {}) for name in self.eval),
        ]

    def subsets(self) -> Sequence[int | None]:
        """The numbers of real images per class that are compared; ``None`` if it is but one."""
        if self.per_class is None or len(set(self.per_class)) == 1:
            return [None]
        return sorted(set(self.per_class))

    def amounts(self) -> list[Amount]:
        """The amounts that stages without their own are given; usually one."""
        for key in ("add", "to", "share"):
            values = getattr(self, key)
            if values is not None:
                return [make_amount(key, value, self.replace) for value in values]
        return [Amount(replace=self.replace)]


def resolve(
    yaml_file: Path | None = None,
    flags: Mapping[str, Any] | None = None,
    settings: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
) -> ComposeConfig:
    """Put together what the user asks for.

    Args:
        yaml_file: An experiment file. What it, the environment or a flag says goes before
            what a recipe says.
        flags: Field names to values; ``None`` means not given.
        settings: ``component.option=value`` strings; ``training.lr=0.01`` for the training.
        environment: By default the process's; ``NEUPLUG_COMPOSE_SEED=1`` and the like count.

    Raises:
        InputError: A sentence, on a line of its own, for each setting that is wrong.
    """
    values: dict[str, Any] = {}
    if yaml_file is not None:
        values = read_yaml(yaml_file)
    values = over(values, _from_environment(os.environ if environment is None else environment))
    asked = {k: v for k, v in (flags or {}).items() if v is not None}
    typed: dict[str, Any] = {}
    for item in settings:  # of one option the last counts, as with flags
        typed = over(typed, setting(item))
    values = over(values, _beside(asked, typed))
    if values.get("recipe") is not None:
        values = over(recipe_settings(values), values)
    if values.get("data", "demo") == "demo":
        size = {k: v for k, v in DEMO.items() if k != "per_class" or "test" not in values}
        values = {**size, **values}
        training = values.get(TRAINING, {})
        if isinstance(training, Mapping):
            length = {} if "epochs" in training else {"steps": DEMO_STEPS}
            values[TRAINING] = {"lr": DEMO_LR, **length, **training}
    if "val" not in values and any(_several(values.get(key)) for key in ("add", "to", "share")):
        values["val"] = DOSE_VAL
    try:
        return ComposeConfig.model_validate(values)
    except ValidationError as error:
        raise InputError(*sentences(error, ComposeConfig, "compose")) from None


def _several(amounts: Any) -> bool:
    found = fields.as_list(amounts)
    return isinstance(found, list | tuple) and len(set(map(str, found))) > 1


def read_yaml(path: Path) -> dict[str, Any]:
    """Read an experiment file.

    Raises:
        InputError: If it is missing, no YAML, no mapping, or of another format.
    """
    if is_special(path):
        raise InputError(f"{path} is {SPECIAL}: give an experiment file (YAML).")
    try:
        content = load_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"there is no experiment file {path}.") from None
    except (OSError, ValueError) as error:
        if path.suffix.lower() not in (".yaml", ".yml"):
            raise InputError(
                f"{path} is no experiment file (YAML): give one, a folder of images, or a CSV "
                "manifest."
            ) from None
        raise InputError(f"{path} cannot be read as YAML: {error}") from None
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise InputError(f"{path} is not an experiment file: it has no 'setting: value' lines.")
    if (found := content.pop("format", FORMAT)) != FORMAT:
        raise InputError(
            f"{path} is of format {found!r}, and this neuplug reads format {FORMAT}: use the "
            "version that wrote it, or a newer one."
        )
    return content


def recipe_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a recipe says at the budget asked for, or at the laptop's.

    Raises:
        InputError: If there is no such recipe or budget.
    """
    from neuplug.experiment.recipes import Recipe

    recipe = Recipe.load(str(values["recipe"]).lower())
    budget = values.get("budget") or "laptop"
    settings = recipe.settings_for(str(budget))
    if values.get("data", "demo") == "demo":
        raise InputError(
            f"recipe {recipe.name} needs its images: {recipe.data} Give their location with --data."
        )
    return over(recipe.settings, settings) | {"budget": budget}


def to_yaml(config: ComposeConfig) -> str:
    """The configuration as an experiment file that gives the same run."""
    settings = config.model_dump(mode="json", exclude_none=True)
    return yaml.safe_dump({"format": FORMAT, **settings}, sort_keys=False)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings in environment variables; as with flags, text is text unless YAML nests it."""
    found = {}
    for variable, text in environment.items():
        if variable.startswith(ENVIRONMENT) and text:
            value = scalar(text, variable) if text[:1] in "{[" else text
            found[variable.removeprefix(ENVIRONMENT).lower()] = value
    return found


def setting(item: str) -> dict[str, Any]:
    """What ``component.option=value``, as typed after ``--set``, sets.

    Returns:
        ``{"options": {component: {option: value}}}``, or ``{"training": {option: value}}``.

    Raises:
        InputError: If it is written in another way.
    """
    target, equals, text = item.partition("=")
    component, dot, option = target.rpartition(".")
    if not (equals and dot and component and option and text.strip()):
        raise InputError(
            f"--set {item!r}: write component.option=value, as in training.steps=2000; '' is empty."
        )
    values, component = {option: scalar(text, f"--set {target}")}, component.lower()
    return {TRAINING: values} if component == TRAINING else {"options": {component: values}}


def _beside(one: Mapping[str, Any], other: Mapping[str, Any], where: str = "") -> dict[str, Any]:
    """Two parts of a layer of settings, which may not say different things."""
    merged = dict(one)
    for name, value in other.items():
        if isinstance(value, Mapping) and isinstance(merged.get(name), Mapping):
            merged[name] = _beside(merged[name], value, f"{where}{name}.")
        elif str(merged.setdefault(name, value)) != str(value):
            raise InputError(f"{where}{name} is given twice: {merged[name]} and {value}.")
    return merged


def over(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """One layer of settings over another: what it sets counts, what excludes it is dropped."""
    merged = dict(lower)
    for rivals in RIVALS:
        if any(name in upper for name in rivals):
            merged = {name: value for name, value in merged.items() if name not in rivals}
    for name, value in upper.items():
        if isinstance(value, Mapping) and isinstance(merged.get(name), Mapping):
            value = over(merged[name], value)
        merged[name] = value
    return merged
