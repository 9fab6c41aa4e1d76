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
    "Comparison": "library.comparing",
    "Component": "hookspecs",
    "Dataset": "data.dataset",
    "Difference": "statistics",
    "Embedder": "interfaces",
    "Estimate": "statistics",
    "Evaluation": "interfaces",
    "EvaluationContext": "interfaces",
    "Evaluator": "interfaces",
    "FitContext": "interfaces",
    "FitRecord": "interfaces",
    "FittedClassifier": "training",
    "FittedGenerator": "library.generators",
    "Generator": "interfaces",
    "HeldOutSet": "imageset",
    "ImageClassifier": "library.estimator",
    "ImageRow": "report.rows",
    "ImageSet": "imageset",
    "InputError": "errors",
    "LatentGenerator": "interfaces",
    "Metric": "interfaces",
    "NeuplugError": "errors",
    "Options": "options",
    "PluginError": "errors",
    "Arm": "library.local",
    "PreparedArm": "library.arms",
    "Result": "experiment.result",
    "RunResults": "experiment.results.model",
    "Scores": "metrics",
    "Split": "data.splits",
    "TorchDataset": "library.images",
    "StorageError": "errors",
    "TrainingDiverged": "errors",
    "TrainingOptions": "training_options",
    "TrainingSet": "imageset",
    "build_arm": "library.arms",
    "classification_metrics": "metrics",
    "compare": "library.comparing",
    "compose": "library.compose",
    "copy_scores": "neighbors",
    "derive_seed": "seeds",
    "discover": "registry",
    "draw_split": "data.splits",
    "estimate": "statistics",
    "evaluate": "library.evaluating",
    "fit_classifier": "training",
    "fit_generator": "library.generators",
    "held_out": "library.evaluating",
    "holm": "statistics",
    "hookimpl": "hookspecs",
    "load": "loading",
    "load_dataset": "data.dataset",
    "load_weights": "weights",
    "nearest": "neighbors",
    "paired_difference": "statistics",
    "read_results": "experiment.results.reading",
    "seeded": "seeds",
    "training_set": "library.images",
    "verdict": "statistics",
    "wants_bf16": "devices",
    "write_figure": "report.saving",
    "write_image_rows": "report.rows",
    "write_report": "report.page",
}

if TYPE_CHECKING:
    from neuplug.data.dataset import Dataset, load_dataset
    from neuplug.data.splits import Split, draw_split
    from neuplug.devices import wants_bf16
    from neuplug.errors import (
        InputError,
        NeuplugError,
        PluginError,
        StorageError,
        TrainingDiverged,
    )
    from neuplug.experiment.analysis.statistics import (
        Difference,
        Estimate,
        estimate,
        holm,
        paired_difference,
        verdict,
    )
    from neuplug.experiment.result import Result
    from neuplug.experiment.results.model import RunResults
    from neuplug.experiment.results.reading import read_results
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
        Metric,
        Options,
    )
    from neuplug.library.arms import PreparedArm, build_arm
    from neuplug.library.comparing import Comparison, compare
    from neuplug.library.compose import compose
    from neuplug.library.estimator import ImageClassifier
    from neuplug.library.evaluating import evaluate, held_out
    from neuplug.library.generators import FittedGenerator, fit_generator
    from neuplug.library.images import TorchDataset, training_set
    from neuplug.library.local import Arm
    from neuplug.loading import load
    from neuplug.metrics import Scores, classification_metrics
    from neuplug.neighbors import copy_scores, nearest
    from neuplug.registry import discover
    from neuplug.report.page import write_report
    from neuplug.report.rows import ImageRow, write_image_rows
    from neuplug.report.saving import write_figure
    from neuplug.seeds import derive_seed, seeded
    from neuplug.training import FittedClassifier, fit_classifier
    from neuplug.training_options import TrainingOptions
    from neuplug.weights import load_weights

__all__ = [
    "Arm",
    "Augmenter",
    "Checkpoint",
    "ClassGenerator",
    "Classifier",
    "Comparison",
    "Component",
    "Dataset",
    "Difference",
    "Embedder",
    "Estimate",
    "Evaluation",
    "EvaluationContext",
    "Evaluator",
    "FitContext",
    "FitRecord",
    "FittedClassifier",
    "FittedGenerator",
    "Generator",
    "HeldOutSet",
    "ImageClassifier",
    "ImageRow",
    "ImageSet",
    "InputError",
    "LatentGenerator",
    "Metric",
    "NeuplugError",
    "Options",
    "PluginError",
    "PreparedArm",
    "Result",
    "RunResults",
    "Scores",
    "Split",
    "StorageError",
    "TorchDataset",
    "TrainingDiverged",
    "TrainingOptions",
    "TrainingSet",
    "__version__",
    "build_arm",
    "classification_metrics",
    "compare",
    "compose",
    "copy_scores",
    "derive_seed",
    "discover",
    "draw_split",
    "estimate",
    "evaluate",
    "fit_classifier",
    "fit_generator",
    "held_out",
    "holm",
    "hookimpl",
    "load",
    "load_dataset",
    "load_weights",
    "nearest",
    "paired_difference",
    "read_results",
    "seeded",
    "training_set",
    "verdict",
    "wants_bf16",
    "write_figure",
    "write_image_rows",
    "write_report",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'neuplug' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"neuplug.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
