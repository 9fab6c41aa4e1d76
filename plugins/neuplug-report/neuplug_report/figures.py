"""The figures of a run, as files and as parts of the page.

Every figure is as wide as a telephone and carries its title, its sample count and, where the data
is simulated, that word, so that it can leave the page on its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import matplotlib as mpl

from neuplug.experiment.results import Curves, RunResults
from neuplug.storage.files import write_whole
from neuplug_figures import style
from neuplug_figures.drawing import render
from neuplug_report import svg
from neuplug_report.canvas import Drawing
from neuplug_report.confusion import confusion_matrix
from neuplug_report.curves import classifier_curves, generator_curves, generator_distances
from neuplug_report.doses import dose_curves
from neuplug_report.learning import learning_curves
from neuplug_report.strips import accuracy, differences
from neuplug_report.worth import worth_curves

_LONGEST = 120  # characters of a name


def write_figures(results: RunResults, curves: Curves, folder: Path) -> dict[str, str]:
    """Draw every figure that the results hold and write it to ``figures/*.svg`` and ``.png``.

    Args:
        results: Of the run.
        curves: Likewise.
        folder: The folder of the run.

    Returns:
        Name of the figure to an ``<svg>`` element that can stand in a page and follows the page's
        colours. The first word of a name is its kind: ``accuracy``, ``differences``,
        ``learning-…``, ``worth-…``, ``dose-…``, ``generator-…``, ``distances-…``, ``classifier-…``,
        ``confusion-…``. What was not recorded has no figure.
    """
    written: dict[str, str] = {}
    with mpl.rc_context(style.settings()):
        for drawing in _drawings(results, curves):
            name = _free_name(drawing.name, written)
            document = render(drawing.figure, "svg")
            write_whole(folder / "figures" / f"{name}.svg", document)
            write_whole(folder / "figures" / f"{name}.png", render(drawing.figure, "png"))
            written[name] = svg.inline(document.decode(), name, drawing.alt)
    return written


def copy_figures(
    shown: Iterable[tuple[str, Sequence[Path]]], folder: Path, drawn: Iterable[str]
) -> None:
    """Put what else the page shows beside the run's own figures, under names that say what it is.

    Args:
        shown: Words for each figure, with its files: the same in several formats.
        folder: The folder of the run.
        drawn: The names that :func:`write_figures` has given.
    """
    taken = dict.fromkeys(drawn, "")
    for words, files in shown:
        name = _free_name(words, taken)
        taken[name] = words
        for file in files:
            target = folder / "figures" / f"{name}{file.suffix.lower()}"
            write_whole(target, file.read_bytes())


def _drawings(results: RunResults, curves: Curves) -> Iterator[Drawing]:
    yield accuracy(results)
    if results.compared():
        yield differences(results)
    yield from learning_curves(results)
    yield from worth_curves(results)
    yield from dose_curves(results)
    yield from generator_curves(results, curves)
    yield from generator_distances(results, curves)
    for classifier in results.classifiers:
        yield from classifier_curves(results, curves, classifier)
    for classifier in results.classifiers:
        for arm in results.tested(classifier):
            yield confusion_matrix(results, arm, classifier)


def _free_name(words: str, taken: dict[str, str]) -> str:
    """Lower-case letters, digits and ``-``; numbered where arms differ only in other characters."""
    plain = re.sub(r"[^a-z0-9]+", "-", words.lower())[:_LONGEST].strip("-")
    name, count = plain, 1
    while name in taken:
        count += 1
        name = f"{plain}-{count}"
    return name
