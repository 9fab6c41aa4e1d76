"""The kinds of components, and the class that each derives from."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuplug.plugins.component import ComponentBase

# by name, since those of the experiment's side are above this package
_BASES = {
    "augmenter": "neuplug.plugins.augmenter:Augmenter",
    "generator": "neuplug.plugins.generator:Generator",
    "classifier": "neuplug.plugins.classifier:Classifier",
    "evaluator": "neuplug.plugins.evaluator:Evaluator",
    "executor": "neuplug.experiment.executors.base:ExecutorFactory",
    "layout": "neuplug.data.layout:Layout",
    "reporter": "neuplug.experiment.reporters:Reporter",
    "section": "neuplug.experiment.summary.sections:SectionMaker",
}


def base_class(kind: str) -> type[ComponentBase]:
    """What a component of a kind derives from."""
    module, _, name = _BASES[kind].partition(":")
    found: type[ComponentBase] = getattr(importlib.import_module(module), name)
    return found


def kind_of(component: ComponentBase) -> str:
    """The kind of an instance."""
    return next(kind for kind in _BASES if isinstance(component, base_class(kind)))
