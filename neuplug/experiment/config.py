"""What a user asks of ``compose``: defaults < recipe < YAML < environment < flags."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from neuplug.errors import InputError, did_you_mean
from neuplug.experiment.grammar import Amount, make_amount
from neuplug.options import validation_sentence
from neuplug.training_options import TrainingOptions

ENVIRONMENT = "NEUPLUG_COMPOSE_"
TRAINING = "training"
RIVALS = (("add", "to", "share"), ("steps", "epochs"))
"""Settings of which one at a time can hold, so that a flag replaces what a file says."""

DEMO: Mapping[str, Any] = {"imgsz": (48, 48), "per_class": 30}
DOSE_VAL = 0.2
DEMO_STEPS = 300
"""What shows the demo data in minutes; the user's own values go before."""


def _as_list(value: Any) -> Any:
    if isinstance(value, str):
        return [item.strip() for item in value.split(",") if item.strip()]
    return [value] if isinstance(value, int | float) else value


Names = Annotated[list[str], BeforeValidator(_as_list)]
Numbers = Annotated[list[float], BeforeValidator(_as_list)]
Counts = Annotated[list[Annotated[int, Field(ge=1)]], BeforeValidator(_as_list)]


def _as_arms(value: Any) -> Any:
    """Arms as a list; a mapping in YAML gives each a label."""
    if isinstance(value, Mapping):
        return [f"{label}: {arm}" for label, arm in value.items()]
    return [value] if isinstance(value, str) else value


Arms = Annotated[list[str], BeforeValidator(_as_arms)]


class ComposeConfig(BaseModel):
    """Everything that decides a run."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    recipe: str | None = Field(None, description="a published system; see neuplug recipes")
    budget: Literal["paper", "laptop", "smoke"] | None = Field(
        None, description="of a recipe: as published, within an hour, or within minutes"
    )
    data: str = Field("demo", description="a folder, a CSV manifest, or demo")
    classes: Names | None = Field(None, min_length=2, description="only these classes")
    per_class: Counts | None = Field(
        None,
        min_length=1,
        description="real training images per class, or a list of which every arm is run with "
        "each; all images outside the largest become test images",
    )
    limit: dict[str, Annotated[int, Field(ge=1)]] = Field(
        {}, description="class: at most so many training images; the others are left out"
    )
    test: float = Field(0.3, gt=0, lt=1, description="part for the test, without per_class")
    val: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="part of the training images for validation; a fifth if unsaid where several "
        "amounts are compared, so that the best is chosen without the test",
    )
    resplit: bool = Field(False, description="draw the split even where the data bring one along")
    allow_leak: bool = Field(
        False,
        description="go on although the split that the data bring along has copies of an image, "
        "or images of one group, on two sides",
    )
    score_all: bool = Field(
        False,
        description="score on every real image besides, those of the training included, as some "
        "papers do; no verdict goes by it",
    )
    aug: Arms = Field([], description="arms, or label: arm; none is always there")
    add: Numbers | None = Field(None, description="generated images per class, or a list")
    to: Numbers | None = Field(None, description="images per class afterwards, or a list")
    share: Numbers | None = Field(None, description="generated part of the result, or a list")
    replace: bool = Field(False, description="generated images take the real ones' place")
    clf: Names = Field([], description="classifiers")
    eval: Names = Field([], description="evaluators")
    imgsz: tuple[int, int] = Field((64, 64), description="height and width in pixels")
    resize: Literal["resize", "crop"] = "resize"
    strict: bool = Field(False, description="an unreadable image stops the run")
    repeats: int = Field(3, ge=1, description="draws of split and seeds")
    seed: int = Field(0, ge=0)
    device: str = "auto"
    workers: int | None = Field(None, ge=0, description="processes; 0 works in this one")
    project: Path = Path("runs/compose")
    name: str | None = Field(None, pattern=r"^[^/\\.][^/\\]*$", description="the run's folder")
    save_generated: bool = Field(False, description="write the generated images as PNG")
    training: TrainingOptions = TrainingOptions()
    options: dict[str, dict[str, Any]] = Field({}, description="component options by name")

    @field_validator("imgsz", mode="before")
    @classmethod
    def _height_and_width(cls, value: Any) -> Any:
        items = _as_list(value)
        if isinstance(items, list | tuple) and len(items) == 1:
            items = [items[0], items[0]]
        return items

    @field_validator("imgsz")
    @classmethod
    def _sane_size(cls, value: tuple[int, int]) -> tuple[int, int]:
        if not 8 <= min(value) <= max(value) <= 4096:
            raise ValueError("a side is 8 to 4096 pixels")
        return value

    @model_validator(mode="after")
    def _one_kind_of_amount(self) -> ComposeConfig:
        given = [k for k in ("add", "to", "share") if getattr(self, k) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of add, to and share, not {' and '.join(given)}")
        if not self.clf:
            raise ValueError("no classifier: name one, for example --clf mobilenetv2")
        if self.budget and not self.recipe:
            raise ValueError("a budget belongs to a recipe: give --recipe too")
        return self

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
                return [make_amount(key, value, self.replace, key) for value in values]
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
        InputError: One sentence for the first thing that is wrong.
    """
    values: dict[str, Any] = {}
    if yaml_file is not None:
        values = read_yaml(yaml_file)
    values = over(values, _from_environment(os.environ if environment is None else environment))
    values = over(values, {k: v for k, v in (flags or {}).items() if v is not None})
    for item in settings:
        values = over(values, setting(item))
    if values.get("recipe") is not None:
        values = over(recipe_settings(values), values)
    for name in values:
        if name not in ComposeConfig.model_fields:
            hint = did_you_mean(name, ComposeConfig.model_fields)
            raise InputError(f"compose has no setting {name!r}.{hint}")
    if values.get("data", "demo") == "demo":
        values = {**DEMO, **values}
        training = _mapping(values, TRAINING)
        if not {"steps", "epochs"} & training.keys():
            values[TRAINING] = {**training, "steps": DEMO_STEPS}
    values[TRAINING] = TrainingOptions.parse(_mapping(values, TRAINING), TRAINING)
    if "val" not in values and any(_several(values.get(key)) for key in ("add", "to", "share")):
        values["val"] = DOSE_VAL
    try:
        return ComposeConfig.model_validate(values)
    except ValidationError as error:
        raise InputError(f"compose{validation_sentence(error)}") from None


