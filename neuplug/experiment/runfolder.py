"""The folder that a run leaves: settings, tables, pictures, report, and every image's origin."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from neuplug.errors import NeuplugError, StorageError
from neuplug.experiment import parts
from neuplug.experiment.analysis.about import provenance
from neuplug.experiment.analysis.collect import collect_curves
from neuplug.experiment.claim import GENERATED, PLAN
from neuplug.experiment.components import versions
from neuplug.experiment.config import to_yaml
from neuplug.experiment.events import FORMAT, infos
from neuplug.experiment.plan import Cell, Plan
from neuplug.experiment.reading import CURVES, RESULTS
from neuplug.experiment.results import RunResults
from neuplug.experiment.steps.context import TaskContext
from neuplug.experiment.tasks import AnyTask
from neuplug.plugins.isolation import told
from neuplug.storage import files
from neuplug.storage.store import MissingResult
from neuplug.training.metrics import METRICS

SETTINGS = "config.yaml"


def begin(folder: Path, plan: Plan) -> None:
    """Write what is known before the first task.

    Raises:
        NeuplugError: If the plan lets a generator see held-out images.
    """
    plan.provenance = provenance(plan)
    files.write_text(folder / SETTINGS, to_yaml(plan.config))
    files.write_json(folder / "env.json", environment(plan))


def add_round(folder: Path, tasks: Sequence[AnyTask]) -> None:
    """Add the tasks of a round to ``plan.json``, which is begun anew if it is damaged."""
    rounds: list[Any] = []
    with suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads((folder / PLAN).read_text("utf-8"))
        rounds = list(found["rounds"]) if found["format"] == FORMAT else []
    rounds.append([info.model_dump(mode="json") for info in infos(tasks)])
    files.write_json(folder / PLAN, {"format": FORMAT, "rounds": rounds})


def environment(plan: Plan) -> dict[str, Any]:
    """Versions and machine, for the record."""
    return {
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "python": sys.version.split()[0],
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "torch_threads": torch.get_num_threads(),
        "versions": versions(plan.selection.components),
    }


def finish(
    folder: Path, plan: Plan, bench: TaskContext, results: RunResults
) -> Iterator[NeuplugError]:
    """Write tables and curves; reports are made from these.

    Yields:
        An error for what else was to be written and could not be.
    """
    write_tables(folder, plan, bench, results)
    extras: dict[str, Callable[[Path, Plan, TaskContext, RunResults], None]] = {
        "figures of evaluators": _copy_figures
    }
    if plan.config.save_generated:
        extras["generated images"] = _save_generated
    for what, write in extras.items():
        try:
            write(folder, plan, bench, results)
        except (OSError, StorageError) as error:
            if isinstance(error, OSError):
                error = files.storage_error(error, Path(error.filename or folder))
            yield StorageError(f"the {what} are not saved: {error}")
        except MissingResult:
            raise  # it is computed again
        except Exception as error:
            yield NeuplugError(f"the {what} are not saved: {told(error)}")
    files.write_text(folder / CURVES, collect_curves(plan, bench).model_dump_json() + "\n")
    files.write_text(folder / RESULTS, results.model_dump_json(indent=1) + "\n")


def _copy_figures(folder: Path, _: Plan, bench: TaskContext, results: RunResults) -> None:
    for evaluation in results.evaluations:
        for figure in evaluation.figures:
            name = figure.split("/", 2)[2]
            files.write_whole(folder / figure, bench.store.read(evaluation.key, f"figures/{name}"))


def _save_generated(folder: Path, plan: Plan, bench: TaskContext, _: RunResults) -> None:
    """The made images of the first repeat below ``generated/``; its manifest says what is what."""
    from PIL import Image

    manifest = []
    cells = plan.first_cells
    classes = plan.dataset.images.classes
    folders = dict(zip(classes, files.file_names(classes, "class"), strict=True))
    for cell, arm in zip(cells, files.file_names((c.arm.name for c in cells), "arm"), strict=True):
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
                    manifest.append([path, name, cell.arm.name, identifier])
    files.write_csv(folder / GENERATED, ["path", "label", "arm", "id"], manifest)


# Tables.


def write_tables(folder: Path, plan: Plan, bench: TaskContext, results: RunResults) -> None:
    """Write ``manifest.csv``, ``results.csv`` and ``predictions.csv``.

    Args:
        folder: Of the run.
        plan: All of whose tasks are done, but for failed evaluators.
        bench: Where the results are.
        results: Of the run.
    """
    head = ["repeat", "arm", "split", "class", "id", "origin", "parent"]
    files.write_csv(folder / "manifest.csv", head, [*_held_out(plan), *_trained_on(plan, bench)])
    head = ["arm", "classifier", "repeat", *METRICS, "test_images", "train_images", "steps"]
    files.write_csv(folder / "results.csv", [*head, "seconds"], map(_result, results.cells))
    classes = plan.dataset.images.classes
    head = ["arm", "classifier", "repeat", "image", "class", "predicted"]
    head += [f"p({name})" for name in classes]
    files.write_csv(folder / "predictions.csv", head, _predictions(plan, bench))


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
