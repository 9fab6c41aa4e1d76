"""A run's tables: every image's origin, every cell's metrics, every test image's prediction."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from neuplug.experiment.analysis.provenance import check_parents
from neuplug.experiment.plan import Plan
from neuplug.experiment.results.model import RunResults
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.steps.mixtures import training_set
from neuplug.storage.atomic import write_text
from neuplug.training.metrics import METRICS


def write_tables(folder: Path, plan: Plan, bench: TaskContext, results: RunResults) -> None:
    """Write ``manifest.csv``, ``results.csv`` and ``predictions.csv``.

    Args:
        folder: Of the run.
        plan: All of whose tasks are done, but for failed evaluators.
        bench: Where the results are.
        results: Of the run.
    """
    _write_manifest(folder / "manifest.csv", plan, bench)
    _write_results(folder / "results.csv", results)
    _write_predictions(folder / "predictions.csv", plan, bench)


def _write_manifest(path: Path, plan: Plan, bench: TaskContext) -> None:
    """One line for each image of every training set, and of every validation and test set."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["repeat", "arm", "split", "class", "id", "origin", "parent"])
    images = plan.dataset.images
    cells = [*plan.cells, *plan.unchosen]
    for repeat, split in enumerate(plan.splits):
        # with several numbers of real images each has a validation part, and leaves others out
        own = {c.arm.name: c.split for c in cells if c.repeat == repeat and c.arm.per_class}
        for part in ("val", "test", "left_out"):
            holders = own if own and part != "test" else {"all": split}
            for holder, held in holders.items():
                for i in getattr(held, part):
                    name = images.classes[int(images.labels[i])]
                    writer.writerow([repeat, holder, part, name, images.ids[i], "real", ""])
    first = {(cell.arm.name, cell.repeat): cell for cell in reversed(cells)}
    for (arm, repeat), cell in reversed(first.items()):
        train = training_set(bench, cell.mixture, plan.dataset, images.classes)
        check_parents(plan.provenance, train.parents, f"arm {arm}, repeat {repeat + 1}")
        rows = zip(train.labels.tolist(), train.ids, train.origins, train.parents, strict=True)
        for label, identifier, origin, parent in rows:
            line = [repeat, arm, "train", images.classes[label], identifier, origin, parent]
            writer.writerow(line)
    write_text(path, text.getvalue())


def _write_results(path: Path, results: RunResults) -> None:
    """One line for each cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    head = ["arm", "classifier", "repeat", *METRICS, "test_images", "train_images", "steps"]
    writer.writerow([*head, "seconds"])
    for cell in results.cells:
        writer.writerow(
            [cell.arm, cell.classifier, cell.repeat]
            + [f"{value:.6f}" for value in cell.test.metrics.values()]
            + [cell.test_images, sum(cell.train_images.values()), cell.steps]
            + [f"{cell.seconds:.2f}"]
        )
    write_text(path, text.getvalue())


def _write_predictions(path: Path, plan: Plan, bench: TaskContext) -> None:
    """One line for each test image of each cell, with the probability of every class."""
    images = plan.dataset.images
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    head = ["arm", "classifier", "repeat", "image", "class", "predicted"]
    writer.writerow([*head, *(f"p({name})" for name in images.classes)])
    for cell in plan.cells:
        logits = bench.tree(cell.key, "predictions")["logits"]
        predicted = logits.argmax(1).tolist()
        probabilities = logits.double().softmax(1).tolist()
        rows = zip(plan.splits[cell.repeat].test, predicted, probabilities, strict=True)
        for i, found, shares in rows:
            label = int(images.labels[i])
            writer.writerow(
                [cell.arm.name, cell.classifier, cell.repeat, images.ids[i]]
                + [images.classes[label], images.classes[found]]
                + [f"{share:.6f}" for share in shares]
            )
    write_text(path, text.getvalue())
