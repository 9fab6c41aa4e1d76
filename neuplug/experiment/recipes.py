"""What a recipe file holds."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field

from neuplug.errors import InputError, PluginError, did_you_mean
from neuplug.plugins.isolation import told
from neuplug.plugins.registry import discover


class Budget(BaseModel):
    """Settings over the recipe's own, and what they cost, in words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cost: str
    settings: dict[str, Any] = Field({})


class Recipe(BaseModel):
    """Settings of a published system; what else its file says is for those who know papers.

    Attributes:
        name: The file's.
        data: The images it needs, in a sentence.
        aliases: Class names here to those of other distributions of the same images.
        settings: As in an experiment file.
        budgets: ``paper``, ``laptop`` and ``smoke``.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    data: str
    aliases: dict[str, list[str]] = Field({})
    settings: dict[str, Any]
    budgets: dict[str, Budget]

    @classmethod
    def load(cls, name: str) -> Self:
        """Read the recipe of that name.

        Raises:
            InputError: If there is none, or several.
            PluginError: If its file is not there or damaged.
        """
        spec = discover().resolve(name, ("recipe",))
        package, _, file = spec.component.target.partition(":")
        try:
            content: Mapping[str, Any] = yaml.safe_load(
                files(package).joinpath(file).read_text("utf-8")
            )
            return cls.model_validate({"name": spec.name, **content})
        except (OSError, ImportError, ValueError, TypeError, yaml.YAMLError) as error:
            raise PluginError(
                f"recipe {spec.name} of {spec.source} cannot be read from {spec.component.target}: "
                f"{told(error)}"
            ) from error

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
