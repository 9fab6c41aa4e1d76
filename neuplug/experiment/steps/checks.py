"""What evaluators and fits report, held to what they owe before it is kept."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, replace
from numbers import Real
from pathlib import Path
from typing import Any

from neuplug.plugins.evaluator import Evaluation, Evaluator, Metric
from neuplug.plugins.generator import FitRecord

# What is within the first bytes of a figure of that kind
_BEGINNINGS = {".png": b"\x89PNG\r\n\x1a\n", ".svg": b"<svg"}

# Units with a meaning of their own, see :class:`neuplug.Metric`
SHARE, IMAGES = "share", "images"

_FIRST = 4096  # an SVG may have comments and a document type before it


def describe_evaluation(
    evaluator: Evaluator, found: object, folder: Path, classes: Collection[str]
) -> dict[str, Any]:
    """What an evaluator found, as JSON values.

    Args:
        evaluator: Whose own words are shown with it.
        found: What it returned.
        folder: Where its figures are to be.
        classes: That a metric may be of.

    Returns:
        ``metrics`` (the fields of each), ``figures`` (names below ``folder``) and ``warnings``.

    Raises:
        TypeError: If a field is not of its type.
        ValueError: If a metric is not as :class:`neuplug.Metric` says, a warning is empty, or a
            figure is not there, is empty or is not what its name says.
    """
    own_words(type(evaluator))
    if not isinstance(found, Evaluation):
        raise TypeError(f"evaluate returned {type(found).__name__} instead of neuplug.Evaluation")
    return {
        "metrics": [asdict(metric) for metric in check_metrics(found.metrics, classes)],
        "figures": [_figure(Path(file), folder) for file in _several(found.figures, "figures")],
        "warnings": _sentences(found.warnings),
    }


def own_words(evaluator: type[Any]) -> dict[str, str]:
    """What an evaluator says of itself to the reader of the report: ``title`` and ``guide``.

    Args:
        evaluator: Its class: the words are the same whatever its options.

    Raises:
        TypeError: If one of them is not of its type, or a property.
    """
    for name in ("title", "guide"):
        if hasattr(found := getattr(evaluator, name), "__get__"):
            kind = type(found).__name__
            raise TypeError(f"{name} is a {kind} instead of an attribute of the class")
    return {name: _text(getattr(evaluator, name), name) for name in ("title", "guide")}


def check_metrics(metrics: object, classes: Collection[str]) -> list[Metric]:
    """Metrics as they are kept, if all of them can be shown.

    Args:
        metrics: What an evaluator returned as such.
        classes: That a metric may be of.

    Raises:
        TypeError: If one is no metric, or a field is not of its type.
        ValueError: If a number is not finite or out of its range, a name is empty or comes twice
            for one class, an interval has one end, or there is no such class.
    """
    if isinstance(metrics, Mapping):
        raise TypeError("metrics is a dict instead of a tuple of neuplug.Metric")
    found = [_metric(metric, classes) for metric in _several(metrics, "metrics")]
    seen = set()
    for metric in found:
        if (key := (metric.name, metric.class_name)) in seen:
            raise ValueError(f"{_called(metric)} is given twice")
        seen.add(key)
    return found


def check_record(record: object) -> FitRecord:
    """What happened in a generator's fit, if it can be shown.

    Raises:
        TypeError: If it is no record, or its warnings are no texts.
        ValueError: If a curve or a checkpoint's distance is not finite.
    """
    if not isinstance(record, FitRecord):
        raise TypeError(f"fit returned {type(record).__name__} instead of neuplug.FitRecord")
    points = {**record.curves, "checkpoints": record.checkpoints}
    for name, steps in points.items():
        for step, value in steps:
            if not math.isfinite(value):
                raise ValueError(
                    f"the curve {name} is {value} at step {step}: leave such points out, and raise "
                    "neuplug.TrainingDiverged where a loss is no longer finite"
                )
    _sentences(record.warnings)
    return record


def _metric(metric: object, classes: Collection[str]) -> Metric:
    if not isinstance(metric, Metric):
        raise TypeError(f"a metric is a {type(metric).__name__} instead of neuplug.Metric")
    if not _text(metric.name, "the name of a metric").strip():
        raise ValueError("a metric has an empty name")
    what, of_class = _called(metric), metric.class_name
    if of_class is not None and _text(of_class, f"the class of {what}") not in classes:
        raise ValueError(f"{what} is for an unknown class; the images have {', '.join(classes)}")
    if (metric.low is None) != (metric.high is None):
        raise ValueError(f"{what} has one end of an interval: give low and high, or neither")
    if not isinstance(metric.higher_is_better, bool | None):
        raise TypeError(f"higher_is_better of {what} is {metric.higher_is_better!r}")
    value = _number(metric.value, what)
    others: dict[str, Any] = {
        field: _number(number, f"{field} of {what}")
        for field in ("low", "high", "std", "reference", "n")
        if (number := getattr(metric, field)) is not None
    }
    if "n" in others:
        others["n"] = _count(others["n"], f"n of {what}")
    if metric.unit == IMAGES:
        _count(value, what)
    if metric.unit == SHARE and not 0 <= value <= 1:
        raise ValueError(f"{what} is {value:g}: a share must be from 0 to 1")
    for field in ("unit", "label"):
        _text(getattr(metric, field), f"{field} of {what}")
    return replace(metric, value=value, **others)


def _called(metric: Metric) -> str:
    of_class = "" if metric.class_name is None else f" of {metric.class_name}"
    return f"the metric {metric.name}{of_class}"


def _number(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{what} is {value!r}, a {type(value).__name__}, not a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(
            f"{what} is {number}: leave out what cannot be measured, and say so in warnings"
        )
    return number


def _count(number: float, what: str) -> int:
    if number < 0 or not number.is_integer():
        raise ValueError(f"{what} is {number:g}: it must be a number of images, 0 or more")
    return int(number)


def _figure(file: Path, folder: Path) -> str:
    """The figure's name below the folder."""
    path = folder / file
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"the figure {file} is not below context.folder")
    if not path.is_file():
        raise ValueError(f"the figure {file.name} is not there")
    if not file.name.isprintable():
        raise ValueError(f"the figure {file.name!r} has a name that is not printable")
    with path.open("rb") as opened:
        first = opened.read(_FIRST)
    if not first:
        raise ValueError(f"the figure {file.name} is an empty file")
    if _BEGINNINGS.get(path.suffix.lower(), b"") not in first:
        raise ValueError(f"the figure {file.name} is not a valid {path.suffix[1:].upper()}")
    return str(path.resolve().relative_to(folder.resolve()))


def _sentences(warnings: object) -> list[str]:
    found = [_text(sentence, "a warning") for sentence in _several(warnings, "warnings")]
    if not all(sentence.strip() for sentence in found):
        raise ValueError("a warning is empty")
    return found


def _several(items: object, what: str) -> list[Any]:
    """A list of what is several; a text is one thing, however many letters it has."""
    if isinstance(items, str | bytes | Path) or not isinstance(items, Iterable):
        raise TypeError(f"{what} is {items!r} instead of a tuple")
    return list(items)


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} is {value!r} instead of a text")
    return value
