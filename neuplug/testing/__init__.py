"""The laws that every plugin keeps, to be checked by its author.

In a test file of the plugin, which must be installed (``pip install -e .``), each law is a test::

    import pytest

    @pytest.mark.neuplug("neuplug-posterize")
    def test_law(neuplug_law):
        neuplug_law()

The marker and the fixture come with neuplug; nothing else is to be set up. Without pytest,
``neuplug plugins check neuplug-posterize`` prints what is broken, and in Python
``check_plugin("neuplug-posterize")``, or ``check_augmenter("posterize")`` for one component, raises
:class:`LawsBroken`; :func:`iterate_plugin` yields the outcomes as data.

A component is checked with its ``quick_options``, so that a generator fits in a second. Others go
on top of them: ``--set posterize.levels=4`` for the command, ``options={"levels": 4}`` for a
component, ``options={"posterize": {"levels": 4}}`` for a plugin and for the marker.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

_HOME = {
    "Case": "checking",
    "Law": "law",
    "LawsBroken": "law",
    "Outcome": "law",
    "check_augmenter": "checking",
    "check_classifier": "checking",
    "check_evaluator": "checking",
    "check_generator": "checking",
    "check_plugin": "checking",
    "iterate_plugin": "checking",
    "plugin_cases": "checking",
}

if TYPE_CHECKING:
    from neuplug.testing.checking import (
        Case,
        check_augmenter,
        check_classifier,
        check_evaluator,
        check_generator,
        check_plugin,
        iterate_plugin,
        plugin_cases,
    )
    from neuplug.testing.law import Law, LawsBroken, Outcome

__all__ = [
    "Case",
    "Law",
    "LawsBroken",
    "Outcome",
    "check_augmenter",
    "check_classifier",
    "check_evaluator",
    "check_generator",
    "check_plugin",
    "iterate_plugin",
    "plugin_cases",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'neuplug.testing' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"neuplug.testing.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
