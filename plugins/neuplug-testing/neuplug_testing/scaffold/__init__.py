"""A new plugin's package, written from templates: what ``neuplug plugins new`` does."""

from __future__ import annotations

from neuplug_testing.scaffold.kinds import KINDS
from neuplug_testing.scaffold.writing import write_plugin

__all__ = ["KINDS", "write_plugin"]