def _several(amounts: Any) -> bool:
    found = _as_list(amounts)
    return isinstance(found, list | tuple) and len(set(map(str, found))) > 1


def read_yaml(path: Path) -> dict[str, Any]:
    """Read an experiment file.

    Raises:
        InputError: If it is missing, no YAML, or no mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"there is no experiment file {path}.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} cannot be read as YAML: {reason}") from None
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise InputError(f"{path} is no experiment file: it holds no 'setting: value' lines.")
    return content


def recipe_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a recipe says at the budget asked for, or at the laptop's.

    Raises:
        InputError: If there is no such recipe or budget.
    """
    from neuplug.recipes import load_recipe

    recipe = load_recipe(str(values["recipe"]))
    budget = values.get("budget") or "laptop"
    settings = recipe.settings_for(str(budget))
    if values.get("data", "demo") == "demo":
        raise InputError(
            f"recipe {recipe.name} needs its images: {recipe.data} Give their place with --data."
        )
    return over(recipe.settings, settings) | {"budget": budget}


def to_yaml(config: ComposeConfig) -> str:
    """The configuration as an experiment file that gives the same run."""
    return yaml.safe_dump(config.model_dump(mode="json", exclude_none=True), sort_keys=False)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found = {}
    for variable, text in environment.items():
        if variable.startswith(ENVIRONMENT):
            found[variable.removeprefix(ENVIRONMENT).lower()] = _scalar(text, variable)
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
    if not (equals and dot and component and option):
        raise InputError(f"--set {item!r}: write component.option=value, as in dcgan.steps=2000.")
    values = {option: _scalar(text, f"--set {target}")}
    return {TRAINING: values} if component == TRAINING else {"options": {component: values}}


def _scalar(text: str, where: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise InputError(f"{where}: {text!r} is no value; quote it if it is a text.") from None


def over(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """One layer of settings over another: what it sets counts, what excludes it is dropped."""
    merged = dict(lower)
    for rivals in RIVALS:
        if any(name in upper for name in rivals):
            merged = {name: value for name, value in merged.items() if name not in rivals}
    for name, value in upper.items():
        if name in (TRAINING, "options"):
            value = over(_mapping(merged, name), _mapping({name: value}, name))
        elif isinstance(value, Mapping) and isinstance(merged.get(name), Mapping):
            value = over(merged[name], value)
        merged[name] = value
    return merged


def _mapping(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = values.get(name) or {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InputError(f"compose.{name} holds 'option: value' lines, not {value!r}.")
    return dict(value)
