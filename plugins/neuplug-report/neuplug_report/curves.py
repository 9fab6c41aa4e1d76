"""Losses over the training: a small panel for each class of a generator, or each arm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from neuplug.experiment.results import Curves, RunResults
from neuplug_report.canvas import Drawing, Title
from neuplug_report.panels import Layout, Panel, draw, points
from neuplug_report.stats import heading
from neuplug_report.trainings import Training, trainings, written

_CLASSIFIER_CURVES = {"train_loss": "training", "val_loss": "validation"}
_LOSS = "loss"  # what a generator's curves are measured in, unless they say otherwise
_FOOT = "to the training images, in random features; it is not KID"
_DISTANCES = Layout(left=0.42, legend=False, shared=False, foot=_FOOT)


def generator_curves(results: RunResults, curves: Curves) -> Iterator[Drawing]:
    """The losses of each trained generator, one panel for each class; apart, any other unit."""
    for training in trainings(results):
        figures: dict[str, dict[str, Panel]] = {}
        for fit in training.fits:
            name, units = fit.class_name or "all classes", curves.units.get(fit.key, {})
            for kind, pairs in curves.generators.get(fit.key, {}).items():
                curve = [(training.moment(x, fit), y) for x, y in points(pairs)]
                if curve:
                    panels = figures.setdefault(units.get(kind, _LOSS), {})
                    panel = panels.setdefault(name, Panel(name))
                    panel.curves.append((kind, curve, fit not in training.first))
        for unit, panels in figures.items():
            head = Title(training.title, _of_training(unit, training), results)
            name = f"generator {training.title}{'' if unit == _LOSS else f' {unit}'}"
            yield _drawing(name, head, list(panels.values()), Layout())


def generator_distances(results: RunResults, curves: Curves) -> Iterator[Drawing]:
    """How far the kept generators are from the training images, the nearest marked."""
    for training in trainings(results):
        panels: dict[str, Panel] = {}
        for fit in training.fits:
            kept = points(curves.checkpoints.get(fit.key, ()))
            curve = [(training.moment(x, fit), y) for x, y in kept]
            if len(curve) < 2:
                continue
            name = fit.class_name or "all classes"
            panel = panels.setdefault(name, Panel(name))
            panel.curves.append(("distance", curve, fit not in training.first))
            if fit in training.first:
                x, y = min(curve, key=lambda point: (point[1], point[0]))
                panel.mark = (x, y, f"best: {training.unit} {written(x)}, {_short(y)}")
        if panels:
            head = Title(f"{training.title}: distance", _of_training("", training), results)
            name = f"distances {training.title}"
            yield _drawing(name, head, list(panels.values()), _DISTANCES)


def classifier_curves(results: RunResults, curves: Curves, classifier: str) -> Iterator[Drawing]:
    """The losses of one classifier, a panel for each arm, a figure for each number of images."""
    figures: dict[str, list[Panel]] = {}
    for arm in results.tested(classifier):
        panel = Panel(arm.base)
        for cell in results.groups[arm.name, classifier]:
            for key, pairs in curves.classifiers.get(cell.key, {}).items():
                if key in _CLASSIFIER_CURVES and (curve := points(pairs)):
                    panel.curves.append((_CLASSIFIER_CURVES[key], curve, cell.repeat > 0))
        if panel.curves:
            figures.setdefault(heading(classifier, arm), []).append(panel)
    repeats = len({cell.repeat for cell in results.cells})
    for name, panels in figures.items():
        head = Title(name, f"loss in nats over steps; {_first_of(repeats, 'repeats')}", results)
        yield _drawing(f"classifier {name}", head, panels, Layout())


def _of_training(what: str, training: Training) -> str:
    """``loss over epochs; first of 3 repeats, the others faint``."""
    repeats = len({fit.repeat for fit in training.fits})
    runs = len({fit.run for fit in training.fits})
    first = _first_of(repeats, "repeats")
    if runs > 1:
        first = _first_of(repeats * runs, "trainings")
    return f"{what} over {training.unit}s; {first}".strip()


def _first_of(number: int, what: str) -> str:
    return f"first of {number} {what}, the others faint" if number > 1 else "one repeat"


def _drawing(name: str, head: Title, panels: Sequence[Panel], layout: Layout) -> Drawing:
    return Drawing(name, _alt(head, panels), draw(head, panels, layout))


def _alt(head: Title, panels: Sequence[Panel]) -> str:
    ends = []
    for panel in panels:
        last = [
            f"{kind} {_short(curve[-1][1])}" for kind, curve, faint in panel.curves if not faint
        ]
        if panel.mark is not None:
            last.append(panel.mark[2])
        ends.append(f"{panel.title}: {', '.join(last) or 'no curve'}")
    return f"Training of {head.main}, {head.aside}. At the end of the first: {'; '.join(ends)}."


def _short(value: float) -> str:
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"
