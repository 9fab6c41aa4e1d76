"""A run's tables: every image's origin, every cell's metrics, every test image's prediction."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from neuplug.experiment.plan import Cell, Plan
from neuplug.experiment.results import parts
from neuplug.experiment.results.model import RunResults
from neuplug.experiment.steps.context import TaskContext
from neuplug.storage.atomic import write_text
from neuplug.training.metrics import METRICS


def write_csv(path: Path, head: Iterable[object], rows: Iterable[Iterable[object]]) -> None:
    """Write a table as CSV, whole or not at all."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    write_text(path, text.getvalue())


def write_tables(folder: Path, plan: Plan, bench: TaskContext, results: RunResults) -> None:
    """Write ``manifest.csv``, ``results.csv`` and ``predictions.csv``.

    Args:
        folder: Of the run.
        plan: All of whose tasks are done, but for failed evaluators.
        bench: Where the results are.
        results: Of the run.
    """
    head = ["repeat", "arm", "split", "class", "id", "origin", "parent"]
    write_csv(folder / "manifest.csv", head, [*_held_out(plan), *_trained_on(plan, bench)])
    head = ["arm", "classifier", "repeat", *METRICS, "test_images", "train_images", "steps"]
    write_csv(folder / "results.csv", [*head, "seconds"], map(_result, results.cells))
    classes = plan.dataset.images.classes
    head = ["arm", "classifier", "repeat", "image", "class", "predicted"]
    head += [f"p({name})" for name in classes]
    write_csv(folder / "predictions.csv", head, _predictions(plan, bench))


def _held_out(plan: Plan) -> Iterator[list[object]]:
    """One line for each image of every validation and test set."""
    images = plan.dataset.images
    for repeat, split in enumerate(plan.splits):
        # with several numbers of real images each has a validation part, and leaves others out
        cells = (*plan.cells, *plan.unchosen)
        own = {c.arm.name: c.split for c in cells if c.repeat == repeat and c.arm.per_class}
        for part in ("val", "test", "left_out"):
            holders = own if own and part != "test" else {"all": split}
            for holder, held in holders.items():
                for i in getattr(held, part):
                    name = images.classes[int(images.labels[i])]
                    yield [repeat, holder, part, name, images.ids[i], "real", ""]


def _trained_on(plan: Plan, bench: TaskContext) -> Iterator[list[object]]:
    """One line for each image of every training set."""
    classes = plan.dataset.images.classes
    first: dict[tuple[str, int], Cell] = {}
    for cell in (*plan.cells, *plan.unchosen):
        first.setdefault((cell.arm.name, cell.repeat), cell)
    for (arm, repeat), cell in first.items():
        train = bench.training_set(cell.mixture, plan.dataset)
        rows = zip(train.labels.tolist(), train.ids, train.origins, train.parents, strict=True)
        for label, *about in rows:
            yield [repeat, arm, "train", classes[label], *about]


def _result(cell: parts.Cell) -> list[object]:
    """The line of a cell."""
    return [
        *(cell.arm, cell.classifier, cell.repeat),
        *(f"{value:.6f}" for value in cell.test.metrics.values()),
        *(cell.test_images, sum(cell.train_images.values()), cell.steps, f"{cell.seconds:.2f}"),
    ]


def _predictions(plan: Plan, bench: TaskContext) -> Iterator[list[object]]:
    """One line for each test image of each cell, with the probability of every class."""
    images = plan.dataset.images
    for cell in plan.cells:
        logits = bench.tree(cell.key, "predictions")["logits"]
        predicted = logits.argmax(1).tolist()
        probabilities = logits.double().softmax(1).tolist()
        rows = zip(plan.splits[cell.repeat].test, predicted, probabilities, strict=True)
        for i, found, shares in rows:
            yield [
                *(cell.arm.name, cell.classifier, cell.repeat, images.ids[i]),
                *(images.classes[int(images.labels[i])], images.classes[found]),
                *(f"{share:.6f}" for share in shares),
            ]
