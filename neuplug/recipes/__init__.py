"""The published systems, as data: settings at three budgets, and what the papers report.

A recipe is a YAML file in this folder and nothing but configuration. Loads without torch.
"""

from __future__ import annotations

from neuplug.recipes.model import Published, Recipe, load_recipe, recipe_names

__all__ = ["Published", "Recipe", "load_recipe", "recipe_names"]
