"""What a recipe file holds."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from neuplug.errors import InputError, PluginError, did_you_mean
from neuplug.plugins.distributions import told
from neuplug.plugins.registry import discover

BUDGETS = ("paper", "laptop", "smoke")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Row(_Strict):
    """One published line: an arm, and its numbers in the order of the table's metrics."""

    arm: str
    per_class: int | None = None
    classifier: str | None = None
    values: list[float | None]


class MetricName(_Strict):
    """A metric as :class:`neuplug.Metric` has it: ``{name: f1, class: rust}``, or a name alone."""

    name: str
    class_name: str | None = Field(None, alias="class")

    @model_validator(mode="before")
    @classmethod
    def _of_all(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class Published(_Strict):
    """One published table.

    Attributes:
        title: As the paper calls it.
        metrics: Such as ``accuracy``, ``f1`` or, of a class, ``f1`` and ``ap``, the mean of its
            precision and recall; parts of 1, ``loss`` in nats. Or those of the evaluator.
        protocol: What the paper scored on: ``all`` real images, those of the training included,
            ``test`` images alone, or the real images of the ``train`` part.
        evaluator: Whose metrics they are, instead of a classifier's.
        rows: Its lines.
        note: What a reader must know to compare.
    """

    title: str
    metrics: list[MetricName]
    protocol: Literal["all", "test", "train"] = "test"
    evaluator: str | None = None
    rows: list[Row]
    note: str = ""

    @model_validator(mode="after")
    def _rows_fit(self) -> Published:
        for row in self.rows:
            if len(row.values) != len(self.metrics):
                raise ValueError(f"{self.title}, {row.arm}: one value for each metric")
        return self


class Protocols(_Strict):
    """How the paper measured, and how the images that nobody has seen are kept apart here."""

    paper: str
    sound: str


class Budget(_Strict):
    """Settings over the recipe's own, and what they cost, in words."""

    cost: str
    settings: dict[str, Any] = Field({})


class Recipe(_Strict):
    """A published system.

    Attributes:
        name: The file's.
        title: What the paper is about, in a line.
        source: Authors, title, year.
        data: The images it needs, in a sentence.
        protocols: The paper's and the sound one.
        decisions: Where the paper is silent or contradicts itself, what is done here.
        aliases: Class names here to those of other distributions of the same images.
        settings: As in an experiment file.
        budgets: ``paper``, ``laptop`` and ``smoke``.
        published: The paper's tables.
    """

    name: str
    title: str
    source: str
    data: str
    protocols: Protocols
    decisions: list[str]
    aliases: dict[str, list[str]] = Field({})
    settings: dict[str, Any]
    budgets: dict[str, Budget]
    published: list[Published] = Field([])

    def settings_for(self, budget: str) -> dict[str, Any]:
        """What a budget sets over :attr:`settings`.

        Raises:
            InputError: If there is no such budget.
        """
        if budget not in self.budgets:
            hint = did_you_mean(budget, self.budgets)
            raise InputError(
                f"recipe {self.name} has no budget {budget!r}.{hint} "
                f"It has: {', '.join(self.budgets)}."
            )
        return dict(self.budgets[budget].settings)

    def classifier(self, budget: str) -> str:
        """The first classifier, whose the published rows are that name none."""
        return str({**self.settings, **self.settings_for(budget)}["clf"][0])


def recipe_names() -> list[str]:
    """The names of all recipes that plugins bring, in order."""
    return sorted({spec.name for spec in discover().of_kind("recipe")})


def load_recipe(name: str) -> Recipe:
    """Read a recipe.

    Raises:
        InputError: If there is none of this name, or several.
        PluginError: If its file is not there or damaged.
    """
    spec = discover().resolve(name, ("recipe",))
    package, _, file = spec.component.target.partition(":")
    try:
        content: Mapping[str, Any] = yaml.safe_load(
            files(package).joinpath(file).read_text("utf-8")
        )
        return Recipe.model_validate({"name": spec.name, **content})
    except (OSError, ImportError, ValueError, TypeError, yaml.YAMLError) as error:
        raise PluginError(
            f"recipe {spec.name} of {spec.source} cannot be read from {spec.component.target}: "
            f"{told(error)}"
        ) from error
