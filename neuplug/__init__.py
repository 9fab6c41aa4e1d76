"""neuplug: which augmentation makes my image classifier better, and can I trust that?

The names below are the public library. Those that need torch are imported on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOME = {
    "Augmenter": "interfaces",
    "Checkpoint": "interfaces",
    "ClassGenerator": "interfaces",
    "Classifier": "interfaces",
    "Component": "hookspecs",
    "Embedder": "interfaces",
    "Evaluation": "interfaces",
    "EvaluationContext": "interfaces",
    "Evaluator": "interfaces",
    "FitContext": "interfaces",
    "FitRecord": "interfaces",
    "Generator": "interfaces",
    "HeldOutSet": "imageset",
    "ImageRow": "report.rows",
    "ImageSet": "imageset",
    "InputError": "errors",
    "LatentGenerator": "interfaces",
    "NeuplugError": "errors",
    "Options": "interfaces",
    "PluginError": "errors",
    "Result": "experiment.result",
    "TrainingDiverged": "errors",
    "TrainingSet": "imageset",
    "compose": "experiment.compose",
    "derive_seed": "seeds",
    "discover": "registry",
    "hookimpl": "hookspecs",
    "load": "loading",
    "nearest": "neighbors",
    "seeded": "seeds",
    "wants_bf16": "devices",
    "write_image_rows": "report.rows",
}

if TYPE_CHECKING:
    from neuplug.devices import wants_bf16
    from neuplug.errors import InputError, NeuplugError, PluginError, TrainingDiverged
    from neuplug.experiment.compose import compose
    from neuplug.experiment.result import Result
    from neuplug.hookspecs import Component, hookimpl
    from neuplug.imageset import HeldOutSet, ImageSet, TrainingSet
    from neuplug.interfaces import (
        Augmenter,
        Checkpoint,
        ClassGenerator,
        Classifier,
        Embedder,
        Evaluation,
        EvaluationContext,
        Evaluator,
        FitContext,
        FitRecord,
        Generator,
        LatentGenerator,
        Options,
    )
    from neuplug.loading import load
    from neuplug.neighbors import nearest
    from neuplug.registry import discover
    from neuplug.report.rows import ImageRow, write_image_rows
    from neuplug.seeds import derive_seed, seeded

__all__ = [
    "Augmenter",
    "Checkpoint",
    "ClassGenerator",
    "Classifier",
    "Component",
    "Embedder",
    "Evaluation",
    "EvaluationContext",
    "Evaluator",
    "FitContext",
    "FitRecord",
    "Generator",
    "HeldOutSet",
    "ImageRow",
    "ImageSet",
    "InputError",
    "LatentGenerator",
    "NeuplugError",
    "Options",
    "PluginError",
    "Result",
    "TrainingDiverged",
    "TrainingSet",
    "__version__",
    "compose",
    "derive_seed",
    "discover",
    "hookimpl",
    "load",
    "nearest",
    "seeded",
    "wants_bf16",
    "write_image_rows",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'neuplug' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"neuplug.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
