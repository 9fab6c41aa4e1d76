"""The folder that a run leaves: settings, tables, pictures, report, and every image's origin."""

from __future__ import annotations

import csv
import io
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from neuplug.experiment.claim import PLAN
from neuplug.experiment.config import to_yaml
from neuplug.experiment.events import FORMAT, infos, plan_rounds
from neuplug.experiment.identity import versions
from neuplug.experiment.pictures import first_cells, make_pictures
from neuplug.experiment.plan import Plan
from neuplug.experiment.provenance import check_parents, provenance
from neuplug.experiment.results.collect import collect_curves
from neuplug.experiment.results.model import RunResults
from neuplug.experiment.results.reading import RESULTS
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.steps.mixtures import training_set
from neuplug.experiment.tasks import AnyTask
from neuplug.metrics import METRICS
from neuplug.storage.atomic import write_json, write_text, write_whole
from neuplug.storage.names import file_names

SETTINGS = "config.yaml"


def begin(folder: Path, plan: Plan) -> None:
    """Write what is known before the first task.

    Raises:
        NeuplugError: If the plan lets a generator see held-out images.
    """
    provenance(plan)
    write_text(folder / SETTINGS, to_yaml(plan.config))
    write_json(folder / "env.json", environment(plan))


def add_round(folder: Path, tasks: Sequence[AnyTask]) -> None:
    """Add the tasks of a round to ``plan.json``."""
    rounds = plan_rounds(folder / PLAN)
    rounds.append([info.model_dump(mode="json") for info in infos(tasks)])
    write_json(folder / PLAN, {"format": FORMAT, "rounds": rounds})


def environment(plan: Plan) -> dict[str, Any]:
    """Versions and machine, for the record."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "python": sys.version.split()[0],
        "gpu": gpu,
        "torch_threads": torch.get_num_threads(),
        "versions": versions(list(plan.components)),
    }


def finish(folder: Path, plan: Plan, bench: TaskContext, results: RunResults) -> RunResults:
    """Write tables, curves and pictures; the report is made from these.

    Returns:
        The results with their pictures.
    """
    _manifest(folder, plan, bench)
    _results_csv(folder, results)
    if plan.config.report:
        pictures, unpictured = make_pictures(folder, plan, bench, results)
        results = results.model_copy(update={"pictures": pictures, "unpictured": unpictured})
    for evaluation in results.evaluations:
        for figure in evaluation.figures:
            name = figure.split("/", 2)[2]
            content = bench.store.read(evaluation.key, f"figures/{name}")
            write_whole(folder / figure, content)
    if plan.config.save_generated:
        _save_generated(folder, plan, bench)
    write_text(folder / results.curves, collect_curves(plan, bench).model_dump_json() + "\n")
    write_text(folder / RESULTS, results.model_dump_json(indent=1) + "\n")
    return results


def _manifest(folder: Path, plan: Plan, bench: TaskContext) -> None:
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
    proofs = provenance(plan)
    for (arm, repeat), cell in reversed(first.items()):
        train = training_set(bench, cell.mixture, plan.dataset, images.classes)
        check_parents(proofs, train.parents, f"arm {arm}, repeat {repeat + 1}")
        rows = zip(train.labels.tolist(), train.ids, train.origins, train.parents, strict=True)
        for label, identifier, origin, parent in rows:
            line = [repeat, arm, "train", images.classes[label], identifier, origin, parent]
            writer.writerow(line)
    write_text(folder / "manifest.csv", text.getvalue())


def _results_csv(folder: Path, results: RunResults) -> None:
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
    write_text(folder / "results.csv", text.getvalue())


def _save_generated(folder: Path, plan: Plan, bench: TaskContext) -> None:
    """The made images of the first repeat below ``generated/``; its manifest says what is what."""
    from PIL import Image

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "label", "arm", "id"])
    cells = first_cells(plan)
    classes = plan.dataset.images.classes
    folders = dict(zip(classes, file_names(classes, "class"), strict=True))
    for cell, arm in zip(cells, file_names((c.arm.name for c in cells), "arm"), strict=True):
        for name in classes:
            target = folder / "generated" / arm / folders[name]
            for key in cell.mixture.only([name]).tasks:
                target.mkdir(parents=True, exist_ok=True)
                tree = bench.tree(key, "images")
                for i, (identifier, image) in enumerate(
                    zip(tree["ids"], tree["images"], strict=True)
                ):
                    pixels = image[0] if len(image) == 1 else image.permute(1, 2, 0)
                    file = target / f"{key[:8]}-{i:05d}.png"
                    Image.fromarray(pixels.numpy()).save(file)
                    path = file.relative_to(folder / "generated").as_posix()
                    writer.writerow([path, name, cell.arm.name, identifier])
    write_text(folder / "generated" / "manifest.csv", text.getvalue())
