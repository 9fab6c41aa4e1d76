"""The folder that a run leaves: settings, tables, pictures, report, and every image's origin."""

from __future__ import annotations

import csv
import io
import platform
import shutil
import sys
from pathlib import Path
from typing import Any

import torch

from neuplug.errors import InputError
from neuplug.experiment.config import to_yaml
from neuplug.experiment.identity import versions
from neuplug.experiment.jobs.workbench import Workbench
from neuplug.experiment.pictures import first_cells, make_pictures, plain_name
from neuplug.experiment.plan import Plan
from neuplug.experiment.provenance import check_parents, provenance
from neuplug.experiment.results.collect import collect_curves
from neuplug.experiment.results.model import RunResults
from neuplug.experiment.results.reading import RESULTS
from neuplug.experiment.store import write_json, write_text
from neuplug.metrics import METRICS

SETTINGS, LOG = "config.yaml", "log.txt"


def begin(folder: Path, plan: Plan, request: str) -> None:
    """Write what is known before the first job.

    Raises:
        InputError: If the folder holds a run that answers another question.
        NeuplugError: If the plan lets a generator see held-out images.
    """
    provenance(plan)
    settings = folder / SETTINGS
    asked = folder / "request.txt"
    if folder.exists() and any(folder.iterdir()):
        if not asked.is_file():
            raise InputError(f"{folder} is no run folder of neuplug: choose another --name.")
        answered = (folder / RESULTS).is_file()
        if answered and asked.read_text("utf-8").strip() != request:
            raise InputError(
                f"{folder} holds another run (other settings, data or versions): choose another "
                "--name, or remove that folder."
            )
    folder.mkdir(parents=True, exist_ok=True)
    write_text(asked, request + "\n")
    write_text(settings, to_yaml(plan.config))
    write_json(folder / "env.json", environment(plan))


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


def finish(folder: Path, plan: Plan, bench: Workbench, results: RunResults) -> RunResults:
    """Write tables, curves and pictures; the report is made from these.

    Returns:
        The results with their pictures.
    """
    # without its report a folder counts as unfinished, should this be killed half-way
    (folder / "report.html").unlink(missing_ok=True)
    _manifest(folder, plan, bench)
    _results_csv(folder, results)
    pictures, unpictured = make_pictures(folder, plan, bench, results)
    results = results.model_copy(update={"pictures": pictures, "unpictured": unpictured})
    for evaluation in results.evaluations:
        if evaluation.figures:
            source = bench.store.path(evaluation.key) / "figures"
            target = folder / "evaluations" / evaluation.key[:8]
            shutil.copytree(source, target, dirs_exist_ok=True)
    if plan.config.save_generated:
        _save_generated(folder, plan, bench)
    write_text(folder / results.curves, collect_curves(plan, bench).model_dump_json() + "\n")
    write_text(folder / RESULTS, results.model_dump_json(indent=1) + "\n")
    return results


def _manifest(folder: Path, plan: Plan, bench: Workbench) -> None:
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
        train = bench.training_set(cell.pool, plan.dataset, list(images.classes))
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


def _save_generated(folder: Path, plan: Plan, bench: Workbench) -> None:
    """The made images of the first repeat as ``generated/<arm>/<class>/*.png``."""
    from PIL import Image

    for cell in first_cells(plan):
        for name, parts in cell.pool.items():
            for part in parts:
                if "made" not in part:
                    continue
                target = folder / "generated" / plain_name(cell.arm.name) / plain_name(name)
                target.mkdir(parents=True, exist_ok=True)
                tree = bench.tree(part["made"], "images")
                for identifier, image in zip(tree["ids"], tree["images"], strict=True):
                    pixels = image[0] if len(image) == 1 else image.permute(1, 2, 0)
                    file = target / f"{plain_name(identifier)}.png"
                    Image.fromarray(pixels.numpy()).save(file)
