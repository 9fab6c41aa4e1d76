"""What evaluators owe besides."""

from __future__ import annotations

import math
import numbers
from pathlib import Path

from neuplug.testing.law import Broken, law
from neuplug.testing.subjects import ComponentSubject

NEEDS = frozenset({"generated", "generators", "embedder", "logits"})


@law("evaluator", advice="Name in needs only generated, generators, embedder and logits.")
def needs_are_known(subject: ComponentSubject) -> None:
    """What it asks for is something that the core can give."""
    unknown = set(subject.make().needs) - NEEDS
    if unknown:
        raise Broken(f"It needs {', '.join(sorted(map(str, unknown)))}.")


@law(
    "evaluator",
    advice="Return plain finite floats; leave out what cannot be said and tell the reader so in "
    "Evaluation.warnings.",
)
def metrics_are_finite(subject: ComponentSubject) -> None:
    """Every metric has a name and is a finite number."""
    _, done = subject.worked()
    for name, value in done.record.metrics.items():
        if not isinstance(name, str) or not isinstance(value, numbers.Real):
            raise Broken(f"The metric {name!r} is a {type(value).__name__}.")
        if not math.isfinite(value):
            raise Broken(f"The metric {name} is {value}.")


@law("evaluator", advice="Add the number of images that were measured to the metrics, as n.")
def metrics_have_their_count(subject: ComponentSubject) -> None:
    """The sample count is among the metrics, as ``n``."""
    _, done = subject.worked()
    if "n" not in done.record.metrics:
        raise Broken(f"Among its metrics ({', '.join(done.record.metrics)}) there is no n.")


@law("evaluator", advice="Write every figure below context.folder and return its path.")
def figures_are_in_the_folder(subject: ComponentSubject) -> None:
    """The figures that it names exist, below its folder."""
    run, done = subject.worked()
    for figure in map(Path, done.record.figures):
        if not figure.resolve().is_relative_to(run.folder.resolve()):
            raise Broken(f"The figure {figure} is not below its folder.")
        if not figure.is_file():
            raise Broken(f"The figure {figure.name} is not there.")


LAWS = (
    needs_are_known,
    metrics_are_finite,
    metrics_have_their_count,
    figures_are_in_the_folder,
)
