"""What evaluators and fits report, held to what they owe before it is kept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from numbers import Real
from pathlib import Path
from typing import Any

from neuplug.interfaces import Evaluation, Evaluator, FitRecord

_BEGINNINGS = {".png": b"\x89PNG\r\n\x1a\n", ".svg": b"<svg"}
"""What is within the first bytes of a figure of that kind."""

_FIRST = 4096  # an SVG may have comments and a document type before it


def describe_evaluation(evaluator: Evaluator, found: object, folder: Path) -> dict[str, Any]:
    """What an evaluator found, as JSON values.

    Args:
        evaluator: Whose own words are shown with it.
        found: What it returned.
        folder: Where its figures are to be.

    Returns:
        ``metrics`` (name to a finite number), ``figures`` (names below ``folder``) and
        ``warnings``.

    Raises:
        TypeError: If a field is not of its type.
        ValueError: If a metric is not finite or has no name, ``n`` is no count, a warning is
            empty, or a figure is not there, is empty or is not what its name says.
    """
    own_words(type(evaluator))
    if not isinstance(found, Evaluation):
        raise TypeError(f"evaluate returned {type(found).__name__} instead of neuplug.Evaluation")
    if not isinstance(found.metrics, Mapping):
        raise TypeError(f"metrics is a {type(found.metrics).__name__} instead of a dict")
    return {
        "metrics": {_name(k): _metric(k, value) for k, value in found.metrics.items()},
        "figures": [_figure(Path(file), folder) for file in _several(found.figures, "figures")],
        "warnings": _sentences(found.warnings),
    }


def own_words(evaluator: type[Any]) -> dict[str, Any]:
    """What an evaluator says of itself to the reader of the report, as JSON values.

    Args:
        evaluator: Its class: the words are the same whatever its options.

    Returns:
        ``title``, ``guide``, ``terms`` and ``shares``, these in order, since they may be a set.

    Raises:
        TypeError: If one of them is not of its type, or a property.
    """
    for name in ("title", "guide", "terms", "shares"):
        if hasattr(found := getattr(evaluator, name), "__get__"):
            kind = type(found).__name__
            raise TypeError(f"{name} is a {kind} instead of an attribute of the class")
    terms = evaluator.terms
    if not isinstance(terms, Mapping):
        raise TypeError(f"terms is a {type(terms).__name__} instead of a dict")
    return {
        "title": _text(evaluator.title, "title"),
        "guide": _text(evaluator.guide, "guide"),
        "terms": {_text(k, "a term"): _text(said, f"terms[{k!r}]") for k, said in terms.items()},
        "shares": sorted(_text(name, "a share") for name in _several(evaluator.shares, "shares")),
    }


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


def _name(name: object) -> str:
    if not _text(name, "the name of a metric").strip():
        raise ValueError("a metric has an empty name")
    return str(name)


def _metric(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"the metric {name} is {value!r}, a {type(value).__name__}, and no number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(
            f"the metric {name} is {number}: leave out what cannot be measured, and say so in "
            "warnings"
        )
    if name == "n" and (number < 0 or not number.is_integer()):
        raise ValueError(f"the metric n is {number:g}: it is a number of images, from 0")
    return number


def _figure(file: Path, folder: Path) -> str:
    """The figure's name below the folder."""
    path = folder / file
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"the figure {file} is not below context.folder")
    if not path.is_file():
        raise ValueError(f"the figure {file.name} is not there")
    with path.open("rb") as opened:
        first = opened.read(_FIRST)
    if not first:
        raise ValueError(f"the figure {file.name} is an empty file")
    if _BEGINNINGS.get(path.suffix.lower(), b"") not in first:
        raise ValueError(f"the figure {file.name} is no {path.suffix[1:].upper()}")
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
