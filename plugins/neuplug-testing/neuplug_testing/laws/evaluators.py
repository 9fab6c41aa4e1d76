"""What evaluators owe besides."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from neuplug.errors import NeuplugError
from neuplug.experiment.steps.checks import IMAGES, check_metrics
from neuplug.plugins.evaluator import Evaluation, EvaluationContext
from neuplug.plugins.isolation import told
from neuplug_testing.law import Broken, Unchecked, law, must_be_sentence
from neuplug_testing.pictures import CLASSES
from neuplug_testing.subjects import ComponentSubject
from neuplug_testing.work import context_for

NEEDS = frozenset({"generated", "generators", "embedder", "logits"})


@law("evaluator")
def needs_are_known(subject: ComponentSubject) -> None:
    """What it asks for is something that the core can give.

    Name in needs only generated, generators, embedder and logits.
    """
    unknown = set(subject.make().needs) - NEEDS
    if unknown:
        raise Broken(f"It needs {', '.join(sorted(map(str, unknown)))}.")


@law("evaluator")
def metrics_are_finite(subject: ComponentSubject) -> None:
    """Every metric is one that can be kept: named, finite, no more than once for a class.

    Return neuplug.Metric objects of plain finite floats; leave out what cannot be said and tell the
    reader so in Evaluation.warnings.
    """
    if said := _amiss(subject.worked().done.record):
        raise Broken(said)


def _amiss(found: Evaluation) -> str:
    """What the core would say of the first metric that cannot be kept, or nothing."""
    try:
        check_metrics(found.metrics, CLASSES)
    except (TypeError, ValueError) as error:
        return f"{str(error)[:1].upper()}{str(error)[1:]}."
    return ""


@law("evaluator")
def metrics_have_their_count(subject: ComponentSubject) -> None:
    """Every metric has its sample count, unless it is a number of images itself.

    Give every metric the number of images that it comes from, as n.
    """
    for metric in subject.worked().done.record.metrics:
        if metric.n is None and metric.unit != IMAGES:
            raise Broken(f"The metric {metric.name} has no n.")


@law("evaluator")
def figures_are_in_the_folder(subject: ComponentSubject) -> None:
    """The figures that it names exist, below its folder.

    Write every figure below context.folder and return its path.
    """
    run = subject.worked()
    for figure in map(Path, run.done.record.figures):
        if not figure.resolve().is_relative_to(run.folder.resolve()):
            raise Broken(f"The figure {figure} is not below its folder.")
        if not figure.is_file():
            raise Broken(f"The figure {figure.name} is not there.")


def _fewer(full: EvaluationContext) -> Iterator[tuple[str, EvaluationContext]]:
    """The same with fewer generated images, and with no generator for classes without."""
    first = {name: full.generators[name] for name in CLASSES[:1] if name in full.generators}
    made = full.generated
    for what, few, generators in (
        ("no generated image", made and made.subset([]), {}),
        ("a single generated image", made and made.of_class(0).subset([0]), first),
        ("generated images of one class alone", made and made.of_class(0), first),
    ):
        yield what, dataclasses.replace(full, generated=few, generators=generators)


@law("evaluator")
def says_what_it_cannot_measure(subject: ComponentSubject) -> None:
    """With too few generated images, or none, it says so in words.

    Look at how many images each class has: leave out what that does not allow, with a sentence in
    Evaluation.warnings, and raise neuplug.NeuplugError with one where nothing is left.
    """
    usual = subject.worked().done
    evaluator = subject.make()
    if not {"generated", "generators"} & set(evaluator.needs):
        raise Unchecked("it looks at no generated images")
    full = context_for(evaluator, subject.form, 1, subject.folder())
    for what, context in _fewer(full):
        try:
            found = subject.make().evaluate(dataclasses.replace(context, folder=subject.folder()))
        except NeuplugError as refusal:
            must_be_sentence(refusal, what)
            continue
        except Exception as error:
            raise Broken(f"With {what} it fails: {told(error)}.") from error
        if what.startswith("no ") and not found.warnings:
            raise Broken(f"With {what} it says nothing about that.")
        if (said := _amiss(found)) and not _amiss(usual.record):
            raise Broken(f"With {what}: {said}")
