"""What evaluators owe besides."""

from __future__ import annotations

import dataclasses
import math
import numbers
from collections.abc import Iterator
from pathlib import Path

from neuplug.errors import NeuplugError
from neuplug.interfaces import Evaluation, EvaluationContext
from neuplug.testing.law import Broken, Unchecked, is_sentence, law
from neuplug.testing.pictures import CLASSES
from neuplug.testing.subjects import ComponentSubject, told
from neuplug.testing.work import context_for

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
    if said := _not_finite(done.record):
        raise Broken(said)


def _not_finite(found: Evaluation) -> str:
    """A sentence on the first metric that is no finite number, or nothing."""
    for name, value in found.metrics.items():
        if not isinstance(name, str) or not isinstance(value, numbers.Real):
            return f"The metric {name!r} is a {type(value).__name__}."
        if not math.isfinite(value):
            return f"The metric {name} is {value}."
    return ""


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


def _fewer(full: EvaluationContext) -> Iterator[tuple[str, EvaluationContext]]:
    """The same with fewer generated images, and with no generator for classes without."""
    one_class = {name: full.generators[name] for name in CLASSES[:1] if name in full.generators}
    made = full.generated
    yield (
        "no generated image",
        dataclasses.replace(full, generated=made and made.subset([]), generators={}),
    )
    yield (
        "a single generated image",
        dataclasses.replace(
            full, generated=made and made.of_class(0).subset([0]), generators=one_class
        ),
    )
    yield (
        "generated images of one class alone",
        dataclasses.replace(full, generated=made and made.of_class(0), generators=one_class),
    )


@law(
    "evaluator",
    advice="Look at how many images each class has: leave out what that does not allow, with a "
    "sentence in Evaluation.warnings, and raise neuplug.NeuplugError with one where nothing is "
    "left.",
)
def says_what_it_cannot_measure(subject: ComponentSubject) -> None:
    """With too few generated images, or none, it says so in words."""
    _, usual = subject.worked()
    evaluator = subject.make()
    if not {"generated", "generators"} & set(evaluator.needs):
        raise Unchecked("it looks at no generated images")
    full = context_for(evaluator, subject.form, 1, subject.folder())
    for what, context in _fewer(full):
        try:
            found = subject.make().evaluate(dataclasses.replace(context, folder=subject.folder()))
        except NeuplugError as refusal:
            if not is_sentence(str(refusal)):
                raise Broken(f"With {what} it says {str(refusal)!r}, no sentence.") from refusal
            continue
        except Exception as error:
            raise Broken(f"With {what} it fails: {told(error)}.") from error
        if what.startswith("no ") and not found.warnings:
            raise Broken(f"With {what} it says nothing about that.")
        if (said := _not_finite(found)) and not _not_finite(usual.record):
            raise Broken(f"With {what}: {said}")


LAWS = (
    needs_are_known,
    metrics_are_finite,
    metrics_have_their_count,
    figures_are_in_the_folder,
    says_what_it_cannot_measure,
)
